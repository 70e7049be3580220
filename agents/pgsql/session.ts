/** The agent's own SQL session with the server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, ExitCode, OcfError } from '../../lib/ocf'
import { connect, type Connection, type Login, SqlError } from '../../lib/postgres/connection'
import {
  commonDatabases,
  configuredFirst,
  type Databases,
  enterFirst,
  onlyConfigured,
} from '../../lib/postgres/databases'
import { type PidFile } from '../../lib/postgres/pid-file'
import { type Values } from './agent'
import { parameters } from './parameters'
import { type Site } from './site'

/** After one of its processes crashed, PostgreSQL takes no connections for a moment, and then is well again. */
export const RESTART_MS = 5000

/** A server that runs, and how long it may take. */
export interface Server {
  readonly pid: number
  readonly pidFile: PidFile | undefined
  /** Milliseconds that each answer may take. Default: until the deadline. */
  readonly answerMs?: number
  /** How long a server that takes no connections just now is asked again. Default: RESTART_MS. */
  readonly patience?: Deadline
}

/** Who logs in, and where: in the first of these databases that lets him in. */
export interface Access extends Omit<Login, 'database'> {
  readonly databases: Databases
}

async function connectPatiently(
  site: Site,
  { pidFile, answerMs, patience: given }: Server,
  login: Login,
  deadline: Deadline,
): Promise<Connection> {
  const patience = given ?? deadline.within(RESTART_MS)
  for (;;) {
    try {
      return await connect(site.instance, pidFile, login, deadline, answerMs)
    } catch (error) {
      const passes = error instanceof SqlError && (error.notAccepting || error.queueFull)
      if (!passes || patience.passed) throw error
      await sleep(50)
    }
  }
}

/** What is asked here is the same in every database. */
function ownerAccess(site: Site, values: Values): Access {
  return { user: site.instance.owner.name, databases: commonDatabases(values.pgdb) }
}

/**
 * The user that runs `monitor_sql`, and where. A statement of the operator's means the functions that its own search_path
 * names, in the database that is configured; the default one is ours, and means PostgreSQL's, in any.
 */
export function monitorAccess(site: Site, values: Values): Access {
  const user =
    values.monitor_user === ''
      ? ownerAccess(site, values)
      : {
          user: values.monitor_user,
          // Without one, it is looked up in .pgpass when the server asks for it.
          ...(values.monitor_password !== '' && { password: values.monitor_password }),
          databases: configuredFirst(values.pgdb),
        }
  return values.monitor_sql === parameters.monitor_sql.default
    ? { ...user, purpose: 'read' }
    : { ...user, databases: onlyConfigured(values.pgdb), purpose: 'site' }
}

/**
 * Runs `work` with a session of that login and closes it. Failures name the server's process and its own words.
 *
 * @param work - is given the database, too, in which the session is
 */
export async function withLogin<T>(
  site: Site,
  server: Server,
  { databases, ...login }: Access,
  deadline: Deadline,
  work: (connection: Connection, database: string) => Promise<T>,
): Promise<T> {
  const entry = await enterFirst(databases, (database) =>
    connectPatiently(site, server, { ...login, database }, deadline),
  )
  const { database, connection } = entry
  try {
    if (connection === undefined) throw entry.error
    return await work(connection, database)
  } catch (error) {
    if (!(error instanceof SqlError)) throw error
    const closed = connection === undefined && error.closedDatabase
    const advice = closed
      ? `: have its owner open it, or set pgdb to a database that belongs to ${site.instance.owner.name}`
      : ''
    const reason = `PostgreSQL runs (process ${server.pid}) but does not answer ${login.user} in database ${database}: ${error.message}${advice}`
    throw new OcfError(ExitCode.ERR_GENERIC, reason, { cause: error })
  } finally {
    connection?.close()
  }
}

/**
 * Runs `work` with a session of the server's owner; where that is not let in, of `monitor_user`.
 *
 * @throws OcfError ERR_GENERIC when the server does not answer before the deadline
 */
export async function withSession<T>(
  site: Site,
  values: Values,
  server: Server,
  deadline: Deadline,
  work: (connection: Connection, database: string) => Promise<T>,
): Promise<T> {
  try {
    return await withLogin(site, server, ownerAccess(site, values), deadline, work)
  } catch (error) {
    const refused = error instanceof OcfError && error.cause instanceof SqlError && error.cause.authentication
    if (!refused || values.monitor_user === '') throw error
    const access: Access = {
      ...monitorAccess(site, values),
      databases: configuredFirst(values.pgdb),
      purpose: 'read',
    }
    return withLogin(site, server, access, deadline, work)
  }
}
