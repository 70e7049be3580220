/** The agent's own SQL session with the server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, ExitCode, OcfError } from '../../lib/ocf'
import { connect, type Connection, type Login, SqlError } from '../../lib/postgres/connection'
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
  /** Is given what a person should see to, although the server answers. Default: nobody. */
  readonly warn?: (message: string) => void
}

/** Where to ask what is the same in every database, when the owner of pgdb has closed or removed that one. */
const OTHER_DATABASES = ['postgres', 'template1']

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

/** Connects; for what is the same in every database, to another one where that of the login is closed. */
async function connectSomewhere(
  site: Site,
  server: Server,
  login: Login,
  deadline: Deadline,
): Promise<Connection> {
  const databases =
    login.purpose === 'site' ? [] : OTHER_DATABASES.filter((database) => database !== login.database)
  try {
    return await connectPatiently(site, server, login, deadline)
  } catch (error) {
    if (!(error instanceof SqlError && error.closedDatabase)) throw error
    const reason = `${error.message}: see that its owner opens it, or set pgdb to a database that belongs to ${site.instance.owner.name}`
    for (const database of databases) {
      try {
        const connection = await connectPatiently(site, server, { ...login, database }, deadline)
        server.warn?.(`pgdb: ${reason}; until then the agent uses ${database}`)
        return connection
      } catch {
        // What is wrong is what was wrong with the one that is configured.
      }
    }
    throw new SqlError(reason, error.code, { cause: error })
  }
}

function ownerLogin(site: Site, values: Values): Login {
  return { user: site.instance.owner.name, database: values.pgdb }
}

/**
 * The user that runs `monitor_sql`, and how. A statement of the operator's means the functions that its own search_path
 * names; the default one is ours, and means PostgreSQL's.
 */
export function monitorLogin(site: Site, values: Values): Login {
  const purpose = values.monitor_sql === parameters.monitor_sql.default ? 'read' : 'site'
  return values.monitor_user === ''
    ? { ...ownerLogin(site, values), purpose }
    : { user: values.monitor_user, password: values.monitor_password, database: values.pgdb, purpose }
}

/** Runs `work` with a session of `login` and closes it. Failures name the server's process and its own words. */
export async function withLogin<T>(
  site: Site,
  server: Server,
  login: Login,
  deadline: Deadline,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  let connection: Connection | undefined
  try {
    connection = await connectSomewhere(site, server, login, deadline)
    return await work(connection)
  } catch (error) {
    if (!(error instanceof SqlError)) throw error
    const reason = `PostgreSQL runs (process ${server.pid}) but does not answer ${login.user} in database ${login.database}: ${error.message}`
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
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    return await withLogin(site, server, ownerLogin(site, values), deadline, work)
  } catch (error) {
    const refused = error instanceof OcfError && error.cause instanceof SqlError && error.cause.authentication
    if (!refused || values.monitor_user === '') throw error
    return withLogin(site, server, { ...monitorLogin(site, values), purpose: 'read' }, deadline, work)
  }
}
