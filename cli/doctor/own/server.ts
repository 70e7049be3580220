/** What this node's server answers about its settings, archive, slots and access rules. */
import { type Connection } from '../../../lib/postgres/connection'
import { type OwnedDatabase, type ServerFacts } from '../facts'

/** The settings that checks look at. */
const SETTINGS = [
  'archive_command',
  'archive_mode',
  'fsync',
  'full_page_writes',
  'hot_standby',
  'listen_addresses',
  'log_directory',
  'logging_collector',
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_replication_slots',
  'max_wal_senders',
  'max_worker_processes',
  'port',
  'primary_conninfo',
  'synchronous_commit',
  'wal_level',
  'wal_receiver_timeout',
  'wal_sender_timeout',
]
/** They may hold a password: that they are set is all that is told. */
const SECRET = ['primary_conninfo']

const ROWS = {
  settings: `select name, setting from pg_catalog.pg_settings where name = any ($1)`,
  /** wal_keep_size since version 13, in MB; before that whole files. */
  kept: `
    select case when name = 'wal_keep_size' then setting::float8 * 1024 * 1024
                else setting::float8 * pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))
           end as bytes
      from pg_catalog.pg_settings where name in ('wal_keep_size', 'wal_keep_segments')`,
  ownCommits: `
    select concat_ws(' in ', 'role ' || rolname, 'database ' || datname) as whose,
           split_part(entry, '=', 2) as value
      from pg_catalog.pg_db_role_setting
      left join pg_catalog.pg_database on pg_database.oid = setdatabase
      left join pg_catalog.pg_roles on pg_roles.oid = setrole,
           unnest(setconfig) as entry
     where entry like 'synchronous_commit=%'`,
  archiver: `
    select archived_count::float8 as archived, failed_count::float8 as failed,
           extract(epoch from last_archived_time)::float8 as "lastArchived",
           extract(epoch from last_failed_time)::float8 as "lastFailed",
           last_failed_wal as "failedFile"
      from pg_catalog.pg_stat_archiver`,
  hba: `
    select line_number as line, coalesce(type, '') as type, coalesce(database, '{}') as databases,
           coalesce(user_name, '{}') as users, address, netmask,
           coalesce(auth_method, '') as method, error
      from pg_catalog.pg_hba_file_rules order by line_number`,
  role: `select rolreplication or rolsuper as replication, rolcanlogin as login from pg_catalog.pg_roles where rolname = $1`,
  database: `
    select datname as name, pg_catalog.pg_get_userbyid(datdba) as owner, rolsuper as "ownerIsSuperuser",
           datallowconn as open
      from pg_catalog.pg_database
      join pg_catalog.pg_roles on pg_roles.oid = datdba
     where datname = $1`,
  asked: `
    select datname as name, pg_catalog.pg_get_userbyid(datdba) as owner, rolsuper as "ownerIsSuperuser"
      from pg_catalog.pg_database
      join pg_catalog.pg_roles on pg_roles.oid = datdba
     where datname = pg_catalog.current_database()`,
  standbys: `select application_name as name, host(client_addr) as address from pg_catalog.pg_stat_replication`,
} as const

const slots = (version: number, recovers: boolean): string => `
  select slot_name as name, active,
         pg_catalog.pg_wal_lsn_diff(${recovers ? 'pg_catalog.pg_last_wal_replay_lsn()' : 'pg_catalog.pg_current_wal_lsn()'},
                                    restart_lsn)::float8 as "keptBytes",
         ${version >= 13 ? 'wal_status' : 'null::text'} as "walStatus"
    from pg_catalog.pg_replication_slots where slot_type = 'physical'`

/**
 * Asks a server, of version 10 or newer.
 *
 * @param user - the replication user
 * @param database - the one of monitor_sql (`pgdb`)
 */
export async function askSettings(
  connection: Connection,
  version: number,
  recovers: boolean,
  user: string,
  database: string,
): Promise<ServerFacts> {
  const one = async <R>(sql: string, ...parameters: readonly unknown[]): Promise<R | undefined> =>
    (await connection.rows<R>(sql, parameters))[0]
  const settings = await connection.rows<{ name: string; setting: string }>(ROWS.settings, [SETTINGS])
  const asked = await one<OwnedDatabase>(ROWS.asked)
  return {
    settings: Object.fromEntries(
      settings.map(({ name, setting }) => [
        name,
        SECRET.includes(name) && setting !== '' ? '(set)' : setting,
      ]),
    ),
    walKeptBytes: (await one<{ bytes: number }>(ROWS.kept))?.bytes ?? 0,
    ownCommits: await connection.rows(ROWS.ownCommits),
    archiver: (await one<NonNullable<ServerFacts['archiver']>>(ROWS.archiver)) ?? null,
    slots: await connection.rows(slots(version, recovers)),
    hba: await connection.rows(ROWS.hba),
    role: (await one<NonNullable<ServerFacts['role']>>(ROWS.role, user)) ?? null,
    database: (await one<NonNullable<ServerFacts['database']>>(ROWS.database, database)) ?? null,
    ...(asked !== undefined && { asked }),
    standbys: await connection.rows(ROWS.standbys),
  }
}
