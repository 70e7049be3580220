/** Where the drill writes, and as whom: what `--conninfo` says, then the environment as libpq reads it. */
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { holdsSecret, isKeyword, readConninfo } from '../../lib/postgres/conninfo'
import { type ClientConfig } from '../../lib/postgres/open-session'
import { findPassword } from '../../lib/postgres/password-file'
import { clientVariables } from '../environment'
import { CommandError, Exit } from '../exit'

export interface Target {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly sslmode: SslMode
  readonly sslrootcert: string | undefined
  /** `~/.pgpass`, or another. */
  readonly passfile: string
}

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type SslMode = (typeof SSL_MODES)[number]

const KNOWN = ['host', 'hostaddr', 'port', 'user', 'dbname', 'sslmode', 'sslrootcert', 'passfile']

type Environment = Readonly<Record<string, string | undefined>>

const wrong = (message: string, advice: string): CommandError => new CommandError(Exit.USAGE, message, advice)

function readSettings(conninfo: string): Readonly<Record<string, string>> {
  const { settings, problem } = readConninfo(conninfo)
  const form = `write it as "host=ADDRESS port=5432 user=NAME dbname=NAME"`
  if (settings === undefined) throw wrong(`--conninfo: ${problem}`, form)
  if (holdsSecret(conninfo)) {
    throw wrong(
      '--conninfo: a password on the command line can be seen by everybody on this machine',
      'put it into ~/.pgpass, or into PGPASSWORD',
    )
  }
  const unknown = Object.keys(settings).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) {
    // It may be a part of a password that was not quoted.
    const word = isKeyword(unknown) ? `'${unknown}'` : 'one of the keywords'
    throw wrong(`--conninfo: the drill does not know ${word}`, `it knows ${KNOWN.join(', ')}`)
  }
  return settings
}

/**
 * @param conninfo - keywords and values, or nothing
 * @param address - the writers' address in the cluster, where one is known
 * @param port - that of the server as the cluster has it configured
 * @throws CommandError USAGE
 */
export function makeTarget(
  conninfo: string | undefined,
  env: Environment,
  address: string | undefined,
  port: string | undefined,
): Target {
  const settings = conninfo === undefined ? {} : readSettings(conninfo)
  const host = settings['hostaddr'] ?? settings['host'] ?? address
  if (host === undefined || host === '') {
    throw wrong(
      'no virtual address is colocated with the primary: it is not known where applications write',
      'say it with --conninfo "host=ADDRESS"',
    )
  }
  if (host.includes(','))
    throw wrong(`--conninfo: '${host}' is several hosts`, 'name the one that writers use')
  const portText = settings['port'] ?? env['PGPORT'] ?? port ?? '5432'
  if (!/^\d{1,5}$/.test(portText)) throw wrong(`--conninfo: '${portText}' is no port`, 'say port=5432')
  const sslmode = settings['sslmode'] ?? env['PGSSLMODE'] ?? 'prefer'
  if (!(SSL_MODES as readonly string[]).includes(sslmode)) {
    throw wrong(`--conninfo: there is no sslmode '${sslmode}'`, `it is one of ${SSL_MODES.join(', ')}`)
  }
  return {
    host,
    port: Number(portText),
    user: settings['user'] ?? env['PGUSER'] ?? 'postgres',
    database: settings['dbname'] ?? env['PGDATABASE'] ?? 'postgres',
    sslmode: sslmode as SslMode,
    sslrootcert: settings['sslrootcert'] ?? env['PGSSLROOTCERT'],
    passfile: settings['passfile'] ?? env['PGPASSFILE'] ?? `${env['HOME'] ?? homedir()}/.pgpass`,
  }
}

/** `postgres@192.168.100.163:5432/postgres`. */
export function describeTarget({ host, port, user, database }: Target): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}

/** The password that is kept for it; libpq takes none from a file that others may read either. */
function passwordOf(target: Target): string {
  const given = clientVariables()['PGPASSWORD']
  if (given !== undefined) return given
  let text = ''
  try {
    const { mode } = statSync(target.passfile)
    if ((mode & 0o077) === 0) text = readFileSync(target.passfile, 'utf8')
  } catch {
    // There is none.
  }
  const found = findPassword(text, target)
  if (found !== undefined) return found
  throw new CommandError(
    Exit.REFUSED,
    `${describeTarget(target)} asks for a password, and ${target.passfile} has none`,
    `add the line ${target.host}:${target.port}:${target.database}:${target.user}:PASSWORD to that file (mode 0600)`,
  )
}

/** The driver's settings. */
export function clientConfig(target: Target, encrypted: boolean): ClientConfig {
  const { host, port, user, database, sslmode, sslrootcert } = target
  const verifies = sslmode.startsWith('verify')
  return {
    host,
    port,
    user,
    database,
    // A function is called only when the server asks.
    password: () => passwordOf(target),
    ssl: encrypted && {
      rejectUnauthorized: verifies,
      ...(sslrootcert === undefined ? {} : { ca: readFileSync(sslrootcert, 'utf8') }),
      ...(sslmode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    },
    application_name: 'ocf-ts drill',
  }
}

/** Whether the first try is encrypted; with `prefer` only a server that insists on it is met that way. */
export const beginsEncrypted = ({ sslmode }: Target): boolean => /^(?:require|verify)/.test(sslmode)

/** Whether the server refused because the connection is not encrypted, and it may be. */
export function wantsEncryption({ sslmode }: Target, error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: string }
  return (
    (sslmode === 'prefer' || sslmode === 'allow') &&
    code === '28000' &&
    /(?:no encryption|SSL off)/.test(message ?? '')
  )
}
