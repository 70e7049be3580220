/** What a server says of itself and of its standbys. */
import { type Deadline } from '../ocf'
import { type Connection } from './connection'
import { type Timeline } from './control-data'
import { type MajorVersion } from './instance'
import { bytesBetween, laterLsn, type Lsn, readLsn } from './lsn'

/** A standby as the primary sees it (PostgreSQL manual, "pg_stat_replication"). */
export interface StandbyRow {
  readonly applicationName: string
  /** `STREAMING`, `CATCHUP`, `STARTUP`, `BACKUP`. */
  readonly state: string
  /** `SYNC`, `ASYNC`, `POTENTIAL`, `QUORUM`. */
  readonly syncState: string
  /** How far the standby has written to disk. */
  readonly flushed: Lsn | undefined
  /** How many bytes of what is on the primary's disk are not on the standby's; not known while it says nothing. */
  readonly unflushed?: number | undefined
  /** How many bytes of it the standby has not replayed: what its readers do not see yet. */
  readonly unreplayed?: number | undefined
}

/** A server's own role. */
export interface ServerRole {
  readonly inRecovery: boolean
  /** The end of what a standby has received or replayed; nothing on a primary. */
  readonly position: Lsn | undefined
  /**
   * A standby has gone through all the WAL it keeps, and has asked a primary for more since it was started: `position`
   * is the end of what it has. Before that it is only as far as the replay has come.
   */
  readonly readToEnd: boolean
  /** `synchronous_standby_names` as it is in force. */
  readonly synchronousStandbyNames: string
  /** The timeline that a primary writes; nothing on a standby. */
  readonly timeline: Timeline | undefined
}

/** Names that changed with version 10: xlog became wal, location became lsn. */
function names(version: MajorVersion): {
  received: string
  replayed: string
  flushed: string
  replayedThere: string
  current: string
  fileName: string
} {
  return version >= 10
    ? {
        received: 'pg_catalog.pg_last_wal_receive_lsn()',
        replayed: 'pg_catalog.pg_last_wal_replay_lsn()',
        flushed: 'flush_lsn',
        replayedThere: 'replay_lsn',
        current: 'pg_catalog.pg_current_wal_flush_lsn()',
        fileName: 'pg_catalog.pg_walfile_name',
      }
    : {
        received: 'pg_catalog.pg_last_xlog_receive_location()',
        replayed: 'pg_catalog.pg_last_xlog_replay_location()',
        flushed: 'flush_location',
        replayedThere: 'replay_location',
        // Written, where "flushed" cannot be asked for (before 9.6): never less than what is flushed.
        current: 'pg_catalog.pg_current_xlog_location()',
        fileName: 'pg_catalog.pg_xlogfile_name',
      }
}

/** Asks a server for its role. */
export async function readRole(connection: Connection, version: MajorVersion): Promise<ServerRole> {
  const { received, replayed, current, fileName } = names(version)
  const [row] = await connection.rows<{
    recovering: boolean
    received: string | null
    replayed: string | null
    sync_names: string
    wal_file: string | null
  }>(
    `select recovering, sync_names,
            case when recovering then ${received}::text end as received,
            case when recovering then ${replayed}::text end as replayed,
            case when not recovering then ${fileName}(${current}) end as wal_file
       from (select pg_catalog.pg_is_in_recovery() as recovering,
                    pg_catalog.current_setting('synchronous_standby_names') as sync_names) as role`,
  )
  if (row === undefined) throw new Error('PostgreSQL did not say whether it is in recovery')
  return {
    inRecovery: row.recovering,
    position: laterLsn(readLsn(row.received), readLsn(row.replayed)),
    readToEnd: row.received !== null,
    synchronousStandbyNames: row.sync_names,
    timeline: row.wal_file === null ? undefined : parseInt(row.wal_file.slice(0, 8), 16),
  }
}

/** Asks a primary for its standbys. */
export async function readStandbys(
  connection: Connection,
  version: MajorVersion,
): Promise<readonly StandbyRow[]> {
  const { flushed, replayedThere, current } = names(version)
  const rows = await connection.rows<{
    application_name: string
    state: string | null
    sync_state: string | null
    flushed: string | null
    replayed: string | null
    current: string
  }>(
    `select application_name, state, sync_state, ${flushed}::text as flushed, ${replayedThere}::text as replayed,
            ${current}::text as current
       from pg_catalog.pg_stat_replication`,
  )
  if (rows.some(({ state }) => state === null)) {
    throw new Error(
      'pg_stat_replication does not show the state of the standbys: the user lacks the role pg_monitor',
    )
  }
  return rows.map((row) => {
    const end = readLsn(row.current)
    const behind = (position: Lsn | undefined): number | undefined =>
      position === undefined || end === undefined ? undefined : bytesBetween(position, end)
    return {
      applicationName: row.application_name,
      state: (row.state ?? '').toUpperCase(),
      syncState: (row.sync_state ?? '').toUpperCase(),
      flushed: readLsn(row.flushed),
      unflushed: behind(readLsn(row.flushed)),
      unreplayed: behind(readLsn(row.replayed)),
    }
  })
}

/** A process with which a server sends WAL to a standby. */
export interface Sender {
  readonly pid: number
  readonly applicationName: string
}

/** Milliseconds between two looks at processes that end; most are gone at the first. */
const END_POLL_MS = 5

/**
 * Asks a server, be it a primary or a standby, for the processes that send to these standbys. Before version 9.2: none.
 *
 * @param applicationNames - of the standbys, in lower case
 */
export async function findSenders(
  connection: Connection,
  version: MajorVersion,
  applicationNames: readonly string[],
): Promise<readonly Sender[]> {
  if (version < 9.2) return []
  const rows = await connection.rows<{ pid: number; application_name: string }>(
    `select pid, application_name from pg_catalog.pg_stat_replication
      where pg_catalog.lower(application_name) = any ($1)`,
    [applicationNames],
  )
  return rows.map((row) => ({ pid: row.pid, applicationName: row.application_name }))
}

/**
 * Ends processes that send WAL to standbys.
 *
 * One whose standby reads no more does not end when it is told to: it waits to send its last word ("terminating
 * connection due to administrator command"). Told once more, it goes without. So it is told until it has gone.
 *
 * @param deadline - until when to tell them
 * @returns whether all of them are gone
 * @throws SqlError where the user may not end them (PostgreSQL manual, "Server Signaling Functions")
 */
export async function endSenders(
  connection: Connection,
  senders: readonly Sender[],
  deadline: Deadline,
): Promise<boolean> {
  const pids = senders.map(({ pid }) => pid)
  return deadline.holds(END_POLL_MS, async () => {
    const left = await connection.rows(
      'select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_replication where pid = any ($1)',
      [pids],
    )
    return left.length === 0
  })
}

/**
 * The process with which a standby receives WAL from its primary at this moment; nothing while it receives none
 * (PostgreSQL manual, "pg_stat_wal_receiver"; from version 9.6 on).
 */
export async function findReceiver(connection: Connection): Promise<number | undefined> {
  const [row] = await connection.rows<{ pid: string }>(
    `select pid from pg_catalog.pg_stat_wal_receiver where status = 'streaming'`,
  )
  return row && Number(row.pid)
}

/**
 * Where the data of a standby ends that no primary sends anything to; nothing while one does, or while the standby has
 * not gone through all that it has. From version 9.6 on.
 */
export async function readEnd(connection: Connection, version: MajorVersion): Promise<Lsn | undefined> {
  // In this order: what it receives last, it has when it no longer receives.
  if ((await findReceiver(connection)) !== undefined) return undefined
  const { inRecovery, readToEnd, position } = await readRole(connection, version)
  return inRecovery && readToEnd ? position : undefined
}

/** How far a primary has written its log to disk. */
export async function readFlushed(connection: Connection, version: MajorVersion): Promise<Lsn | undefined> {
  const [row] = await connection.rows<{ flushed: string }>(
    `select ${names(version).current}::text as flushed`,
  )
  return readLsn(row?.flushed)
}

/**
 * Whether a changed `synchronous_standby_names` holds for every session. It is the checkpointer that puts it in force
 * for all of them, when it next looks up from its work: while it waits, in either way it can, it has.
 * Before version 10 it cannot be asked.
 */
export async function checkpointerRests(connection: Connection, version: MajorVersion): Promise<boolean> {
  if (version < 10) return true
  const rows = await connection.rows<{ wait_event: string | null }>(
    `select wait_event from pg_catalog.pg_stat_activity where backend_type = 'checkpointer'`,
  )
  return rows.some(
    ({ wait_event: event }) => event === 'CheckpointerMain' || event === 'CheckpointWriteDelay',
  )
}
