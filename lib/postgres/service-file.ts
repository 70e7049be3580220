/** Services: connection settings in a file, under a name (PostgreSQL manual, "The Connection Service File"). */
import { readOwned } from '../system/owned-files'
import { type User } from '../system/users'
import { type ConninfoSettings } from './conninfo'

/** Where builds of PostgreSQL have the file for all accounts: Debian's, those of the RPM packages, and others. */
const SYSTEM_DIRECTORIES = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/etc']

/** The settings of a service; nothing where the text has none of that name. */
export function findService(text: string, name: string): ConninfoSettings | undefined {
  let settings: Record<string, string> | undefined
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const [, section] = /^\[(.*)\]$/.exec(line) ?? []
    if (section !== undefined) {
      if (settings !== undefined) return settings
      if (section === name) settings = {}
      continue
    }
    const [, key, value = ''] = /^([^=]+?)=(.*)$/.exec(line) ?? []
    // Of a keyword that is named twice the first value holds there.
    if (settings !== undefined && key !== undefined) settings[key] ??= value
  }
  return settings
}

/**
 * Settings of a connection with those of the service that they name, as libpq finds it: what is set beside it counts for
 * more.
 *
 * @param owner - the server's account, which reads the file
 * @returns nothing where no file has that service
 */
export function withService(owner: User, given: ConninfoSettings): ConninfoSettings | undefined {
  const { service, servicefile, ...own } = given
  if (service === undefined || service === '') return own
  const files = [
    ...(servicefile === undefined ? [] : [servicefile]),
    ...(owner.home === undefined || servicefile !== undefined ? [] : [`${owner.home}/.pg_service.conf`]),
    ...SYSTEM_DIRECTORIES.map((directory) => `${directory}/pg_service.conf`),
  ]
  for (const file of files) {
    let text: string | undefined
    try {
      text = readOwned(owner, file, { links: true })
    } catch {
      // One that the account may not read is none to libpq.
    }
    const found = text === undefined ? undefined : findService(text, service)
    if (found !== undefined) return { ...found, ...own }
  }
  return undefined
}
