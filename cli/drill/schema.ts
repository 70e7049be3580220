/** What the drill puts into the database, and takes out of it again: a schema of its own, and nothing else. */
import { messageOf } from '../../lib/ocf'
import { CommandError, Exit } from '../exit'
import { Connection } from './connection'
import { describeTarget, type Target } from './target'

const SCHEMA = 'ocf_ts_drill'
export const TABLE = `${SCHEMA}.rows`

const CONNECT_MS = 5000
const ANSWER_MS = 10_000

/** What the drill must know of the database before it begins. */
export interface Probe {
  /** `15.13 (Debian 15.13-0+deb12u1)`. */
  readonly version: string
}

async function asked<T>(target: Target, ask: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.open(target, CONNECT_MS)
  try {
    return await ask(connection)
  } finally {
    connection.drop()
  }
}

/**
 * Looks whether rows can be written there; writes none.
 *
 * @throws CommandError REFUSED, UNREACHABLE
 */
export async function probe(target: Target): Promise<Probe> {
  const where = describeTarget(target)
  // No operator, and every name with its schema: behind a connection pool the search_path is not ours.
  const sql = `select pg_catalog.current_setting('server_version') as version,
                      pg_catalog.pg_is_in_recovery() as "isStandby",
                      pg_catalog.to_regnamespace('${SCHEMA}') is not null as "exists",
                      pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as "mayCreate"`
  type Row = Probe & { readonly isStandby: boolean; readonly exists: boolean; readonly mayCreate: boolean }
  const row = await asked(
    target,
    async (connection) => (await connection.rows<Row>(ANSWER_MS, sql))[0],
  ).catch((error: unknown) => {
    if (error instanceof CommandError) throw error
    throw new CommandError(
      Exit.UNREACHABLE,
      `cannot write to ${where}: ${messageOf(error) || 'no connection'}`,
      'say another address or user with --conninfo "host=… user=… dbname=…"; passwords are taken from ~/.pgpass',
    )
  })
  if (row === undefined) throw new Error(`${where} did not say what it is`)
  const refuse = (message: string, advice: string): never => {
    throw new CommandError(Exit.REFUSED, message, advice)
  }
  if (row.isStandby) refuse(`${where} is a standby`, 'name the address of the primary with --conninfo')
  if (!row.mayCreate) {
    refuse(
      `${where} may not create a schema in that database`,
      'name another user or database with --conninfo',
    )
  }
  if (row.exists) {
    refuse(
      `the schema ${SCHEMA} is there already: another drill is under way, or one was cut off`,
      `if none is: drop schema ${SCHEMA} cascade`,
    )
  }
  return { version: row.version }
}

/** Makes the schema and the table that is written to, both or none. */
export function createSchema(target: Target): Promise<void> {
  return asked(target, async (connection) => {
    // Several statements in one query are one transaction (PostgreSQL manual, "Simple Query").
    await connection.rows(
      ANSWER_MS,
      `create schema ${SCHEMA};
       comment on schema ${SCHEMA} is 'made by ocf-ts drill, which drops it when it ends';
       create table ${TABLE} (id bigint primary key, at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp())`,
    )
  })
}

export function dropSchema(target: Target): Promise<void> {
  return asked(target, async (connection) => {
    await connection.rows(ANSWER_MS, `drop schema if exists ${SCHEMA} cascade`)
  })
}

/** The rows that are there. */
export function presentRows(target: Target): Promise<ReadonlySet<number>> {
  return asked(target, async (connection) => {
    const rows = await connection.rows<{ id: string }>(
      ANSWER_MS,
      `select id::pg_catalog.text as id from ${TABLE}`,
    )
    return new Set(rows.map(({ id }) => Number(id)))
  })
}
