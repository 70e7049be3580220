/** A standby's receiver that waits for a primary which is none any more. */
import { type Connection } from '../../lib/postgres/connection'
import { type Lsn } from '../../lib/postgres/lsn'
import { findReceiver, findSenders, readEnd } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { signalOwned } from '../../lib/system/processes'
import { type Context } from './agent'
import { holdOff } from './hold-off'
import { endConnections } from './old-connections'
import { OLDEST_WITH_RECEIVER } from './receiver'
import { withSession } from './session'
import { applicationName, readSiteVersion, type ReplicatedSite, type Site } from './site'

/** Its WAL receiver ends at once, and there may be some WAL left to go through. */
const PATIENCE_MS = 3000
const POLL_MS = 50

/** Ends the process that receives WAL. PostgreSQL starts another one, after `wal_retrieve_retry_interval`. */
async function endReceiver({ instance }: Site, connection: Connection): Promise<boolean> {
  const receiver = await findReceiver(connection)
  return receiver !== undefined && signalOwned(instance.owner, receiver, 'SIGTERM')
}

/**
 * Has a standby look for the new primary. One whose connection has not been cut waits for the old one: for a machine
 * that has lost its power as long as `wal_receiver_timeout`; and an old primary that went on as a standby while it
 * still had the address of the replication has connected to itself.
 *
 * The others have connected to it as well, and it does not learn that they are gone, for the address is. At the end of
 * its timeline it would wait for their answer, as PostgreSQL (15) does that: without a pause, a processor all to itself
 * until `wal_sender_timeout`.
 */
export async function followNewPrimary(context: Context, site: ReplicatedSite): Promise<void> {
  const { values, deadline, log } = context
  const server = findServer(site.instance)
  const version = readSiteVersion(site)
  if (server.kind !== 'running' || version < OLDEST_WITH_RECEIVER) return
  const handle = { pid: server.postmaster.pid, pidFile: server.pidFile }
  await withSession(site, values, handle, deadline, async (connection) => {
    // Where commits wait for any of several standbys, it goes on only once that primary answers (receive-again.ts).
    if (site.mode === 'sync' && values.sync_method === 'quorum') {
      await holdOff(context, site, connection, version)
    }
    if (await endReceiver(site, connection))
      log.info('there is another primary: the WAL receiver is ended, for a new one')
    const senders = await findSenders(connection, version, site.nodeList.map(applicationName))
    if (senders.length > 0) await endConnections(context, connection, senders)
  })
}

/**
 * Where the data of this standby ends, for good; nothing where that does not come about in time.
 *
 * A primary whose node has lost its power leaves the standby with a connection on which nothing comes any more, for as
 * long as `wal_receiver_timeout`. The cluster knows better: that receiver is ended, and no other one finds a primary
 * (hold-off.ts).
 */
export async function settle(context: Context, site: Site, connection: Connection): Promise<Lsn | undefined> {
  const { deadline, explain, log } = context
  const version = readSiteVersion(site)
  if (explain) return readEnd(connection, version)
  if (!(await holdOff(context, site, connection, version))) return undefined
  let end = await readEnd(connection, version)
  if (end !== undefined) return end
  if (await endReceiver(site, connection)) log.info('there is no primary any more: the WAL receiver is ended')
  await deadline.within(PATIENCE_MS).holds(POLL_MS, async () => {
    end = await readEnd(connection, version)
    return end !== undefined
  })
  return end
}
