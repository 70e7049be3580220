/**
 * Writes rows through an address, one after another, and keeps book of every row that the database
 * acknowledged. A program of its own, on the client's place in the lab's network; see load.ts.
 *
 * usage: write-load ACKS_FILE ERRORS_FILE {"host":…,"run":…,"intervalMs":…}; ends when its stdin closes
 */
import { appendFileSync, openSync, writeSync } from 'node:fs'
import { Connection } from './connection'

const [acksFile = '', errorsFile = '', parameters = '{}'] = process.argv.slice(2)
const { host, run, intervalMs } = JSON.parse(parameters) as { host: string; run: string; intervalMs: number }

const connectMs = 250
const queryMs = 1000
const retryMs = 20

let stopping = false
process.stdin.once('end', () => (stopping = true)).once('close', () => (stopping = true))
process.stdin.resume()

const open = (user: string): Promise<Connection> => Connection.open({ host, user, connectMs, queryMs })

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
    const admin = await open('postgres')
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
        connection ??= await open('lab_load')
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
