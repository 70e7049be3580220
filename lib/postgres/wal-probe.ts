/** Whether a primary still has the WAL that a standby needs. */
import { type Deadline, messageOf } from '../ocf'
import { readOwnedFile } from '../system/owned-files'
import { connectAs, type Through } from '../system/as-user'
import { type User } from '../system/users'
import { type Timeline } from './control-data'
import { type Lsn, writeLsn } from './lsn'
import { type Client, type ClientConfig, type Driver, loadDriver } from './open-session'
import { keptPassword } from './password-file'
import { QUESTIONER } from './upstream'

/** How long a primary that has the WAL may take to send the first of it. */
const PATIENCE_MS = 5000

/** SQLSTATE undefined_file, with which a server says that it has removed WAL. */
const UNDEFINED_FILE = '58P01'

/** What a server sends: WAL, or that there is none at the moment. */
const WAL_DATA = 0x77

type Settings = Readonly<Record<string, string>>

/**
 * What libpq refuses to connect by, and the driver does not know: with one of these, nothing is asked. A server in the
 * primary's place must not get a password in a way that the connection string forbids (PostgreSQL manual, "Parameter Key
 * Words").
 */
function forbids(settings: Settings): string | undefined {
  const strict = ['require_auth', 'sslcrldir']
  const found = strict.find((name) => (settings[name] ?? '') !== '')
  if (found !== undefined) return found
  if (settings['channel_binding'] === 'require') return 'channel_binding=require'
  return settings['gssencmode'] === 'require' ? 'gssencmode=require' : undefined
}

/** Encryption as libpq's `sslmode` has it, whose default is to try. */
function encryption(owner: User, settings: Settings): { readonly [key: string]: unknown } | false {
  const { sslmode = 'prefer', sslrootcert, sslcert, sslkey, sslcrl, sslpassword } = settings
  const { ssl_min_protocol_version: minVersion, ssl_max_protocol_version: maxVersion } = settings
  if (sslmode === 'disable' || (settings['host'] ?? '').startsWith('/')) return false
  const home = `${owner.home ?? ''}/.postgresql`
  const read = (path: string): Buffer | undefined => {
    try {
      return readOwnedFile(owner, path, { links: true })?.content
    } catch {
      return undefined
    }
  }
  const verifies = sslmode.startsWith('verify-')
  const ca = verifies ? read(sslrootcert ?? `${home}/root.crt`) : undefined
  // Node would take its own list of authorities then.
  if (verifies && ca === undefined) throw new Error(`sslmode=${sslmode}: there is no readable sslrootcert`)
  return {
    rejectUnauthorized: verifies,
    ...(sslmode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    ca,
    cert: read(sslcert ?? `${home}/postgresql.crt`),
    key: read(sslkey ?? `${home}/postgresql.key`),
    crl: verifies ? read(sslcrl ?? `${home}/root.crl`) : undefined,
    ...(sslpassword && { passphrase: sslpassword }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    // The name in the certificate is the host's, wherever it is reached.
    ...(settings['hostaddr'] && settings['host'] && { servername: settings['host'] }),
  }
}

/** No version: settings of a database or role do not count for it, only those of the server. */
const NEEDS = { purpose: 'read', superuser: false, version: undefined } as const

function clientOf(
  driver: Driver,
  owner: User,
  settings: Settings,
  encrypted: boolean,
  deadline: Deadline,
  through: Through,
): Client {
  const { host = '', hostaddr = '', port = '5432', user = owner.name, password, passfile } = settings
  const key = { host, port: Number(port), user, database: 'replication' }
  const config: ClientConfig & { readonly replication: string } = {
    ...key,
    host: hostaddr === '' ? host : hostaddr,
    password: password ?? (() => keptPassword(owner, key, passfile) ?? ''),
    ssl: encrypted && encryption(owner, settings),
    application_name: QUESTIONER,
    connectionTimeoutMillis: Math.max(1, Math.ceil(deadline.remainingMs)),
    replication: 'true',
    ...through,
  }
  return driver.newSession(config, NEEDS)
}

async function connectTo(owner: User, settings: Settings, deadline: Deadline): Promise<Client> {
  const optional = ['prefer', 'allow', 'disable'].includes(settings['sslmode'] ?? 'prefer')
  const attempts = encryption(owner, settings) === false ? [false] : optional ? [true, false] : [true]
  const driver = await loadDriver()
  let failure: unknown
  for (const encrypted of attempts) {
    const { client, connected } = connectAs(
      owner,
      settings['hostaddr'] || (settings['host'] ?? ''),
      (through) => {
        const made = clientOf(driver, owner, settings, encrypted, deadline, through)
        made.on('error', () => undefined)
        return { client: made, connected: made.connect() }
      },
    )
    try {
      await connected
      return client
    } catch (error) {
      failure = error
      void client.end().catch(() => undefined)
    }
  }
  throw failure
}

/**
 * Asks for the WAL from `start` on, as a standby does (PostgreSQL manual, "START_REPLICATION"), and hangs up when the
 * first of it comes. Not by psql, as other questions are asked: it ends before the server has looked for the file.
 *
 * @param settings - of a connection string
 * @throws Error where the server cannot be asked so, or answers anything else
 */
export async function isWalRemoved(
  owner: User,
  settings: Settings,
  start: Lsn,
  timeline: Timeline,
  deadline: Deadline,
): Promise<boolean> {
  const patience = deadline.within(PATIENCE_MS)
  const strict = forbids(settings)
  if (strict !== undefined) throw new Error(`it is not asked with ${strict} in primary_conninfo_opt`)
  const client = await connectTo(owner, settings, patience)
  const { connection } = client as unknown as {
    connection: NodeJS.EventEmitter & { stream?: { destroy(): void } }
  }
  try {
    return await new Promise<boolean>((resolve, reject) => {
      // No error for so long: it waits for WAL that is yet to be written.
      const timer = setTimeout(() => {
        resolve(false)
      }, patience.remainingMs)
      connection.on('copyData', ({ chunk }: { chunk: Buffer }) => {
        if (chunk[0] !== WAL_DATA) return
        clearTimeout(timer)
        resolve(false)
      })
      client
        .query(`START_REPLICATION PHYSICAL ${writeLsn(start)} TIMELINE ${timeline}`)
        .then(
          () => {
            resolve(false)
          },
          (error: unknown) => {
            if ((error as { code?: unknown }).code === UNDEFINED_FILE) resolve(true)
            else reject(error instanceof Error ? error : new Error(messageOf(error)))
          },
        )
        .finally(() => {
          clearTimeout(timer)
        })
    })
  } finally {
    void client.end().catch(() => undefined)
    connection.stream?.destroy()
  }
}
