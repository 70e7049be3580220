/** How a standby that runs gets on: whether it receives, and how far it is. */
import { type Connection } from './connection'
import { type MajorVersion } from './instance'
import { type Lsn, readLsn } from './lsn'

export interface Progress {
  /** It receives from its primary at this moment. Nothing where that cannot be asked (before version 9.6). */
  readonly streams: boolean | undefined
  readonly received: Lsn | undefined
  readonly replayed: Lsn | undefined
  /** Its replay stands still: somebody has paused it, or, from version 14 on, a setting is lower than the primary's. */
  readonly paused: boolean
}

/** Whoever may not see the receiver's state (pg_read_all_stats) sees that there is one. */
const STREAMS = `exists (select from pg_catalog.pg_stat_wal_receiver where coalesce(status, 'streaming') = 'streaming')`

/** Asks a standby (PostgreSQL manual, "pg_stat_wal_receiver", "Recovery Information Functions"). */
export async function readProgress(connection: Connection, version: MajorVersion): Promise<Progress> {
  const paused = version >= 10 ? 'pg_is_wal_replay_paused' : 'pg_is_xlog_replay_paused'
  const [received, replayed] =
    version >= 10
      ? ['pg_last_wal_receive_lsn()', 'pg_last_wal_replay_lsn()']
      : ['pg_last_xlog_receive_location()', 'pg_last_xlog_replay_location()']
  const [row] = await connection.rows<{
    streams: boolean | null
    received: string | null
    replayed: string | null
    paused: boolean | null
  }>(
    `select ${version >= 9.6 ? STREAMS : 'null::boolean'} as streams,
            pg_catalog.${received}::text as received, pg_catalog.${replayed}::text as replayed,
            case when pg_catalog.pg_is_in_recovery() then pg_catalog.${paused}() end as paused`,
  )
  return {
    streams: row?.streams ?? undefined,
    received: readLsn(row?.received),
    replayed: readLsn(row?.replayed),
    paused: row?.paused === true,
  }
}

/** Whether a standby, as this session's server has read its settings, has no primary to connect to (from version 13 on). */
export async function followsNobody(connection: Connection): Promise<boolean> {
  const [row] = await connection.rows<{ setting: string }>(
    `select setting from pg_catalog.pg_settings where name = 'primary_conninfo'`,
  )
  return row?.setting === ''
}

/**
 * The names of the files in the directory of its WAL.
 *
 * @throws SqlError for a user that is no superuser
 */
export async function walFileNames(
  connection: Connection,
  version: MajorVersion,
): Promise<readonly string[]> {
  const rows = await connection.rows<{ name: string }>(
    `select name from pg_catalog.pg_ls_dir('${version >= 10 ? 'pg_wal' : 'pg_xlog'}') as name`,
  )
  return rows.map(({ name }) => name)
}
