/** One connection of the drill, which waits for no server longer than it is told. */
import { Socket } from 'node:net'
import { type Client, loadDriver } from '../../lib/postgres/open-session'
import { type SessionNeeds } from '../../lib/postgres/session-settings'
import { beginsEncrypted, clientConfig, type Target, wantsEncryption } from './target'

/** Nothing came back in the time given; the server may still do what it was asked. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  work.catch(() => undefined) // it may fail after we stopped waiting
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswer(`${what} within ${ms / 1000} s`))
    }, ms)
  })
  return Promise.race([work, deadline]).finally(() => {
    clearTimeout(timer)
  })
}

/** The oldest version that has all that the drill asks. */
const NEEDS: SessionNeeds = { purpose: 'write', superuser: false, version: 9.5 }

/** A connection pool (PgBouncer) takes no settings from its clients; SQLSTATE protocol_violation. */
function refusesSettings(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: string }
  return code === '08P01' && (message ?? '').startsWith('unsupported startup parameter')
}

interface Manner {
  readonly encrypted: boolean
  /** Nothing where a connection pool takes none. */
  readonly needs: SessionNeeds | undefined
}

export class Connection {
  /** Why it broke while nothing was asked. */
  private broken: Error | undefined

  private constructor(
    private readonly client: Client,
    private readonly socket: Socket,
  ) {
    // A query that is under way tells of a broken connection itself; this keeps it from being fatal.
    client.on('error', (error) => (this.broken = error))
  }

  /**
   * @param limitMs - milliseconds until the server must have let us in
   * @throws NoAnswer, or what the server or the system says
   */
  static async open(
    target: Target,
    limitMs: number,
    { encrypted, needs }: Manner = { encrypted: beginsEncrypted(target), needs: NEEDS },
  ): Promise<Connection> {
    const driver = await loadDriver()
    const socket = new Socket()
    const client = driver.newSession({ ...clientConfig(target, encrypted), stream: () => socket }, needs)
    const connection = new Connection(client, socket)
    try {
      await within(limitMs, 'no connection', client.connect())
      return connection
    } catch (error) {
      connection.drop()
      if (!encrypted && wantsEncryption(target, error)) {
        return Connection.open(target, limitMs, { encrypted: true, needs })
      }
      if (needs !== undefined && refusesSettings(error)) {
        return Connection.open(target, limitMs, { encrypted, needs: undefined })
      }
      throw error
    }
  }

  /** Runs one statement; parameters are bound as `$1`, `$2`, … */
  async rows<R>(limitMs: number, sql: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    if (this.broken) throw this.broken
    // Without values it is the simple protocol, in which several statements may be sent at once.
    const query = values.length > 0 ? { text: sql, values: [...values] } : { text: sql }
    const { rows } = await within(limitMs, 'no answer', this.client.query(query))
    return rows as readonly R[]
  }

  /** Without a word to the server, which may be dead or deaf. */
  drop(): void {
    this.socket.destroy()
  }
}
