/** SQL on one server. */
import { type Deadline, messageOf } from '../ocf'
import { traced } from '../ocf/trace'
import { connectAs } from '../system/as-user'
import { type User } from '../system/users'
import { dataVersion } from './data-version'
import { type Instance } from './instance'
import { type Client, loadDriver } from './open-session'
import { keptPassword, type PasswordKey } from './password-file'
import { type PidFile } from './pid-file'
import { type Purpose, type SessionNeeds } from './session-settings'

export interface Login {
  readonly user: string
  /** Default: none, as for peer authentication; where the server asks for one, what the owner's ~/.pgpass holds. */
  readonly password?: string
  readonly database: string
  /** What the session is for. Default: `read`. */
  readonly purpose?: Purpose
}

/** SQLSTATE `insufficient_privilege`: the user is no superuser, and may not set what is asked for. */
const NOT_ALLOWED = '42501'

/** The server did not answer a question, or answered with an error. */
export class SqlError extends Error {
  override readonly name = 'SqlError'

  constructor(
    message: string,
    /** SQLSTATE where the server gave one, or the system's error code (`ECONNREFUSED`). */
    readonly code: string | undefined,
    options?: ErrorOptions,
    /** The time was up long before it was seen to be: this process did not run, and cannot say what others did. */
    readonly late = false,
  ) {
    super(message, options)
  }

  /** The server is there and does not take connections yet, or not any more (SQLSTATE 57P03). */
  get notAccepting(): boolean {
    return this.code === '57P03'
  }

  /** The server took the question and answered with an error of its own, not with one of the connection's. */
  get answered(): boolean {
    return /^(?!08|57)[0-9A-Z]{5}$/.test(this.code ?? '')
  }

  /** Nothing came back in the time given. */
  get timedOut(): boolean {
    return this.code === TIMED_OUT
  }

  /**
   * Perhaps a disk is full, or fails (SQLSTATE disk_full, io_error). Also internal_error: so the server refuses a session
   * for which it cannot write a file ("could not write init file").
   */
  get perhapsDisk(): boolean {
    return this.code === '53100' || this.code === '58030' || this.code === 'XX000'
  }

  /** Every connection that this user may have is taken (SQLSTATE 53300): so says a server that lives. */
  get crowded(): boolean {
    return this.code === '53300'
  }

  /** The kernel's answer: more connections wait than the socket holds, for a moment, or because nobody accepts them. */
  get queueFull(): boolean {
    return this.code === 'EAGAIN'
  }

  /** The session ended from the other side: the server is restarting after one of its processes crashed, or is gone. */
  get cutOff(): boolean {
    return (
      this.code === '57P02' || this.code === CUT_OFF || this.code === 'ECONNRESET' || this.code === 'EPIPE'
    )
  }

  /**
   * The database does not exist, or lets nobody in, superusers neither: its owner can do both (SQLSTATE
   * invalid_catalog_name, object_not_in_prerequisite_state); or it lets this user in no more, which its owner can do, too
   * (insufficient_privilege: CONNECT was revoked). Of an error while connecting.
   */
  get closedDatabase(): boolean {
    return this.code === '3D000' || this.code === '55000' || this.code === NOT_ALLOWED
  }

  /** The server refused this user. */
  get authentication(): boolean {
    return this.code === '28000' || this.code === INVALID_PASSWORD
  }
}

/** What the driver says without a code of its own. */
const TIMED_OUT = 'ETIMEDOUT'
const CUT_OFF = 'ECONNABORTED'
const UNCODED: readonly (readonly [RegExp, string])[] = [
  [/^(?:timeout expired|Query read timeout)$/, TIMED_OUT],
  [/^Connection terminated/, CUT_OFF],
]

function sqlError(error: unknown): SqlError {
  if (error instanceof SqlError) return error
  const { detail: said, code: given } = error as { detail?: unknown; code?: unknown }
  const detail = typeof said === 'string' ? ` (${said})` : ''
  const code = given ?? UNCODED.find(([message]) => message.test(messageOf(error)))?.[1]
  // A refused connection to `localhost` is an AggregateError without a message of its own.
  const message = messageOf(error) || (typeof code === 'string' ? code : 'unknown error')
  return new SqlError(`${message}${detail}`, typeof code === 'string' ? code : undefined, { cause: error })
}

/** A timer that goes off this much late has gone off in a process that got no processor, as all others perhaps. */
const LATE_MS = 1000

/** Asks something that has to be answered in `limitMs` milliseconds. */
async function asked<T>(limitMs: number, ask: (limitMs: number) => Promise<T>): Promise<T> {
  const begun = process.hrtime.bigint()
  try {
    return await ask(limitMs)
  } catch (error) {
    const known = sqlError(error)
    const elapsedMs = Number(process.hrtime.bigint() - begun) / 1e6
    if (!known.timedOut || elapsedMs < limitMs + LATE_MS) throw known
    throw new SqlError(known.message, known.code, { cause: known }, true)
  }
}

/** An open connection. */
export interface Connection {
  /** Runs one statement and gives its rows; parameters are bound as `$1`, `$2`, … */
  rows<R>(sql: string, parameters?: readonly unknown[]): Promise<readonly R[]>
  close(): void
}

/** SQLSTATE `invalid_password`. */
const INVALID_PASSWORD = '28P01'

/** Where Debian's packages put the unix socket, when nobody says otherwise. */
const DEFAULT_SOCKET_DIRECTORY = '/var/run/postgresql'

/** The host of a listen address: the first of several, and this host for all of its addresses. */
function hostToConnectTo(listenAddresses: string): string {
  const [first = ''] = listenAddresses.split(',')
  return first.trim() === '*' ? 'localhost' : first.trim()
}

/** The password that the server has asked for. */
function passwordFor(owner: User, key: PasswordKey): Promise<string> {
  const password = keptPassword(owner, key)
  if (password !== undefined) return Promise.resolve(password)
  const message = `it asks for a password, and ~${owner.name}/.pgpass has none`
  return Promise.reject(new SqlError(message, INVALID_PASSWORD))
}

/** Perhaps only without encryption: that it is so, the server says in its own language, and so that is not read. */
function isUnencryptedRefused({ host }: PasswordKey, error: unknown): boolean {
  return !host.startsWith('/') && (error as { code?: unknown }).code === '28000'
}

/** A server's own answer, and not the driver's that there is no encryption to be had. */
const isAnswer = (error: unknown): boolean =>
  error instanceof SqlError && /^[0-9A-Z]{5}$/.test(error.code ?? '')

/** Loads what a connection needs: for whoever waits for something else before it makes one. */
export async function prepareConnection(): Promise<void> {
  await loadDriver()
}

/** What a session is opened with; how it is encrypted and what it asks for may change when the server refuses. */
interface Opening {
  readonly instance: Instance
  readonly key: PasswordKey
  readonly password: string | undefined
  readonly limitMs: number
  readonly needs: Omit<SessionNeeds, 'version'>
  readonly encrypted: boolean
}

async function open(opening: Opening): Promise<Client> {
  const { instance, key, password, limitMs, needs, encrypted } = opening
  const { owner } = instance
  const config = {
    ...key,
    // A function is called only when the server asks.
    password: password ?? (() => passwordFor(owner, key)),
    // It is this host that is talked to: there is nobody to be told from another by a certificate.
    ssl: encrypted && { rejectUnauthorized: false },
    application_name: 'ocf-ts',
    connectionTimeoutMillis: Math.ceil(limitMs),
  }
  const driver = await loadDriver()
  // One change of identity for both: of this process, or none.
  const { client, connected } = connectAs(owner, key.host, (through) => {
    const made = driver.newSession({ ...config, ...through }, { ...needs, version: dataVersion(instance) })
    // A connection that breaks while nothing is asked must not end the agent; the next question fails by itself.
    made.on('error', () => undefined)
    return { client: made, connected: made.connect() }
  })
  try {
    await connected
    return client
  } catch (error) {
    destroy(client)
    const refused = sqlError(error)
    if (!encrypted && isUnencryptedRefused(key, error)) {
      return open({ ...opening, encrypted: true }).catch((second: unknown) => {
        throw isAnswer(second) ? second : refused
      })
    }
    if (needs.superuser && refused.code === NOT_ALLOWED) {
      return open({ ...opening, needs: { ...needs, superuser: false } })
    }
    throw refused
  }
}

/** How much longer than its client the server works on a statement: it is the client that says what took too long. */
const MARGIN_MS = 1000

/**
 * Connects. Over the unix socket the connection is made as the server's owner, so that peer authentication lets the
 * agent in without a password (PostgreSQL manual, "Peer Authentication"). Over TCP it is encrypted where the server
 * insists on it.
 *
 * @param pidFile - of the running server: it says on which port and in which directory the server really listens
 * @param answerMs - how long the server may take to let us in, and then for each answer. Default: until the deadline
 * @throws SqlError when it does not work before the deadline
 */
export async function connect(
  instance: Instance,
  pidFile: PidFile | undefined,
  login: Login,
  deadline: Deadline,
  answerMs = Infinity,
): Promise<Connection> {
  // Not 0, which means no limit.
  const limitMs = (): number => Math.max(1, Math.min(deadline.remainingMs, answerMs))
  const key: PasswordKey = {
    host:
      hostToConnectTo(instance.host) ||
      instance.socketDirectory ||
      pidFile?.socketDirectory ||
      DEFAULT_SOCKET_DIRECTORY,
    port: pidFile?.port ?? instance.port,
    user: login.user,
    database: login.database,
  }
  const client = await traced(
    'connection',
    () => `to ${key.host} port ${key.port} as ${key.user}, database ${key.database}`,
    () =>
      asked(limitMs(), (ms) =>
        open({
          instance,
          key,
          password: login.password,
          limitMs: ms,
          needs: {
            purpose: login.purpose ?? 'read',
            superuser: login.user === instance.owner.name,
            statementMs: ms + MARGIN_MS,
          },
          encrypted: false,
        }),
      ),
    () => 'open',
  )
  return {
    rows: async <R>(sql: string, parameters: readonly unknown[] = []) => {
      const values = parameters.length > 0 && { values: [...parameters] }
      const ask = () =>
        asked(limitMs(), (ms) => {
          const query = { text: sql, query_timeout: ms, ...values }
          return client.query(query)
        })
      const { rows } = await traced(
        'query',
        () => sql,
        ask,
        ({ rowCount }) => `${rowCount ?? 0} rows`,
      )
      return rows as readonly R[]
    },
    close: () => {
      destroy(client)
    },
  }
}

/** Says goodbye without waiting for it: an agent has nothing to lose by not hearing the answer. */
function destroy(client: Client): void {
  client.end().catch(() => undefined)
  ;(client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream?.destroy()
}
