/** The monitor of a server that runs. */
import { findNode, promotedNodes, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, ExitCode, OcfError, type Plan } from '../../lib/ocf'
import { type Connection, SqlError } from '../../lib/postgres/connection'
import { type MajorVersion } from '../../lib/postgres/instance'
import { type PidFile } from '../../lib/postgres/pid-file'
import { readEnd, readRole, type ServerRole } from '../../lib/postgres/replication'
import { type Context } from './agent'
import { controlStandbys } from './control-standbys'
import { decideProbe } from './decide-probe'
import { decideStandby, type StandbyFacts } from './decide-standby'
import { readElectionNote } from './election-note'
import { parameters } from './parameters'
import { publishedQuorums } from './quorum'
import { readReceiver, receiverChange, type ReceiverStatus } from './receiver'
import { monitorLogin, withLogin, withSession } from './session'
import { isReplicated, otherNodes, readSite, readSiteVersion, type ReplicatedSite, type Site } from './site'
import { describeStep, performSteps, type Step } from './steps'

interface Server {
  readonly pid: number
  readonly pidFile: PidFile | undefined
}

export async function monitorServer(context: Context, server: Server): Promise<ExitCode> {
  const site = await readSite(context)
  if (!isReplicated(site)) return monitorAlone(context, site, server)
  return monitorReplicated(context, site, server, readSiteVersion(site))
}

async function runMonitorSql({ values, deadline }: Context, site: Site, server: Server): Promise<void> {
  const login = monitorLogin(site, values)
  await withLogin(site, server, login, deadline, async (connection) => {
    try {
      await connection.rows(values.monitor_sql)
    } catch (error) {
      if (!(error instanceof SqlError && error.answered)) throw error
      throw new OcfError(
        ExitCode.ERR_GENERIC,
        `monitor_sql fails as ${login.user} in database ${login.database}: ${error.message}`,
        { cause: error },
      )
    }
  })
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
  return withSession(site, values, server, deadline, async (connection) => {
    const role = await readRole(connection, version)
    if (!role.inRecovery && values.monitor_sql !== parameters.monitor_sql.default)
      await runMonitorSql(context, site, server)
    if (probe) return actOnProbe(context, site, role)
    if (role.inRecovery) {
      const receiver = await readReceiver(connection, values, true)
      return monitorStandby(context, site, connection, role, receiver)
    }
    return controlStandbys(context, site, version, connection, server.pid)
  })
}

function means(context: Context, site: Site) {
  return {
    describe: describeStep,
    perform: (steps: readonly Step[]) => performSteps(steps, { site, log: context.log }),
  }
}

async function actOnProbe(context: Context, site: Site, role: ServerRole): Promise<ExitCode> {
  const snapshot = await takeSnapshot(context.deadline)
  const facts = {
    resource: site.resource,
    node: site.node,
    inRecovery: role.inRecovery,
    self: findNode(snapshot, site.node),
  }
  return carryOut(context, facts, decideProbe(facts), means(context, site))
}

async function monitorStandby(
  context: Context,
  site: ReplicatedSite,
  connection: Connection,
  role: ServerRole,
  receiver: ReceiverStatus | undefined,
): Promise<ExitCode> {
  const { values, deadline, log } = context
  const snapshot = await takeSnapshot(deadline)
  const primaries = promotedNodes(snapshot, site.resource)
  const asked = primaries.length === 0 && publishedQuorums(snapshot, site.attributes.quorum).length > 0
  const end = asked ? await readEnd(connection, readSiteVersion(site)) : undefined
  const facts: StandbyFacts = {
    resource: site.resource,
    mode: site.mode,
    node: site.node,
    others: otherNodes(site, snapshot),
    primaries,
    position: end ?? role.position,
    settled: end !== undefined,
    note: readElectionNote(site),
    checkCount: values.xlog_check_count,
    receiver,
    snapshot,
  }
  const plan = decideStandby(facts)
  if (plan.because !== undefined) log.info(plan.because)
  return carryOut(context, facts, plan, means(context, site))
}
