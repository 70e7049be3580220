/** The monitor of a server that runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterSnapshot, findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, type Deadline, ExitCode, OcfError, type Plan } from '../../lib/ocf'
import { type Connection, SqlError } from '../../lib/postgres/connection'
import { databaseState } from '../../lib/postgres/databases'
import { describeDiskTrouble, findFullDisk } from '../../lib/postgres/disk-trouble'
import { type Lsn } from '../../lib/postgres/lsn'
import { type MajorVersion } from '../../lib/postgres/instance'
import { readRole, type ServerRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { ancestors } from '../../lib/postgres/timeline-history'
import { readProgress } from '../../lib/postgres/wal-receiver'
import { type Context } from './agent'
import { controlStandbys } from './control-standbys'
import { decideProbe } from './decide-probe'
import { withDegraded } from './degraded'
import { UNENDED } from './decide-trouble'
import { decideStandby, type StandbyFacts } from './decide-standby'
import { readElectionNote } from './election-note'
import { readFollowNote } from './follow-note'
import { isDisconnected } from './mode'
import { parameters } from './parameters'
import { primaryNodes } from './primaries'
import { isLatest, latestPromotion } from './promotions'
import { isListed, publishedQuorums } from './quorum'
import { readReceiver, receiverChange, type ReceiverStatus } from './receiver'
import { monitorAccess, RESTART_MS, type Server, withLogin, withSession } from './session'
import { isDue, mayHaveSiblings } from './sibling-slots-due'
import { hasSlept } from './slept'
import { isReplicated, otherNodes, readSite, readSiteVersion, type ReplicatedSite, type Site } from './site'
import { describeStep, performSteps, type Step } from './steps'

/** Milliseconds between two looks at a server that restarts after a crash. */
const RETRY_MS = 50

/**
 * @param found - the server that runs
 */
export async function monitorServer(
  context: Context,
  found: Pick<Server, 'pid' | 'pidFile'>,
): Promise<ExitCode> {
  const { values, deadline } = context
  const answerMs = values.monitor_timeout > 0 ? values.monitor_timeout * 1000 : undefined
  const patience = deadline.within(answerMs ?? RESTART_MS)
  const server: Server = { ...found, patience, ...(answerMs !== undefined && { answerMs }) }
  const site = await readSite(context)
  const begun = process.hrtime.bigint()
  for (;;) {
    try {
      const exit = isReplicated(site)
        ? await monitorReplicated(context, site, server, readSiteVersion(site))
        : await monitorAlone(context, site, server)
      warnOfFullDisk(context, site)
      return exit
    } catch (error) {
      if (!isWorthAnotherLook(error, context, site, patience)) {
        const { monitorTrouble } = await import('./monitor-trouble')
        const elapsedMs = Number(process.hrtime.bigint() - begun) / 1e6
        return await monitorTrouble(context, site, server.pid, error, elapsedMs)
      }
      await sleep(RETRY_MS)
    }
  }
}

/** The server restarts after a crash of one of its processes; or it was the agent that did not run for a while. */
function isWorthAnotherLook(error: unknown, { deadline }: Context, site: Site, patience: Deadline): boolean {
  if (!(error instanceof OcfError && error.cause instanceof SqlError)) return false
  if (error.cause.late) return !deadline.passed
  return error.cause.cutOff && !patience.passed && findServer(site.instance).kind === 'running'
}

/** Without room for its data PostgreSQL goes on, with errors where it needs more; another node has no more of it. */
function warnOfFullDisk({ log }: Context, { instance }: Site): void {
  const trouble = findFullDisk(instance.owner, instance.dataDirectory)
  if (trouble) log.warning(`${describeDiskTrouble(trouble)}: PostgreSQL answers still; make room`)
}

/**
 * The database that is configured for a monitor_sql, where the session is in another one: that it is closed is seen
 * before a statement of the site's needs it. Where nobody has chosen one there is nothing to see, and nothing is asked.
 */
async function warnOfClosedDatabase(
  { values: { pgdb }, log }: Context,
  site: Site,
  connection: Connection,
  database: string,
): Promise<void> {
  if (database === pgdb || pgdb === parameters.pgdb.default) return
  const state = await databaseState(connection, pgdb)
  if (state === 'open') return
  const what = state === 'missing' ? 'does not exist' : 'takes no connections'
  log.warning(
    `pgdb: database "${pgdb}" ${what}, and a monitor_sql of your own would fail: set pgdb to a database that belongs to ${site.instance.owner.name}; the agent's own questions are asked in ${database}`,
  )
}

async function runMonitorSql(context: Context, site: Site, server: Server): Promise<void> {
  const { values, deadline } = context
  const access = monitorAccess(site, values)
  await withLogin(site, server, access, deadline, async (connection, database) => {
    try {
      await connection.rows(values.monitor_sql)
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      if (error.timedOut) throw new SqlError(UNENDED, error.code, { cause: error }, error.late)
      if (!error.answered) throw error
      throw new OcfError(
        ExitCode.ERR_GENERIC,
        `monitor_sql fails as ${access.user} in database ${database}: ${error.message}`,
      )
    }
    await warnOfClosedDatabase(context, site, connection, database)
  })
}

/** The standbys are to be looked after also while there is no connection left for monitor_user. */
async function runMonitorSqlIfLetIn(context: Context, site: Site, server: Server): Promise<void> {
  try {
    await runMonitorSql(context, site, server)
  } catch (error) {
    if (!(error instanceof OcfError && error.cause instanceof SqlError && error.cause.crowded)) throw error
    context.log.warning(`monitor_sql was not run: ${error.reason}`)
  }
}

async function monitorAlone(context: Context, site: Site, server: Server): Promise<ExitCode> {
  await runMonitorSql(context, site, server)
  const plan = (steps: readonly Step[]): Plan<Step> => ({ exit: ExitCode.SUCCESS, steps })
  const facts = { server, monitor_sql: 'succeeded' }
  if (!context.values.check_wal_receiver || context.probe) {
    return carryOut(context, facts, plan([]), means(context, site))
  }
  return withSession(site, context.values, server, context.deadline, async (connection) => {
    const role = await readRole(connection, readSiteVersion(site))
    const receiver = await readReceiver(connection, context.values, role.inRecovery)
    const self = findNode(await takeSnapshot(context.deadline), site.node)
    const steps = receiverChange(site.resource, site.node, self, receiver)
    return carryOut(context, { ...facts, receiver, self }, plan(steps), means(context, site))
  })
}

async function monitorReplicated(
  context: Context,
  site: ReplicatedSite,
  server: Server,
  version: MajorVersion,
): Promise<ExitCode> {
  const { values, deadline, probe } = context
  return withSession(site, values, server, deadline, async (connection, database) => {
    const role = await readRole(connection, version)
    if (!role.inRecovery && values.monitor_sql !== parameters.monitor_sql.default)
      await runMonitorSqlIfLetIn(context, site, server)
    else await warnOfClosedDatabase(context, site, connection, database)
    if (probe) return actOnProbe(context, site, role)
    if (role.inRecovery) {
      const receiver = await readReceiver(connection, values, true)
      const exit = await monitorStandby(context, site, version, connection, role, receiver, server.pid)
      if (mayHaveSiblings(site, version) && context.explain === undefined && isDue(site, values)) {
        const { keepSlots } = await import('./sibling-slots')
        await keepSlots(context, site, version, connection, role.position)
      }
      return exit
    }
    const exit = await controlStandbys(context, site, version, connection, server.pid, {
      slept: hasSlept(context),
    })
    if (!isOfStandby(context)) return exit
    const { answerOvertaken } = await import('./overtaken')
    return answerOvertaken(context, site, role.timeline, exit)
  })
}

/** Whether pacemaker asks for this monitor because it takes this node for a standby. */
function isOfStandby({ env, explain }: Context): boolean {
  const { intervalMs, role, expectedCode, featureSet } = env
  if (explain !== undefined || featureSet === undefined || intervalMs === 0) return false
  return role !== 'Promoted' && expectedCode !== ExitCode.RUNNING_PROMOTED
}

/** @param postmaster - the running server's, of a standby */
function means({ log }: Context, site: Site, postmaster?: number) {
  return {
    describe: describeStep,
    perform: (steps: readonly Step[]) =>
      performSteps(steps, { site, log, ...(postmaster !== undefined && { postmaster }) }),
  }
}

async function actOnProbe(context: Context, site: Site, role: ServerRole): Promise<ExitCode> {
  const snapshot = await takeSnapshot(context.deadline)
  const facts = {
    resource: site.resource,
    node: site.node,
    inRecovery: role.inRecovery,
    timeline: role.timeline,
    history: isLatest(snapshot, site.node, site.resource) ? [] : ancestors(site.instance, role.timeline),
    snapshot,
  }
  return carryOut(context, facts, decideProbe(facts), means(context, site))
}

/** All that this standby has, where a quorum is to find out who has every commit. */
async function positionForQuorum(
  context: Context,
  site: ReplicatedSite,
  connection: Connection,
  snapshot: ClusterSnapshot,
  primaries: readonly string[],
): Promise<Lsn | undefined> {
  if (primaries.length > 0 || !isListed(publishedQuorums(snapshot, site.attributes.quorum), site.node)) {
    return undefined
  }
  const { settle } = await import('./end-receiver')
  return settle(context, site, connection)
}

async function monitorStandby(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  role: ServerRole,
  receiver: ReceiverStatus | undefined,
  postmaster: number,
): Promise<ExitCode> {
  const { values, deadline, log, explain } = context
  const perform = means(context, site, postmaster)
  const [snapshot, progress] = await Promise.all([takeSnapshot(deadline), readProgress(connection, version)])
  const primaries = primaryNodes(snapshot, site.resource)
  const end = await positionForQuorum(context, site, connection, snapshot, primaries)
  const facts: StandbyFacts = {
    resource: site.resource,
    mode: site.mode,
    node: site.node,
    others: otherNodes(site, snapshot),
    primaries,
    synchronousStandbyNames: role.synchronousStandbyNames,
    position: end ?? role.position,
    settled: end !== undefined,
    note: readElectionNote(site),
    checkCount: values.xlog_check_count,
    receiver,
    snapshot,
  }
  const plan = decideStandby(facts)
  if (plan.because !== undefined) log.info(plan.because)
  const [primary] = facts.primaries
  const dataStatus = findNode(snapshot, site.node)?.permanent[site.attributes.dataStatus]
  // Where PostgreSQL cannot say it, the primary has.
  const streams = progress.streams ?? !isDisconnected(dataStatus)
  if (primary === undefined || streams) {
    const forgotten: Step[] = readFollowNote(site) ? [{ step: 'follow', note: undefined }] : []
    const steps = [...plan.steps, ...forgotten]
    const exit = await carryOut(context, facts, { ...plan, steps }, perform)
    const follows = primary !== undefined && isLatest(snapshot, primary, site.resource)
    if (site.logicalSlots && follows && explain === undefined) {
      const { dropStaleSlots } = await import('./logical-slots')
      await dropStaleSlots(context, connection)
    }
    if (progress.paused) {
      const { explainPause } = await import('./explain-pause')
      return explainPause(context, site, connection, exit)
    }
    return withDegraded(context, exit, plan.degraded)
  }
  if (!isLatest(snapshot, primary, site.resource)) {
    const latest = latestPromotion(snapshot, site.resource)
    log.info(
      `this standby receives nothing from ${primary}, which was promoted before ${latest.node} (promotion ${latest.number}), and is to stop`,
    )
    return carryOut(context, facts, plan, perform)
  }
  if (site.mode === 'sync' && values.sync_method === 'quorum' && explain === undefined) {
    const { isHeldOff } = await import('./hold-off')
    const { receiveAgain } = await import('./receive-again')
    if (isHeldOff(site)) {
      const why = await receiveAgain(context, site)
      if (why !== undefined) log.warning(`this standby does not receive from ${primary} yet: ${why}`)
      return carryOut(context, facts, plan, perform)
    }
  }
  const { follow } = await import('./follow')
  const following = await follow(context, site, version, connection, primary, dataStatus, progress)
  const { steps, ...outcome } = following.plan
  const both = { ...outcome, steps: [...plan.steps, ...steps] }
  return carryOut(context, { ...facts, following: following.facts }, both, perform)
}
