/** Logical replication slots that survive a failover (PostgreSQL manual, "Logical Replication Failover"). */
import { type Connection } from './connection'
import { type MajorVersion } from './instance'

/** The first version in which a standby can keep copies of the primary's logical slots. */
export const OLDEST_WITH_FAILOVER = 17

export interface LogicalSlot {
  readonly name: string
  /** It is to be there after a failover; of a copy, as the original says. Never before version 17. */
  readonly failover: boolean
  /** On a standby: a copy of the primary's that a promotion makes usable. */
  readonly ready: boolean
}

/**
 * Asks a server for its logical slots: on a primary without those that end with their session, on a standby without copies
 * that a promotion would not make usable yet. From version 10 on.
 */
export async function readLogicalSlots(
  connection: Connection,
  version: MajorVersion,
): Promise<readonly LogicalSlot[]> {
  const [failover, ready] =
    version >= OLDEST_WITH_FAILOVER
      ? ['failover', 'synced and invalidation_reason is null']
      : ['false', 'false']
  return connection.rows<LogicalSlot>(
    `select slot_name::text as name, ${failover} as failover, ${ready} as ready
       from pg_catalog.pg_replication_slots
      where slot_type = 'logical' and not temporary order by slot_name`,
  )
}

/** How long the connection of a subscriber may take to end. */
const END_MS = 2000

/** A copy that was dropped. */
export interface StaleSlot {
  readonly name: string
  /** Up to where its subscriber had confirmed, as PostgreSQL writes it. */
  readonly confirmed: string | null
}

/**
 * Drops, on a standby, the logical failover slots that are not copies of its primary's, but were made here when this
 * server was the primary. One of them keeps PostgreSQL from copying any slot. A subscriber that has come back to this
 * server before its address had moved is disconnected first: it would get nothing here, and not notice that for a while.
 * From version 17 on.
 */
export async function dropStaleLogicalSlots(connection: Connection): Promise<readonly StaleSlot[]> {
  await connection.rows(
    `select pg_catalog.pg_terminate_backend(active_pid, ${END_MS})
       from pg_catalog.pg_replication_slots
      where slot_type = 'logical' and failover and not synced and active`,
  )
  return connection.rows<StaleSlot>(
    `select slot_name::text as name, confirmed_flush_lsn::text as confirmed,
            pg_catalog.pg_drop_replication_slot(slot_name) is null as dropped
       from pg_catalog.pg_replication_slots
      where slot_type = 'logical' and failover and not synced and not active`,
  )
}
