import { carryOut, namedSteps, type ExitCode } from '../../lib/ocf'
import { readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { existsOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { checkHost } from './check-host'
import { decideStart, type StartFacts, type StartStep } from './decide-start'
import { SCORE } from './names'
import { publish } from './publish'
import { withSession } from './session'
import { isReplicated, readSite, type Site } from './site'
import { clearRemains, startPlain, startStandby } from './start-standby'
import { type MajorVersion } from '../../lib/postgres/instance'

const DESCRIPTIONS: Record<StartStep, string> = {
  'publish stopped': 'say in the node attributes that this node is stopped and may not be promoted',
  'clear remains': 'end leftover processes and remove a leftover postmaster.pid',
  start: 'start PostgreSQL',
  'start as follower':
    'write the recovery settings and start PostgreSQL as a standby of the server at master_ip',
  'start as standby': 'write the recovery settings and start PostgreSQL as a standby',
  'publish standby': 'say in the node attributes that this node is a standby without a primary yet',
}

async function observe(context: Context, site: Site, version: MajorVersion): Promise<StartFacts> {
  const { values, deadline } = context
  const server = findServer(site.instance.dataDirectory)
  const running =
    server.kind === 'running' && isReplicated(site)
      ? await withSession(
          site,
          values,
          { pid: server.postmaster.pid, pidFile: server.pidFile },
          deadline,
          async (connection) => ((await readRole(connection, version)).inRecovery ? 'standby' : 'primary'),
        )
      : undefined
  const locked = isReplicated(site) && existsOwned(site.instance.owner, site.files.lock)
  return {
    kind: site.kind,
    server: server.kind,
    running,
    lock: locked ? site.files.lock : undefined,
    masterIp: values.master_ip,
    resource: site.resource,
  }
}

/** Starts the server: with replication always as a standby, which only the cluster's promotion makes the primary. */
export async function start(context: Context): Promise<ExitCode> {
  const site = await readSite(context)
  const version = checkHost(site, context.values)
  const facts = await observe(context, site, version)
  const perform: Record<StartStep, () => Promise<void>> = {
    'publish stopped': () =>
      publish(site, site.node, {
        status: 'STOP',
        baseline: null,
        position: null,
        refused: null,
        score: SCORE.never,
      }),
    'clear remains': () => clearRemains(context, site),
    start: () => startPlain(context, site),
    'start as follower': () => startStandby(context, site, version),
    'start as standby': () => startStandby(context, site, version),
    'publish standby': () => publish(site, site.node, { status: 'HS:alone' }),
  }
  return carryOut(context, facts, decideStart(facts), namedSteps(DESCRIPTIONS, perform))
}
