/** The monitor of a server that runs. */
import { findNode, promotedNodes, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, ExitCode } from '../../lib/ocf'
import { type MajorVersion } from '../../lib/postgres/instance'
import { type PidFile } from '../../lib/postgres/pid-file'
import { readRole, type ServerRole } from '../../lib/postgres/replication'
import { type Context } from './agent'
import { controlStandbys } from './control-standbys'
import { decideProbe } from './decide-probe'
import { decideStandby, type StandbyFacts } from './decide-standby'
import { readElectionNote } from './election-note'
import { parameters } from './parameters'
import { monitorLogin, withLogin, withSession } from './session'
import { otherNodes, readSite, readSiteVersion, type Site } from './site'
import { describeStep, performSteps, type Step } from './steps'

interface Server {
  readonly pid: number
  readonly pidFile: PidFile | undefined
}

export async function monitorServer(context: Context, server: Server): Promise<ExitCode> {
  const site = await readSite(context)
  if (!site.replicated) return monitorAlone(context, site, server)
  return monitorReplicated(context, site, server, readSiteVersion(site))
}

async function runMonitorSql({ values, deadline }: Context, site: Site, server: Server): Promise<void> {
  await withLogin(site, server, monitorLogin(site, values), deadline, (connection) =>
    connection.rows(values.monitor_sql),
  )
}

async function monitorAlone(context: Context, site: Site, server: Server): Promise<ExitCode> {
  await runMonitorSql(context, site, server)
  context.explain?.observed({ server, monitor_sql: 'succeeded' })
  return ExitCode.SUCCESS
}

async function monitorReplicated(
  context: Context,
  site: Site,
  server: Server,
  version: MajorVersion,
): Promise<ExitCode> {
  const { values, deadline, probe } = context
  return withSession(site, values, server, deadline, async (connection) => {
    const role = await readRole(connection, version)
    if (!role.inRecovery && values.monitor_sql !== parameters.monitor_sql.default)
      await runMonitorSql(context, site, server)
    if (probe) return actOnProbe(context, site, role)
    if (role.inRecovery) return monitorStandby(context, site, role)
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

async function monitorStandby(context: Context, site: Site, role: ServerRole): Promise<ExitCode> {
  const { values, deadline, log } = context
  const snapshot = await takeSnapshot(deadline)
  const facts: StandbyFacts = {
    resource: site.resource,
    node: site.node,
    others: otherNodes(site, snapshot),
    primaries: promotedNodes(snapshot, site.resource),
    position: role.position,
    note: readElectionNote(site),
    checkCount: values.xlog_check_count,
    snapshot,
  }
  const plan = decideStandby(facts)
  if (plan.because !== undefined) log.info(plan.because)
  return carryOut(context, facts, plan, means(context, site))
}
