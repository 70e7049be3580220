import { statSync } from 'node:fs'
import { asUser, type User } from '../../../lib/system/users'
import { type PrivateFile } from '../facts'

/** Whose a file is, and who may read it; nothing when there is none. */
export function examineFile(user: User, path: string): PrivateFile | null {
  return asUser(user, () => {
    const found = statSync(path, { throwIfNoEntry: false })
    return found === undefined ? null : { path, mode: found.mode & 0o777, owner: found.uid }
  })
}
