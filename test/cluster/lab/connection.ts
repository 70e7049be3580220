/** A client's connection whose every answer has a deadline, and that can be dropped without a word. */
import { Socket } from 'node:net'
import { Client } from 'pg'

export interface ConnectionOptions {
  /** An address, or the directory of a unix socket. */
  readonly host: string
  readonly user: string
  /** How long a connection may take. */
  readonly connectMs: number
  /** How long an answer may take. */
  readonly queryMs: number
}

export class Connection {
  private constructor(
    private readonly client: Client,
    private readonly socket: Socket,
    private readonly queryMs: number,
  ) {}

  static async open({ host, user, connectMs, queryMs }: ConnectionOptions): Promise<Connection> {
    const socket = new Socket()
    const client = new Client({
      host,
      user,
      database: 'postgres',
      connectionTimeoutMillis: connectMs,
      stream: () => socket,
    })
    const connection = new Connection(client, socket, queryMs)
    // The query that was under way tells of a broken connection; this only keeps it from being fatal.
    client.on('error', () => undefined)
    try {
      await connection.within(client.connect())
      return connection
    } catch (error) {
      connection.drop()
      throw error
    }
  }

  /** Runs a statement; returns its rows, each as the list of its values. */
  async query(text: string, values: readonly unknown[] = []): Promise<readonly (readonly unknown[])[]> {
    const { rows } = await this.within(
      this.client.query<unknown[]>({ text, values: [...values], rowMode: 'array' }),
    )
    return rows
  }

  /** Without a word to the server, which may be dead or deaf. */
  drop(): void {
    this.socket.destroy()
  }

  /** A server that lost power answers nothing, not even that the connection is gone. */
  private async within<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined) // it may fail after we stopped waiting
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${this.queryMs} ms`))
      }, this.queryMs)
    })
    return Promise.race([work, deadline]).finally(() => {
      clearTimeout(timer)
    })
  }
}
