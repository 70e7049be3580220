import { asUser } from '../../../lib/system/as-user'
import { unlessMissing } from '../../../lib/system/files'
import { type User } from '../../../lib/system/users'
import { type PrivateFile } from '../facts'

/** Whose a file is, and who may read it; nothing when there is none. */
export function examineFile(user: User, path: string): PrivateFile | null {
  return asUser(user, (files) => {
    const found = unlessMissing(() => files.stat(path))
    return found === undefined ? null : { path, mode: found.mode & 0o777, owner: found.uid }
  })
}
