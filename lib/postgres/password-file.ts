/** ~/.pgpass, where PostgreSQL's programs keep their passwords (PostgreSQL manual, "The Password File"). */
import { readOwnedFile } from '../system/owned-files'
import { type User } from '../system/users'

/** What a password is for. */
export interface PasswordKey {
  /** An address or name, or the directory of a unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

const FIELD = String.raw`((?:\\.|[^\\:])*)`
const LINE = new RegExp(`^${[FIELD, FIELD, FIELD, FIELD].join(':')}:(.*)$`)

const unescape = (text: string): string => text.replace(/\\(.)/g, '$1')

/** The password in the first line that fits; nothing when none does. */
export function findPassword(text: string, { host, port, database, user }: PasswordKey): string | undefined {
  // A unix socket is also called localhost, wherever it is.
  const keys = [host.startsWith('/') ? [host, 'localhost'] : [host], [String(port)], [database], [user]]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const [, ...fields] = LINE.exec(line) ?? []
    const password = fields[keys.length]
    const fits = keys.every((names, index) => {
      const field = fields[index] ?? ''
      return field === '*' || names.includes(unescape(field))
    })
    if (password !== undefined && fits) return unescape(password)
  }
  return undefined
}

/**
 * The password that `owner` keeps for something, read as `owner`. Nothing when there is none, and nothing from a file
 * that others than its owner may read either: PostgreSQL's programs do not use that one.
 *
 * @param path - of the file, where a connection names another (`passfile`)
 */
export function keptPassword(
  owner: User,
  key: PasswordKey,
  path = owner.home === undefined ? undefined : `${owner.home}/.pgpass`,
): string | undefined {
  if (path === undefined) return undefined
  try {
    const found = readOwnedFile(owner, path, { links: true })
    if (found === undefined || (found.stat.mode & 0o077) !== 0) return undefined
    return findPassword(found.content.toString('utf8'), key)
  } catch {
    return undefined
  }
}
