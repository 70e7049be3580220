import { carryOut, namedSteps, messageOf, type ExitCode } from '../../lib/ocf'
import { findProcess } from '../../lib/system/processes'
import { findServer, type ServerState } from '../../lib/postgres/server-state'
import { controlDataOf } from '../../lib/postgres/control-data'
import { logicalSenders, watchShutdown } from '../../lib/postgres/hanging-shutdown'
import { type PidFile } from '../../lib/postgres/pid-file'
import { readRole, type ServerRole } from '../../lib/postgres/replication'
import { cleanShutdown } from '../../lib/postgres/shutdown'
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

/**
 * Sessions write on meanwhile. One that takes too long is left to itself: the shutdown goes on with it.
 *
 * @returns the processes that serve subscribers of logical replication; nothing where there is no checkpoint
 */
async function writeCheckpoint(
  { values, deadline, log }: Context,
  site: Site,
): Promise<readonly number[] | undefined> {
  const handle = responsive(findServer(site.instance))
  if (handle === undefined) return undefined
  const patience = deadline.within(deadline.remainingMs * CHECKPOINT_SHARE)
  try {
    return await withSession(site, values, handle, patience, async (connection) => {
      await connection.rows('checkpoint')
      return logicalSenders(connection, readSiteVersion(site))
    })
  } catch (error) {
    log.warning(`PostgreSQL is stopped without a checkpoint before: ${messageOf(error)}`)
    return undefined
  }
}

/**
 * Whether the shutdown was a clean one: also one whose rest had to be ended, or killed, once the control file said that
 * it was complete.
 */
async function endedCleanly(
  { deadline, log }: Context,
  { instance }: Site,
  method: StopMethod,
): Promise<boolean> {
  if (method === 'fast' || method === 'already stopped') return method === 'fast'
  try {
    return cleanShutdown(await controlDataOf(instance, deadline)) !== undefined
  } catch (error) {
    log.warning(`whether the shutdown was a clean one is not known: ${messageOf(error)}`)
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
  let clean = false
  let subscribers: readonly number[] | undefined
  let demoted = false
  const saidBefore = { score: SCORE.never, baseline: null }
  const publishStopped = async (): Promise<void> => {
    await tryPublish(site, site.node, { status: 'STOP', ...(!demoted && saidBefore) }, log)
  }
  const perform: Record<DemoteStep, () => Promise<void>> = {
    checkpoint: async () => {
      subscribers = await writeCheckpoint(context, site)
    },
    'publish demoted': async () => {
      demoted = await tryPublish(site, site.node, saidBefore, log)
    },
    stop: async () => {
      const { instance } = site
      const escalateSeconds =
        subscribers === undefined ? values.stop_escalate : Math.max(values.stop_escalate, FAST_SECONDS)
      const watch = (postmaster: number): (() => Promise<boolean>) =>
        watchShutdown({ instance, postmaster, subscribers: subscribers ?? [], deadline, log })
      let method: StopMethod
      try {
        method = await stopServer(instance, { escalateSeconds, deadline, log, watch })
      } catch (error) {
        await tryPublish(site, site.node, { status: 'UNKNOWN' }, log)
        throw error
      }
      clean = await endedCleanly(context, site, method)
      log.info(`PostgreSQL has stopped (${clean ? 'fast' : method})`)
    },
    'note shutdown': () => (clean ? noteShutdown(site, deadline, log) : Promise.resolve()),
    'remove lock': () => {
      unlock(site)
      return Promise.resolve()
    },
    'publish stopped': publishStopped,
    'start as standby': async () => {
      // After any other shutdown the data may not fit the new primary's: the lock file decides at the next start.
      if (!clean) return publishStopped()
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
