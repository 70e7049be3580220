/** What this node can say of its own server: the internal command `node-facts`, which the others call. */
import { agent } from '../../agents/pgsql/agent'
import { dataDirectoryOf, serverPlaceOf } from '../../agents/pgsql/data-directory'
import { type Server, withSession } from '../../agents/pgsql/session'
import { readSite, readSiteVersion, type Site } from '../../agents/pgsql/site'
import { resourceEnvironment } from '../../lib/cluster/resource-environment'
import { Deadline, messageOf } from '../../lib/ocf'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { type Connection } from '../../lib/postgres/connection'
import { controlDataOf } from '../../lib/postgres/control-data'
import { readLogicalSlots } from '../../lib/postgres/logical-slots'
import { readLsn } from '../../lib/postgres/lsn'
import { findServer } from '../../lib/postgres/server-state'
import { existsOwned, readOwned } from '../../lib/system/owned-files'
import { VERSION } from '../../lib/version'
import { type NodeFacts, type SqlFacts } from './facts'

const TIMEOUT_MS = 8000
/** A server that hangs must not keep us from telling the rest. */
const ANSWER_MS = 3000

interface Row {
  readonly in_recovery: boolean
  readonly timeline: number
  readonly position: string | null
  readonly replayed: string | null
  readonly replay_age: number | null
  readonly upstream: string | null
  readonly names: string
}

/** Before version 11 there is no column for it. */
const HOST_BEFORE_11 = `substring(conninfo from 'host=''?([^ '']+)')`

/** PostgreSQL manual, "Recovery Information Functions", "pg_stat_wal_receiver"; version 10 and newer. */
const ownState = (version: number): string => `
  select recovering as in_recovery,
         case when recovering
              then greatest((select timeline_id from pg_control_checkpoint()),
                            (select received_tli from pg_stat_wal_receiver))
              else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
         end as timeline,
         case when recovering then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
              else pg_current_wal_flush_lsn() end::text as position,
         case when recovering then pg_last_wal_replay_lsn() end::text as replayed,
         case when recovering
              then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8
         end as replay_age,
         (select coalesce(${version >= 11 ? 'sender_host' : HOST_BEFORE_11}, '')
            from pg_stat_wal_receiver where status = 'streaming') as upstream,
         current_setting('synchronous_standby_names') as names
    from pg_is_in_recovery() as recovering`

const STANDBYS = `
  select application_name as "applicationName", state, sync_state as "syncState",
         flush_lsn::text as flushed, replay_lsn::text as replayed,
         (pg_current_wal_flush_lsn() - flush_lsn)::float8 as "flushLag",
         (pg_current_wal_flush_lsn() - replay_lsn)::float8 as "replayLag",
         coalesce(extract(epoch from replay_lag), 0)::float8 as "replayLagSeconds"
    from pg_stat_replication
   order by application_name`

async function askServer(connection: Connection, version: number): Promise<SqlFacts> {
  const [row] = await connection.rows<Row>(ownState(version))
  if (row === undefined) throw new Error('PostgreSQL did not say what it is')
  type Standby = SqlFacts['standbys'][number]
  const standbys = row.in_recovery ? [] : await connection.rows<Standby>(STANDBYS)
  return {
    inRecovery: row.in_recovery,
    timeline: row.timeline,
    position: readLsn(row.position) ?? null,
    replayed: readLsn(row.replayed) ?? null,
    replayAge: row.replay_age,
    upstream: row.upstream,
    synchronousStandbyNames: row.names,
    standbys: standbys.map((standby) => ({
      ...standby,
      flushed: readLsn(standby.flushed) ?? null,
      replayed: readLsn(standby.replayed) ?? null,
    })),
    logicalSlots: await readLogicalSlots(connection, version),
  }
}

/** Finds out what can be found out; what cannot is said in `unknown` and stops nothing else. */
class Gathering {
  readonly unknown: string[] = []

  async try<T>(what: string, find: () => T | Promise<T>): Promise<T | null> {
    try {
      return await find()
    } catch (error) {
      this.unknown.push(`${what}: ${messageOf(error)}`)
      return null
    }
  }
}

/** What the lock file says; the shell agent's is root's and says nothing. */
function readLock({ instance: { owner }, files }: Site): string | null {
  try {
    return readOwned(owner, files.lock) ?? null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES' && existsOwned(owner, files.lock)) return ''
    throw error
  }
}

/**
 * Gathers what there is to know of a pgsql resource's server on this node, with the parameters that the cluster has.
 *
 * @param resource - the primitive's id
 * @param given - the variables that the cluster would set for it; default: as the live cluster says
 * @throws Error when the cluster has no such resource, or pacemaker does not answer
 */
export async function gatherOwnFacts(
  resource: string,
  given?: Readonly<Record<string, string>>,
): Promise<NodeFacts> {
  const deadline = new Deadline(TIMEOUT_MS)
  const variables = given ?? (await resourceEnvironment(resource))
  const env = readEnvironment(variables, agent.name)
  const { values, problems } = readVariables(agent, variables, env)
  const gathering = new Gathering()
  gathering.unknown.push(...problems.map(({ reason }) => reason))
  const dataDirectory = dataDirectoryOf(values)
  const server = findServer(await serverPlaceOf(values, deadline))
  const site = await gathering.try('resource', () => readSite({ values, env, deadline }))
  const version = site && (await gathering.try('version', () => readSiteVersion(site)))
  const control = site && (await gathering.try('control data', () => controlDataOf(site.instance, deadline)))
  const ask = async (
    known: Site,
    major: number,
    pid: number,
    pidFile: Server['pidFile'],
  ): Promise<SqlFacts> =>
    withSession(
      known,
      values,
      { pid, pidFile, answerMs: ANSWER_MS, patience: deadline.within(0) },
      deadline,
      (connection) => askServer(connection, major),
    )
  const answers = site !== null && server.kind === 'running' && version !== null && version >= 10
  if (version !== null && version < 10) gathering.unknown.push('positions: PostgreSQL is older than 10')
  return {
    version: VERSION,
    node: site?.node ?? '',
    clock: Date.now(),
    server: server.kind,
    dataDirectory,
    majorVersion: version,
    lock: site && (await gathering.try('lock', () => readLock(site))),
    control: control && {
      state: control.state,
      timeline: control.timeline,
      checkpoint: control.checkpoint,
      systemIdentifier: control.systemIdentifier,
    },
    sql: answers
      ? await gathering.try('PostgreSQL', () => ask(site, version, server.postmaster.pid, server.pidFile))
      : null,
    unknown: gathering.unknown,
  }
}
