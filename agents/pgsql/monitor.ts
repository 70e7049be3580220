import { takeSnapshot, promotedNodes, findNode } from '../../lib/cluster/snapshot'
import { carryOut, ExitCode, OcfError } from '../../lib/ocf'
import { readRole, type ServerRole } from '../../lib/postgres/replication'
import { type MajorVersion } from '../../lib/postgres/instance'
import { findServer } from '../../lib/postgres/server-state'
import { type PidFile } from '../../lib/postgres/pid-file'
import { type Context } from './agent'
import { controlStandbys } from './control-standbys'
import { decideProbe } from './decide-probe'
import { decideStandby, type StandbyFacts } from './decide-standby'
import { readElectionNote } from './election-note'
import { parameters } from './parameters'
import { monitorLogin, withLogin, withSession } from './session'
import { dataDirectoryOf, otherNodes, readSite, readSiteVersion, type Site } from './site'
import { describeStep, performSteps, type Step } from './steps'

type Server = { readonly pid: number; readonly pidFile: PidFile | undefined }

/**
 * Whether the server runs, in which role, and - with replication - what follows from it for the cluster: the primary
 * looks after its standbys, a standby without a primary takes part in an election.
 */
export async function monitor(context: Context): Promise<ExitCode> {
  const { values, problems, log, explain } = context
  const found = findServer(dataDirectoryOf(values))
  if (found.kind === 'stopped') {
    explain?.observed({ server: found })
    if (found.stalePidFile !== undefined) log.info(`PostgreSQL is not running: ${found.stalePidFile}`)
    return ExitCode.NOT_RUNNING
  }
  if (found.kind === 'orphaned') {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `the postmaster is gone, but ${found.processes.length} processes of it still run: stop the resource to end them`,
      { detail: `processes ${found.processes.map(({ pid }) => pid).join(', ')}` },
    )
  }
  const [problem] = problems
  if (problem) throw new OcfError(ExitCode.ERR_CONFIGURED, problem.reason)

  const site = await readSite(context)
  const server = { pid: found.postmaster.pid, pidFile: found.pidFile }
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
