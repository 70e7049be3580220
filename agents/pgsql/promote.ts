import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, namedSteps, ExitCode, OcfError } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion, usesStandbySignal } from '../../lib/postgres/instance'
import { type PidFile } from '../../lib/postgres/pid-file'
import { promoteServer } from '../../lib/postgres/promote-server'
import { readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { stopServer } from '../../lib/postgres/stop-server'
import { removeOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { decidePromote, type PromoteFacts, type PromoteStep } from './decide-promote'
import { isLocked, lock } from './lock-file'
import { makeTmpdir } from './make-tmpdir'
import { SCORE } from './names'
import { publish } from './publish'
import { withSession } from './session'
import { otherNodes, readReplicatedSite, readSiteVersion, type ReplicatedSite, type Site } from './site'
import { makeStandbySlots } from './slots'
import { startPlain } from './start-standby'

const DESCRIPTIONS: Record<PromoteStep, string> = {
  'bar others':
    'say in the node attributes that the other nodes are not connected and may not be promoted, and at which WAL position this node goes on',
  lock: 'make the lock file: from now on this node has what the others do not',
  promote: 'promote PostgreSQL',
  'restart as primary': 'stop the standby and start it as a primary on the same timeline',
  'make slots': 'make a replication slot for each other node',
  'publish primary': 'say in the node attributes that this node is the primary',
}

/** Before the first new commit, the cluster must know that nobody else has what this node is going to have. */
async function barOthers(site: Site, snapshot: ClusterSnapshot): Promise<void> {
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

function runningServer({ instance }: Site): { readonly pid: number; readonly pidFile: PidFile | undefined } {
  const server = findServer(instance.dataDirectory)
  if (server.kind === 'running') return { pid: server.postmaster.pid, pidFile: server.pidFile }
  throw new OcfError(ExitCode.ERR_GENERIC, 'PostgreSQL does not run here: there is nothing to promote')
}

/** Makes this node's standby the primary. */
export async function promote(context: Context): Promise<ExitCode> {
  const { values, deadline } = context
  const site = await readReplicatedSite(context)
  const version = readSiteVersion(site)
  return withSession(site, values, runningServer(site), deadline, (connection) =>
    promoteWith(context, site, version, connection),
  )
}

/** Promotion with the timeline it has: without standby.signal (before version 12, recovery.conf) it is a primary. */
async function restartAsPrimary(context: Context, site: Site, version: MajorVersion): Promise<void> {
  const { values, deadline, log } = context
  const { instance } = site
  const escalateSeconds = values.stop_escalate_in_slave
  await stopServer(instance.dataDirectory, { escalateSeconds, deadline, log })
  const signal = usesStandbySignal(version) ? 'standby.signal' : 'recovery.conf'
  removeOwned(instance.owner, `${instance.dataDirectory}/${signal}`)
  await startPlain(context, site)
  const role = await withSession(site, values, runningServer(site), deadline, (connection) =>
    readRole(connection, version),
  )
  if (role.inRecovery) {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `PostgreSQL was restarted to be the primary, and is a standby: see what else makes it one`,
      { detail: `${signal} was removed` },
    )
  }
}

/** What the other nodes that are there have said in an attribute of where their data ends. */
function positionsOf(site: Site, snapshot: ClusterSnapshot, attribute: string): PromoteFacts['others'] {
  return otherNodes(site, snapshot).flatMap((name) => {
    const node = findNode(snapshot, name)
    const position = node?.online ? node.transient[attribute] : undefined
    return position === undefined ? [] : [{ node: name, position }]
  })
}

async function promoteWith(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
): Promise<ExitCode> {
  const { values, deadline, log } = context
  const { instance, node } = site
  const [snapshot, role] = await Promise.all([takeSnapshot(deadline), readRole(connection, version)])
  const facts: PromoteFacts = {
    resource: site.resource,
    mode: site.mode,
    inRecovery: role.inRecovery,
    dataStatus: findNode(snapshot, node)?.permanent[site.attributes.dataStatus],
    position: role.position,
    others: positionsOf(site, snapshot, site.attributes.position),
    returning: isLocked(site),
    baselines: positionsOf(site, snapshot, site.attributes.baseline),
    restart: values.restart_on_promote,
    slots: site.slotPrefix !== '',
  }
  const perform: Record<PromoteStep, () => Promise<void>> = {
    'bar others': async () => {
      const baseline = role.position === undefined ? {} : { baseline: role.position }
      await Promise.all([barOthers(site, snapshot), publish(site, node, baseline)])
    },
    lock: () => {
      makeTmpdir(site)
      lock(site)
      return Promise.resolve()
    },
    promote: async () => {
      await promoteServer(instance, version, connection, deadline)
      log.info('PostgreSQL is promoted')
    },
    'restart as primary': async () => {
      await restartAsPrimary(context, site, version)
      log.info('PostgreSQL is restarted as the primary')
    },
    // In a session of its own: a restart ends the one before it.
    'make slots': () =>
      withSession(site, values, runningServer(site), deadline, (fresh) =>
        makeStandbySlots(fresh, site, version, log),
      ),
    'publish primary': () =>
      publish(site, node, { dataStatus: 'LATEST', score: SCORE.primary, status: 'PRI' }),
  }
  return carryOut(context, facts, decidePromote(facts), namedSteps(DESCRIPTIONS, perform))
}
