/**
 * The settings with which every session of this product starts. They are part of the startup packet, which counts for
 * more than ALTER DATABASE, ALTER ROLE and postgresql.conf (PostgreSQL manual, "Setting Parameters"): whatever those
 * say, an answer stays what it is, and no function, operator or view of another user's takes the place of PostgreSQL's
 * own. A name that is written with `pg_catalog.` does not do that: an operator beside it is still looked up in
 * `search_path`.
 */
import { type MajorVersion } from './instance'

/**
 * What a session is for.
 *
 * - `read`: it changes nothing in the database. (Functions that act on the server, as those for slots, are allowed.)
 * - `write`: it changes what is in the database.
 * - `site`: it runs a statement of the operator's (`monitor_sql`), who may rely on settings of the database or role:
 *   only those are replaced that could keep the session from starting, end it early, or give it another user's rights.
 */
export type Purpose = 'read' | 'write' | 'site'

export interface SessionNeeds {
  readonly purpose: Purpose
  /** The user is a superuser. Another one may not set all of it, and would not be let in. */
  readonly superuser: boolean
  /** Of the server. Where it is not known, only what every version knows is set. */
  readonly version: MajorVersion | undefined
  /** Milliseconds after which the server ends a statement by itself, also when its client has gone. Default: never. */
  readonly statementMs?: number
}

interface Setting {
  readonly name: string
  readonly value: string
  /** The first version that knows it, and lets everybody set it. Default: all. */
  readonly since?: MajorVersion
  /** Only a superuser may set it. */
  readonly superuser?: true
  /** Also for the operator's statement. */
  readonly site?: true
}

/** The largest number of milliseconds that PostgreSQL takes. */
const LONGEST_MS = 2 ** 31 - 1

const SETTINGS: readonly Setting[] = [
  // What ends a session, or keeps it from starting.
  { name: 'lock_timeout', value: '0', since: 9.3, site: true },
  { name: 'idle_in_transaction_session_timeout', value: '0', since: 9.6, site: true },
  { name: 'idle_session_timeout', value: '0', since: 14, site: true },
  { name: 'transaction_timeout', value: '0', since: 17, site: true },
  { name: 'exit_on_error', value: 'off', since: 9.1, site: true },
  { name: 'local_preload_libraries', value: '', since: 9.4, site: true },
  // It switches off login event triggers, which could do the same.
  { name: 'event_triggers', value: 'off', since: 17, superuser: true, site: true },
  // A standby refuses serializable transactions; deferrable ones wait.
  { name: 'default_transaction_isolation', value: 'read committed' },
  { name: 'default_transaction_deferrable', value: 'off', since: 9.1, site: true },

  // Whose functions, operators, types and tables a statement means. pg_temp would come first where it is not named.
  { name: 'search_path', value: 'pg_catalog,pg_temp' },
  // As whom, and under which rules. The operator's statement, too, runs as the user that the parameters name, and not as
  // whom ALTER DATABASE, which is its owner's to say, or ALTER ROLE puts in his place; it can set another role by itself.
  { name: 'role', value: 'none', site: true },
  { name: 'row_security', value: 'on', since: 9.5 },
  { name: 'session_replication_role', value: 'origin', superuser: true },

  // How statements are read and answers are written.
  { name: 'client_encoding', value: 'UTF8' },
  { name: 'client_min_messages', value: 'warning' },
  { name: 'lc_messages', value: 'C', superuser: true },
  { name: 'standard_conforming_strings', value: 'on' },
  { name: 'transform_null_equals', value: 'off' },
  { name: 'array_nulls', value: 'on' },
  { name: 'quote_all_identifiers', value: 'off', since: 9.1 },
  { name: 'DateStyle', value: 'ISO,YMD' },
  { name: 'IntervalStyle', value: 'postgres' },
  { name: 'TimeZone', value: 'UTC' },
  { name: 'bytea_output', value: 'hex' },
  { name: 'extra_float_digits', value: '3' },

  // A question as short as ours is not worth a compiler or a process.
  { name: 'jit', value: 'off', since: 11 },
  { name: 'max_parallel_workers_per_gather', value: '0', since: 9.6 },
]

/** A name and a value, in the order in which they are to be set. */
export type SettingValue = readonly [name: string, value: string]

/** The settings of a session. */
export function sessionSettings({
  purpose,
  superuser,
  version = 0,
  statementMs = 0,
}: SessionNeeds): readonly SettingValue[] {
  const timeout = Math.min(Math.ceil(statementMs), LONGEST_MS)
  const readOnly = purpose === 'read' ? 'on' : 'off'
  return [
    ['statement_timeout', String(timeout)],
    ...(purpose === 'site' ? [] : [['default_transaction_read_only', readOnly] as const]),
    ...SETTINGS.filter(
      ({ since = 0, superuser: isReserved = false, site = false }) =>
        version >= since && (superuser || !isReserved) && (site || purpose !== 'site'),
    ).map(({ name, value }) => [name, value] as const),
  ]
}

/**
 * The settings as `options` of a startup packet, which libpq takes from a connection string or from PGOPTIONS
 * (PostgreSQL manual, "Parameter Key Words").
 */
export function startupOptions(needs: SessionNeeds): string {
  return sessionSettings(needs)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`)
    .join(' ')
}
