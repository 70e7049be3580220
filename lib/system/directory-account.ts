/** Whose a directory is, for when the host's name service does not say who an account is. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { join, resolve } from 'node:path'
import { type User } from './users'

/** Links on the way to a directory that are followed; as many as the kernel follows. */
const MOST_LINKS = 40

/**
 * The account that a directory belongs to, by number: for when nobody says who the account of a name is. It is named only
 * where every directory and link on the way is its own or root's, so that no third account can have chosen it.
 *
 * @returns nothing where that is not so, where it is root's, and where it is not known
 */
export function accountOfDirectory(path: string, name: string): User | undefined {
  let [rest, links] = [path.split('/').filter(Boolean), 0]
  let here = '/'
  const others = new Set<number>()
  let last: Stats | undefined
  try {
    while (rest.length > 0) {
      const [entry = '', ...below] = rest
      const next = join(here, entry)
      last = lstatSync(next)
      if (last.uid !== 0) others.add(last.uid)
      if (last.isSymbolicLink()) {
        if ((links += 1) > MOST_LINKS) return undefined
        const target = readlinkSync(next)
        ;[here, rest] = ['/', [...resolve(here, target).split('/').filter(Boolean), ...below]]
      } else [here, rest] = [next, below]
    }
  } catch {
    return undefined
  }
  if (last === undefined || !last.isDirectory() || last.uid === 0 || others.size !== 1) return undefined
  return { name, uid: last.uid, gid: last.gid, nameless: true }
}
