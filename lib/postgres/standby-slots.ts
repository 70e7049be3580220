/** Physical replication slots on a standby, which PostgreSQL advances for nobody (PostgreSQL manual, "Replication Slots"). */
import { type Connection } from './connection'
import { type MajorVersion } from './instance'
import { type Lsn, readLsn, writeLsn } from './lsn'
import { hasLostWal } from './slots'

/** The first version that can advance a slot without a connection to it. */
export const OLDEST_WITH_ADVANCE = 11

export interface PhysicalSlot {
  readonly name: string
  /** From where on it keeps WAL; nothing where it keeps none, or has lost some of it. */
  readonly keepsFrom: Lsn | undefined
  /** Somebody streams from it. */
  readonly active: boolean
  /** It holds back vacuum, on a standby with hot_standby_feedback that of the primary too. */
  readonly feedback: boolean
}

/** Asks a server for those of the named physical slots that there are. From version 10 on. */
export async function readPhysicalSlots(
  connection: Connection,
  version: MajorVersion,
  names: readonly string[],
): Promise<readonly PhysicalSlot[]> {
  if (names.length === 0) return []
  const rows = await connection.rows<{
    slot_name: string
    restart: string | null
    active: boolean
    feedback: boolean
    lost: boolean
  }>(
    `select slot_name, restart_lsn::text as restart, active,
            xmin is not null or catalog_xmin is not null as feedback,
            ${hasLostWal(version)} as lost
       from pg_catalog.pg_replication_slots
      where slot_type = 'physical' and slot_name = any ($1::name[])`,
    [names],
  )
  return rows.map(({ slot_name: name, restart, active, feedback, lost }) => ({
    name,
    keepsFrom: lost ? undefined : readLsn(restart),
    active,
    feedback,
  }))
}

export interface StandbyPosition {
  /** The end of what it has replayed: no slot can be advanced beyond that. */
  readonly replayed: Lsn | undefined
  /** Where it would begin to replay after a crash: WAL from there on it keeps in any case. */
  readonly redo: Lsn | undefined
}

/** Asks a standby (PostgreSQL manual, "Control Data Functions"). From version 10 on. */
export async function readStandbyPosition(connection: Connection): Promise<StandbyPosition> {
  const [row] = await connection.rows<{ replayed: string | null; redo: string | null }>(
    `select pg_catalog.pg_last_wal_replay_lsn()::text as replayed, redo_lsn::text as redo
       from pg_catalog.pg_control_checkpoint()`,
  )
  return { replayed: readLsn(row?.replayed), redo: readLsn(row?.redo) }
}

/** Has a physical slot that nobody streams from keep WAL only from that position on. It never goes back. */
export async function advanceSlot(connection: Connection, name: string, to: Lsn): Promise<void> {
  await connection.rows(
    `select pg_catalog.pg_replication_slot_advance(slot_name, $2::pg_lsn) is not null as advanced
       from pg_catalog.pg_replication_slots
      where slot_type = 'physical' and not active and slot_name = $1::name and restart_lsn < $2::pg_lsn`,
    [name, writeLsn(to)],
  )
}
