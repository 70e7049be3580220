/** Whom a server still sends to that has been the primary: they have lost it, with the address of the replication. */
import { messageOf } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { endSenders, type Sender } from '../../lib/postgres/replication'
import { type Context } from './agent'

/** How long a connection that leads nowhere may take to end; it takes some milliseconds. */
const PATIENCE_MS = 1000

/** Whether those that are connected over the address of the replication still reach this node. */
export async function holdsReplicationAddress({ values }: Context): Promise<boolean> {
  return (await import('../../lib/network/own-address')).isOwnAddress(values.master_ip)
}

/** What fails here costs no commit, and must not keep this node from being promoted. */
export async function endConnections(
  { deadline, log }: Context,
  connection: Connection,
  senders: readonly Sender[],
): Promise<void> {
  const whose = [...new Set(senders.map(({ applicationName }) => applicationName))].join(', ')
  try {
    if (await endSenders(connection, senders, deadline.within(PATIENCE_MS))) {
      log.info(`ended what was left of a connection of ${whose} to this node`)
    } else {
      log.warning(`what is left of a connection of ${whose} to this node does not end`)
    }
  } catch (error) {
    log.warning(`what is left of a connection of ${whose} to this node cannot be ended: ${messageOf(error)}`)
  }
}
