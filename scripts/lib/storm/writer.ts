/**
 * Writes rows, one after another, and keeps book of every row that a server acknowledged, with the server and its
 * timeline. A program of its own: outside the cluster it writes through an address; inside a node, to the node's own
 * server, and only while that is no standby. Its stdout is its book: a file of the machine, which outlives the node.
 *
 * usage: writer {"host":…,"user":…,"writer":…,"intervalMs":…,"retryMs":…,"queryMs":…}
 */
import { writeSync } from 'node:fs'
import { Connection } from '../../../test/cluster/lab/connection'
import { type WriterParameters } from './writer-parameters'

const parameters = JSON.parse(process.argv[2] ?? '{}') as WriterParameters
const { writer, intervalMs, retryMs } = parameters
const connectMs = 500

const INSERT = `insert into storm.written (writer, id) values ($1, $2)
  returning storm.node(), ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int`

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function main(): Promise<never> {
  let connection: Connection | undefined
  let id = 0
  let complaint = ''
  for (let mayWrite = false; ;) {
    try {
      connection ??= await Connection.open({ ...parameters, connectMs })
      if (!mayWrite) {
        const [[isStandby] = []] = await connection.query('select pg_is_in_recovery()')
        mayWrite = isStandby === false
        if (!mayWrite) {
          await pause(retryMs)
          continue
        }
      }
      // An id is tried once: after an error nobody knows whether its row is there.
      id += 1
      const began = nowMs()
      const [[server, timeline] = []] = await connection.query(INSERT, [writer, id])
      writeSync(1, `${id} ${began.toFixed(3)} ${nowMs().toFixed(3)} ${String(server)} ${String(timeline)}\n`)
      await pause(intervalMs)
    } catch (error) {
      connection?.drop()
      connection = undefined
      mayWrite = false
      const message = error instanceof Error ? error.message : String(error)
      if (message !== complaint) writeSync(2, `${nowMs().toFixed(3)} ${message}\n`)
      complaint = message
      await pause(retryMs)
    }
  }
}

void main()
