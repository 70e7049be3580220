/**
 * In which database a session asks what is the same in all of them. Who owns a database can hold up every session in it:
 * with locks on its catalogs, or by closing it.
 */
import { type Connection, SqlError } from './connection'

/** Those that PostgreSQL makes: of its own account, and in the first of them others rarely have work. */
const COMMON = ['postgres', 'template1'] as const

/** Where a user may log in. */
export interface Databases {
  /** The one that the operator has named. */
  readonly configured: string
  /** What is tried, in that order. */
  readonly inOrder: readonly [string, ...string[]]
}

/** In order of trust: PostgreSQL's own, and the one that is configured only where those are closed. */
export function commonDatabases(configured: string): Databases {
  const [first, second] = COMMON
  const others = [second, configured].filter((name, at, all) => name !== first && all.indexOf(name) === at)
  return { configured, inOrder: [first, ...others] }
}

/** The one that is configured, and PostgreSQL's own only where that is closed. */
export function configuredFirst(configured: string): Databases {
  return { configured, inOrder: [configured, ...COMMON.filter((name) => name !== configured)] }
}

export function onlyConfigured(configured: string): Databases {
  return { configured, inOrder: [configured] }
}

/** A session, or why there is none; and in which database. */
export type Entry =
  | { readonly database: string; readonly connection: Connection }
  | { readonly database: string; readonly connection: undefined; readonly error: SqlError }

/**
 * Connects to the first database that lets the user in. A closed one is passed over. A user whom one refuses may be let in
 * by the configured one (pg_hba.conf and ~/.pgpass can name a database), and is not expected to be by any other.
 *
 * @throws what is no SqlError
 */
export async function enterFirst(
  { configured, inOrder }: Databases,
  connectTo: (database: string) => Promise<Connection>,
): Promise<Entry> {
  let left: readonly string[] = inOrder
  let refusal: Entry | undefined
  for (;;) {
    const [database = configured, ...others] = left
    try {
      return { database, connection: await connectTo(database) }
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      const entry: Entry = { database, connection: undefined, error }
      if (error.authentication) refusal ??= entry
      left = others.filter((name) => error.closedDatabase || (error.authentication && name === configured))
      if (left.length === 0) return refusal ?? entry
    }
  }
}

/** `closed`: it does not let this user in; superusers, too, where nobody may connect. */
export type DatabaseState = 'open' | 'closed' | 'missing'

/** Whether another database of the server's would let this user in: without connecting to it. */
export async function databaseState(connection: Connection, name: string): Promise<DatabaseState> {
  const [row] = await connection.rows<{ open: boolean }>(
    `select datallowconn and datconnlimit <> -2 and pg_catalog.has_database_privilege(oid, 'connect') as open
       from pg_catalog.pg_database where datname = $1`,
    [name],
  )
  if (row === undefined) return 'missing'
  return row.open ? 'open' : 'closed'
}
