/** Finding out all that a standby has, when there is no primary any more. */
import { type Connection } from '../../lib/postgres/connection'
import { type Lsn } from '../../lib/postgres/lsn'
import { findReceiver, readEnd } from '../../lib/postgres/replication'
import { signalProcess } from '../../lib/system/processes'
import { type Context } from './agent'
import { readSiteVersion, type Site } from './site'

/** Its WAL receiver ends at once, and there may be some WAL left to go through. */
const PATIENCE_MS = 3000
const POLL_MS = 50

/**
 * Where the data of this standby ends, for good; nothing where that does not come about in time.
 *
 * A primary whose node has lost its power leaves the standby with a connection on which nothing comes any more, for as
 * long as `wal_receiver_timeout`. The cluster knows better: that receiver is ended. (PostgreSQL starts another one,
 * which finds no primary.)
 */
export async function settle(
  { deadline, explain, log }: Context,
  site: Site,
  connection: Connection,
): Promise<Lsn | undefined> {
  const version = readSiteVersion(site)
  let end = await readEnd(connection, version)
  if (end !== undefined || explain) return end
  const receiver = await findReceiver(connection)
  if (receiver !== undefined) {
    log.info(
      'there is no primary any more: the WAL receiver is ended, so that nothing is added to what this node has',
    )
    signalProcess(receiver, 'SIGTERM')
  }
  await deadline.within(PATIENCE_MS).holds(POLL_MS, async () => {
    end = await readEnd(connection, version)
    return end !== undefined
  })
  return end
}
