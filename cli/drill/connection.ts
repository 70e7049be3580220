/** One connection of the drill, which waits for no server longer than it is told. */
import { Socket } from 'node:net'
import { Client } from 'pg'
import { guardClient } from '../../lib/postgres/guard-client'
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
    encrypted = beginsEncrypted(target),
  ): Promise<Connection> {
    const socket = new Socket()
    const client = guardClient(new Client({ ...clientConfig(target, encrypted), stream: () => socket }))
    const connection = new Connection(client, socket)
    try {
      await within(limitMs, 'no connection', client.connect())
      return connection
    } catch (error) {
      connection.drop()
      if (!encrypted && wantsEncryption(target, error)) return Connection.open(target, limitMs, true)
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
