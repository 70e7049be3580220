import { promotionScore } from '../../lib/cluster/scores'
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, namedSteps, ExitCode, OcfError, type Plan } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion } from '../../lib/postgres/instance'
import { promoteServer } from '../../lib/postgres/promote-server'
import { readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { makePrivateDirectory, writeOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { SCORE } from './names'
import { publish } from './publish'
import { withSession } from './session'
import { otherNodes, readSite, readSiteVersion, type Site } from './site'

type PromoteStep = 'bar others' | 'lock' | 'promote' | 'publish primary'

const DESCRIPTIONS: Record<PromoteStep, string> = {
  'bar others':
    'say in the node attributes that the other nodes are not connected and may not be promoted, and at which WAL position this node goes on',
  lock: 'make the lock file: from now on this node has what the others do not',
  promote: 'promote PostgreSQL',
  'publish primary': 'say in the node attributes that this node is the primary',
}

/** Before the first new commit, the cluster must know that nobody else has what this node is going to have. */
async function barOthers(context: Context, site: Site): Promise<void> {
  const snapshot = await takeSnapshot(context.deadline)
  const nodes = otherNodes(site, snapshot)
    .map((name) => findNode(snapshot, name))
    .filter((node) => node !== undefined)
  await Promise.all(
    nodes.map((state) => {
      const { name, online } = state
      const hasScore = online && promotionScore(state, site.resource) !== undefined
      return publish(site, name, { dataStatus: 'DISCONNECT', ...(hasScore && { score: SCORE.never }) })
    }),
  )
}

/** Makes this node's standby the primary. */
export async function promote(context: Context): Promise<ExitCode> {
  const { values, deadline } = context
  const site = await readSite(context)
  if (!site.replicated) {
    throw new OcfError(
      ExitCode.ERR_CONFIGURED,
      `rep_mode: 'none' has no primary to promote to: set rep_mode to sync, or do not make the resource a promotable clone`,
    )
  }
  const server = findServer(site.instance.dataDirectory)
  if (server.kind !== 'running') {
    throw new OcfError(ExitCode.ERR_GENERIC, 'PostgreSQL does not run here: there is nothing to promote')
  }
  const version = readSiteVersion(site)
  const handle = { pid: server.postmaster.pid, pidFile: server.pidFile }
  return withSession(site, values, handle, deadline, (connection) =>
    promoteWith(context, site, version, connection),
  )
}

async function promoteWith(
  context: Context,
  site: Site,
  version: MajorVersion,
  connection: Connection,
): Promise<ExitCode> {
  const { deadline, log } = context
  const { instance, files, node, tmpdir } = site
  const role = await readRole(connection, version)
  const plan: Plan<PromoteStep> = {
    exit: ExitCode.SUCCESS,
    steps: role.inRecovery ? ['bar others', 'lock', 'promote', 'publish primary'] : ['publish primary'],
  }
  const perform: Record<PromoteStep, () => Promise<void>> = {
    'bar others': async () => {
      const baseline = role.position === undefined ? {} : { baseline: role.position }
      await Promise.all([barOthers(context, site), publish(site, node, baseline)])
    },
    lock: () => {
      makePrivateDirectory(instance.owner, tmpdir)
      writeOwned(instance.owner, files.lock, '')
      return Promise.resolve()
    },
    promote: async () => {
      await promoteServer(instance, version, connection, deadline)
      log.info('PostgreSQL is promoted')
    },
    'publish primary': () =>
      publish(site, node, { dataStatus: 'LATEST', score: SCORE.primary, status: 'PRI' }),
  }
  return carryOut(context, { node, role }, plan, namedSteps(DESCRIPTIONS, perform))
}
