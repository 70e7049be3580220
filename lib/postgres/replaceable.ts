/** Whether another directory can be put in a data directory's place. */
import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { asUser } from '../system/as-user'
import { mountsBelow } from '../system/file-system'
import { unlessMissing } from '../system/files'
import { type User } from '../system/users'

/**
 * What keeps a base backup from being put in its place, with the fix; nothing when nothing does.
 *
 * @throws Error of the system
 */
export function replacementObstacle(owner: User, dataDirectory: string): string | undefined {
  const named = `pgdata: ${dataDirectory}`
  if (lstatSync(dataDirectory).isSymbolicLink()) {
    return `${named} is a symbolic link, which cannot be replaced: set pgdata to where it leads`
  }
  const path = realpathSync(dataDirectory)
  const [mount] = mountsBelow(path, readFileSync('/proc/self/mountinfo', 'utf8'))
  if (mount === path || statSync(path).dev !== statSync(dirname(path)).dev) {
    return `${named} is a mount point, which cannot be replaced: move the data into a directory in it`
  }
  if (mount !== undefined)
    return `${mount} is a mount point in pgdata: set rejoin=rewind, or take a base backup by hand`
  return asUser(owner, (files) => {
    for (const name of ['pg_wal', 'pg_xlog']) {
      if (unlessMissing(() => files.lstat(`${path}/${name}`))?.isSymbolicLink()) {
        return `${name} is a symbolic link: set rejoin=rewind, or take a base backup by hand (--waldir)`
      }
    }
    const tablespaces = files.readdir(`${path}/pg_tblspc`)
    return tablespaces.length > 0
      ? `there are tablespaces outside of pgdata (${tablespaces.length}): set rejoin=rewind, or take a base backup by hand`
      : undefined
  })
}
