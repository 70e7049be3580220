import { carryOut, namedSteps, messageOf, type ExitCode } from '../../lib/ocf'
import { findProcess } from '../../lib/system/processes'
import { findServer, type ServerState } from '../../lib/postgres/server-state'
import { type PidFile } from '../../lib/postgres/pid-file'
import { readRole, type ServerRole } from '../../lib/postgres/replication'
import { stopServer, type StopMethod } from '../../lib/postgres/stop-server'
import { type ClusterSnapshot, sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Context } from './agent'
import { decideDemote, type DemoteFacts, type DemoteStep } from './decide-demote'
import { noteShutdown, unlock } from './lock-file'
import { SCORE } from './names'
import { laterElsewhere } from './promotions'
import { publish, tryPublish } from './publish'
import { withSession } from './session'
import { readReplicatedSite, readSiteVersion, type ReplicatedSite, type Site } from './site'
import { startStandby } from './start-standby'

/** A server that hangs must not keep its demotion waiting: after this long it counts as a primary that has to go. */
const ANSWER_MS = 5000

/** How much of the action's time the checkpoint before the shutdown may take. */
const CHECKPOINT_SHARE = 1 / 3

/**
 * After that checkpoint a fast shutdown has little to do, and is worth these seconds even where stop_escalate allows
 * less: an immediate one proves nothing, and the node would have to stay out.
 */
const FAST_SECONDS = 5

const DESCRIPTIONS: Record<DemoteStep, string> = {
  checkpoint: 'have PostgreSQL write a checkpoint, so that its shutdown has little left to write',
  'publish demoted': 'say in the node attributes that this node may not be promoted',
  stop: 'stop PostgreSQL',
  'note shutdown': 'note in the lock file how far the data goes, where the shutdown was a clean one',
  'remove lock': 'remove the lock file: no standby was there that could have gone on without this node',
  'publish stopped': 'say in the node attributes that this node is stopped and may not be promoted',
  'start as standby': 'start PostgreSQL as a standby, where the shutdown was a clean one',
}

/** The server, for a session with it; nothing where it does not run or does not react. */
function responsive(server: ServerState): { pid: number; pidFile: PidFile | undefined } | undefined {
  if (server.kind !== 'running' || findProcess(server.postmaster.pid)?.state === 'T') return undefined
  return { pid: server.postmaster.pid, pidFile: server.pidFile }
}

/** What the server says of itself; nothing where it does not answer in time. */
async function askRole(context: Context, site: Site, server: ServerState): Promise<ServerRole | undefined> {
  const { values, deadline, log } = context
  const handle = responsive(server)
  if (handle === undefined) return undefined
  try {
    const version = readSiteVersion(site)
    return await withSession(site, values, handle, deadline.within(ANSWER_MS), (connection) =>
      readRole(connection, version),
    )
  } catch (error) {
    log.warning(`PostgreSQL is stopped without asking it for its role: ${messageOf(error)}`)
    return undefined
  }
}

/** Sessions write on meanwhile. One that takes too long is left to itself: the shutdown goes on with it. */
async function writeCheckpoint({ values, deadline, log }: Context, site: Site): Promise<boolean> {
  const handle = responsive(findServer(site.instance))
  if (handle === undefined) return false
  const patience = deadline.within(deadline.remainingMs * CHECKPOINT_SHARE)
  try {
    await withSession(site, values, handle, patience, (connection) => connection.rows('checkpoint'))
    return true
  } catch (error) {
    log.warning(`PostgreSQL is stopped without a checkpoint before: ${messageOf(error)}`)
    return false
  }
}

/** The cluster as this node sees it. That it cannot be seen must not keep the server from stopping. */
async function snapshotIfKnown({ deadline, log }: Context): Promise<ClusterSnapshot | undefined> {
  try {
    return await takeSnapshot(deadline.within(ANSWER_MS))
  } catch (error) {
    log.warning(`whether another node was promoted later is not known: ${messageOf(error)}`)
    return undefined
  }
}

async function observe(context: Context, site: ReplicatedSite): Promise<DemoteFacts> {
  const { members } = context.env
  const { node, resource } = site
  const server = findServer(site.instance)
  const isHere = (nodes: readonly string[]): boolean => nodes.some((name) => sameNode(name, node))
  const [role, snapshot] = await Promise.all([askRole(context, site, server), snapshotIfKnown(context)])
  const rival = snapshot && laterElsewhere(snapshot, node, resource)
  return {
    server: server.kind,
    role: role && (role.inRecovery ? 'standby' : 'primary'),
    confusable: rival !== undefined && (rival.timeline === undefined || rival.timeline === role?.timeline),
    stopsNext: isHere(members.stopping) && !isHere(members.starting),
    promotesNext: isHere(members.promoting),
    // Without quorum, the others are only not seen.
    wasAlone:
      snapshot?.quorate === true &&
      rival === undefined &&
      members.known &&
      members.unpromoted.length === 0 &&
      members.promoted.every((name) => sameNode(name, node)),
  }
}

/** Ends the primary role: the server stops, and unless the cluster is going to stop it anyway, it comes back as a standby. */
export async function demote(context: Context): Promise<ExitCode> {
  const { values, deadline, log } = context
  const site = await readReplicatedSite(context)
  const facts = await observe(context, site)
  let method: StopMethod = 'already stopped'
  let checkpointed = false
  let demoted = false
  const saidBefore = { score: SCORE.never, baseline: null }
  const publishStopped = async (): Promise<void> => {
    await tryPublish(site, site.node, { status: 'STOP', ...(!demoted && saidBefore) }, log)
  }
  const perform: Record<DemoteStep, () => Promise<void>> = {
    checkpoint: async () => {
      checkpointed = await writeCheckpoint(context, site)
    },
    'publish demoted': async () => {
      demoted = await tryPublish(site, site.node, saidBefore, log)
    },
    stop: async () => {
      const escalateSeconds = checkpointed
        ? Math.max(values.stop_escalate, FAST_SECONDS)
        : values.stop_escalate
      try {
        method = await stopServer(site.instance, { escalateSeconds, deadline, log })
      } catch (error) {
        await tryPublish(site, site.node, { status: 'UNKNOWN' }, log)
        throw error
      }
      log.info(`PostgreSQL has stopped (${method})`)
    },
    'note shutdown': () => (method === 'fast' ? noteShutdown(site, deadline, log) : Promise.resolve()),
    'remove lock': () => {
      unlock(site)
      return Promise.resolve()
    },
    'publish stopped': publishStopped,
    'start as standby': async () => {
      // After any other shutdown the data may not fit the new primary's: the lock file decides at the next start.
      if (method !== 'fast') return publishStopped()
      // Side by side: the promotion elsewhere waits for both.
      const said = publish(site, site.node, { status: 'HS:alone', ...(!demoted && saidBefore) })
      try {
        await Promise.all([startStandby(context, site, readSiteVersion(site)), said])
      } catch (error) {
        await said.catch(() => undefined)
        await publishStopped()
        throw error
      }
    },
  }
  return carryOut(context, facts, decideDemote(facts), namedSteps(DESCRIPTIONS, perform))
}
