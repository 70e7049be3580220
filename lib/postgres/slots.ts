/** Physical replication slots (PostgreSQL manual, "Replication Slots"). */
import { type Connection } from './connection'
import { type MajorVersion } from './instance'

/** Why a standby cannot use its slot: there is none, or the server no longer keeps WAL for it. */
export type SlotTrouble = 'missing' | 'invalid'

/**
 * What is wrong with the named physical slots; one that somebody uses is not looked at.
 *
 * From version 13 on a server invalidates a slot that would keep more WAL than `max_slot_wal_keep_size`, from version 18 on
 * also one that nobody has used for `idle_replication_slot_timeout`.
 */
export async function findSlotTroubles(
  connection: Connection,
  names: readonly string[],
  version: MajorVersion,
): Promise<Readonly<Record<string, SlotTrouble>>> {
  const rows = await connection.rows<{ slot_name: string; trouble: SlotTrouble }>(
    `select name as slot_name, case when slot_name is null then 'missing' else 'invalid' end as trouble
       from pg_catalog.unnest($1::name[]) as name
       left join pg_catalog.pg_replication_slots on slot_name = name
      where slot_name is null${version >= 13 ? ` or (wal_status = 'lost' and not active)` : ''}`,
    [names],
  )
  return Object.fromEntries(rows.map(({ slot_name: name, trouble }) => [name, trouble]))
}

/**
 * Drops those of the named physical slots that exist and that nobody streams from.
 *
 * @returns the names of those dropped
 */
export async function dropSlots(
  connection: Connection,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return []
  const rows = await connection.rows<{ slot_name: string }>(
    `select slot_name, pg_catalog.pg_drop_replication_slot(slot_name)
       from pg_catalog.pg_replication_slots
      where slot_type = 'physical' and not active and slot_name = any ($1::name[])`,
    [names],
  )
  return rows.map(({ slot_name: name }) => name)
}

/** Whether a row of pg_replication_slots is of a slot that no longer keeps the WAL it was to keep. */
export function hasLostWal(version: MajorVersion): string {
  return version >= 13 ? `coalesce(wal_status, 'lost') = 'lost'` : 'false'
}

/** Drops those of the named physical slots that keep no WAL, and that nobody streams from. */
async function dropLostSlots(
  connection: Connection,
  names: readonly string[],
  version: MajorVersion,
): Promise<void> {
  await connection.rows(
    `select pg_catalog.pg_drop_replication_slot(slot_name)
       from pg_catalog.pg_replication_slots
      where slot_type = 'physical' and not active and slot_name = any ($1::name[])
        and (restart_lsn is null or ${hasLostWal(version)})`,
    [names],
  )
}

/**
 * Makes the named physical slots, and replaces one that nobody uses and that keeps no WAL. One that keeps some, as a standby does
 * for the others, stays as it is. From version 9.6 on they keep WAL from this moment, not only from the first connection.
 *
 * @throws SqlError when there are not enough slots (`max_replication_slots`)
 */
export async function makeSlots(
  connection: Connection,
  names: readonly string[],
  version: MajorVersion,
): Promise<void> {
  await dropLostSlots(connection, names, version)
  await connection.rows(
    `select pg_catalog.pg_create_physical_replication_slot(name${version >= 9.6 ? ', true' : ''})
       from pg_catalog.unnest($1::name[]) as name
      where not exists (select from pg_catalog.pg_replication_slots where slot_name = name)`,
    [names],
  )
}
