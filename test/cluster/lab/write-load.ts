/**
 * Writes rows through an address, one after another, and keeps book of every row that the database
 * acknowledged. A program of its own, on the client's place in the lab's network; see load.ts.
 *
 * usage: write-load ACKS_FILE ERRORS_FILE {"host":…,"run":…,"intervalMs":…}; ends when its stdin closes
 */
import { appendFileSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { Client } from 'pg'

const [acksFile = '', errorsFile = '', parameters = '{}'] = process.argv.slice(2)
const { host, run, intervalMs } = JSON.parse(parameters) as { host: string; run: string; intervalMs: number }

const connectMs = 250
const queryMs = 1000
const retryMs = 20

let stopping = false
process.stdin.once('end', () => (stopping = true)).once('close', () => (stopping = true))
process.stdin.resume()

class Connection {
  private constructor(
    private readonly client: Client,
    private readonly socket: Socket,
  ) {}

  static async open(user: string): Promise<Connection> {
    const socket = new Socket()
    const client = new Client({
      host,
      user,
      database: 'postgres',
      connectionTimeoutMillis: connectMs,
      stream: () => socket,
    })
    const connection = new Connection(client, socket)
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

  async query(text: string, values: readonly unknown[] = []): Promise<void> {
    await this.within(this.client.query(text, [...values]))
  }

  /** Without a word to the server, which may be dead or deaf. */
  drop(): void {
    this.socket.destroy()
  }

  /** A server that lost power answers nothing, not even that the connection is gone. */
  private async within(work: Promise<unknown>): Promise<void> {
    work.catch(() => undefined) // it may fail after we stopped waiting
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${queryMs} ms`))
      }, queryMs)
    })
    await Promise.race([work, deadline]).finally(() => {
      clearTimeout(timer)
    })
  }
}

/** The writer is no superuser: whatever it piles up, some connections stay for the cluster's own use. */
const setUp = [
  `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lab_load')
   THEN CREATE ROLE lab_load LOGIN; END IF; END $$`,
  `CREATE TABLE IF NOT EXISTS lab_load
   (run text, id bigint, at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (run, id))`,
  'GRANT ALL ON lab_load TO lab_load',
]

async function main(): Promise<void> {
  const acks = openSync(acksFile, 'a')
  await retrying(async () => {
    const admin = await Connection.open('postgres')
    try {
      for (const statement of setUp) await admin.query(statement)
    } finally {
      admin.drop()
    }
  })
  let connection: Connection | undefined
  let id = 0
  while (!stopping) {
    await retrying(async () => {
      // An id is tried once: after an error nobody knows whether its row is there.
      id += 1
      try {
        connection ??= await Connection.open('lab_load')
        await connection.query('INSERT INTO lab_load (run, id) VALUES ($1, $2)', [run, id])
      } catch (error) {
        connection?.drop()
        connection = undefined
        throw error
      }
      writeSync(acks, `${id} ${(Number(process.hrtime.bigint()) / 1e6).toFixed(3)}\n`)
    })
    await pause(intervalMs)
  }
  connection?.drop()
}

async function retrying(work: () => Promise<void>): Promise<void> {
  while (!stopping) {
    try {
      await work()
      return
    } catch (error) {
      appendFileSync(errorsFile, `${error instanceof Error ? error.message : String(error)}\n`)
      await pause(retryMs)
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

void main().then(() => process.exit(0))
