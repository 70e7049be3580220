import { type ClusterSnapshot, sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, messageOf, namedSteps, type ExitCode } from '../../lib/ocf'
import { controlDataOf } from '../../lib/postgres/control-data'
import { readRole } from '../../lib/postgres/replication'
import { findServer, type ServerState } from '../../lib/postgres/server-state'
import { runsOwnProgram } from '../../lib/postgres/start-server'
import { existsOwned, removeOwned } from '../../lib/system/owned-files'
import { asUser } from '../../lib/system/as-user'
import { type Context } from './agent'
import { checkHost } from './check-host'
import { awaitRejoin } from './await-rejoin'
import { dataStatusOf } from './decide-obstacle'
import { decideStart, type StartFacts, type StartStep } from './decide-start'
import { SCORE } from './names'
import { whatIsLost } from './decide-rejoin'
import { primaryNodes } from './primaries'
import { epochToPublish, isLatest, latestPromotion } from './promotions'
import { publish, tryPublish } from './publish'
import { forgetRejoin, readRejoin, rejoinIsTold } from './rejoin-note'
import { withSession } from './session'
import { isReplicated, readSite, type ReplicatedSite, type Site } from './site'
import { bringUp, clearRemains, startPlain, startStandby } from './start-standby'
import { type MajorVersion } from '../../lib/postgres/instance'

const DESCRIPTIONS: Record<StartStep, string> = {
  'publish stopped': 'say in the node attributes that this node is stopped and may not be promoted',
  'remove lock': "remove the lock file: everything this node has is in the primary's data",
  'clear remains': 'end leftover processes and remove a leftover postmaster.pid',
  start: 'start PostgreSQL',
  'start as follower':
    'write the recovery settings and start PostgreSQL as a standby of the server at master_ip',
  'start as standby': 'write the recovery settings and start PostgreSQL as a standby',
  recover: 'start PostgreSQL as a standby, which recovers from the crash, for the promotion that follows',
  rejoin: "make this node's data a copy of the primary's, in the background, and wait for that",
  'publish standby': 'say in the node attributes that this node is a standby without a primary yet',
}

/**
 * A server that runs already has to answer: by its pid file, where it is what pg_ctl would start; any other, which may
 * only bear the name, in a session.
 */
async function requireAnswer(
  { values, deadline }: Context,
  site: Site,
  { postmaster: { pid }, pidFile }: Extract<ServerState, { kind: 'running' }>,
): Promise<void> {
  const { status } = pidFile ?? {}
  if ((status === 'ready' || status === 'standby') && runsOwnProgram(pid, site.instance)) return
  // It may be starting just now.
  const server = { pid, pidFile, patience: deadline }
  await withSession(site, values, server, deadline, (connection) => connection.rows('select 1'))
}

async function observe(
  context: Context,
  site: Site,
  version: MajorVersion,
  server: ServerState,
  rejoined: boolean,
  looking: Promise<ClusterSnapshot> | undefined,
): Promise<StartFacts> {
  const { values, deadline } = context
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
  if (server.kind === 'running' && !isReplicated(site)) await requireAnswer(context, site, server)
  const { owner } = site.instance
  const [lock, rejoin] = isReplicated(site)
    ? asUser(owner, () => [
        existsOwned(owner, site.files.lock) ? site.files.lock : undefined,
        readRejoin(site),
      ])
    : []
  return {
    kind: site.kind,
    manual: values.rejoin === 'manual',
    heals: values.rejoin === 'rewind' || values.rejoin === 'basebackup' ? values.rejoin : undefined,
    rejoin,
    rejoined,
    rejoinFile: site.files.rejoin,
    server: server.kind,
    running,
    lock,
    ...(server.kind === 'stopped' && isReplicated(site)
      ? await observeCluster(context, site, lock !== undefined, looking)
      : UNOBSERVED),
    promotesNext:
      isReplicated(site) && context.env.members.promoting.some((name) => sameNode(name, site.node)),
    masterIp: values.master_ip,
    resource: site.resource,
  }
}

type Standing = Pick<StartFacts, 'primary' | 'last' | 'later' | 'loss' | 'rewinding' | 'rewindable'>

const UNOBSERVED: Standing = {
  primary: undefined,
  last: false,
  later: undefined,
  loss: undefined,
  rewinding: undefined,
  rewindable: undefined,
}

/** Whether this node was the last primary: by the number of its promotion, or, where there are none, by what is said. */
function wasLast({ resource, node, attributes }: ReplicatedSite, snapshot: ClusterSnapshot): boolean {
  if (latestPromotion(snapshot, resource).number > 0) {
    return isLatest(snapshot, node, resource)
  }
  const [only, ...more] = snapshot.nodes.filter(
    ({ permanent }) => permanent[attributes.dataStatus] === 'LATEST',
  )
  return only !== undefined && more.length === 0 && sameNode(only.name, node)
}

/** How this node's data stands to the cluster's. */
async function observeCluster(
  context: Context,
  site: ReplicatedSite,
  locked: boolean,
  looking: Promise<ClusterSnapshot> | undefined,
): Promise<Standing> {
  const { values, deadline, log } = context
  const rewinding = existsOwned(site.instance.owner, site.files.rewinding)
    ? await (await import('./rewinding')).rewindingState(site, deadline)
    : undefined
  if (looking === undefined) return { ...UNOBSERVED, rewinding }
  const snapshot = await looking
  const [promoted] = primaryNodes(snapshot, site.resource).filter((name) => !sameNode(name, site.node))
  const latest = latestPromotion(snapshot, site.resource)
  // Data of the latest promotion is not replaced by that of an earlier primary, which stops when it learns of it.
  const primary = promoted !== undefined && isLatest(snapshot, promoted, site.resource) ? promoted : undefined
  if (promoted !== primary) {
    log.warning(
      `${latest.node} was promoted after ${String(promoted)} (promotion ${latest.number}): this node's data is not made a copy of that one's`,
    )
  }
  const last = primary === undefined && wasLast(site, snapshot)
  const isLater = latest.number > 0 && !sameNode(latest.node, site.node)
  const standing = { ...UNOBSERVED, primary, last, later: isLater ? latest.node : undefined }
  if (primary === undefined || rewinding !== undefined) return { ...standing, rewinding }
  try {
    const { compareWithPrimary } = await import('./rejoin')
    const loss = await compareWithPrimary(context, site, locked)
    const rewindable =
      values.rejoin === 'rewind' && loss.kind !== 'nothing'
        ? (await controlDataOf(site.instance, deadline)).rewindable
        : undefined
    return { ...standing, loss, rewindable }
  } catch (error) {
    log.warning(`this node's data cannot be compared with ${primary}'s: ${messageOf(error)}`)
    return { ...standing, loss: messageOf(error) }
  }
}

/** Starts the server: with replication always as a standby, which only the cluster's promotion makes the primary. */
export async function start(context: Context): Promise<ExitCode> {
  const site = await readSite(context)
  // The data directory is being made again: nothing in it says anything yet.
  if (!context.explain && isReplicated(site) && readRejoin(site)?.state === 'running') {
    await awaitRejoin(context, site)
  }
  if (!context.explain && isReplicated(site) && existsOwned(site.instance.owner, site.files.swap)) {
    ;(await import('./swap')).mendSwap(site, context.log)
  }
  return startAsFound(context, site, false)
}

/** The word of this node on the latest promotion, which a primary may need to hear; see decide-proof.ts. */
async function epochIfKnown(
  { deadline }: Context,
  site: Site,
  looking: Promise<ClusterSnapshot> | undefined,
): Promise<string | undefined> {
  const snapshot = await (looking ?? takeSnapshot(deadline))
  return epochToPublish(snapshot, site.node, site.resource)
}

/** @param rejoined - this start has made the data a copy of the primary's */
async function startAsFound(context: Context, site: Site, rejoined: boolean): Promise<ExitCode> {
  const looking =
    isReplicated(site) && context.values.rejoin !== 'manual' ? takeSnapshot(context.deadline) : undefined
  // What was in vain is reported by whoever needs it, below.
  looking?.catch(() => undefined)
  const version = checkHost(site, context.values)
  // What is left of a server may still write to the data that is to be looked at.
  let server = findServer(site.instance)
  if (server.kind === 'orphaned' && !context.explain) {
    await clearRemains(context, site)
    server = findServer(site.instance)
  }
  const facts = await observe(context, site, version, server, rejoined, looking)
  const dataStatus = typeof facts.loss === 'object' ? dataStatusOf(facts.loss) : undefined
  const perform: Record<StartStep, () => Promise<void>> = {
    'publish stopped': async () => {
      const epoch = await epochIfKnown(context, site, looking)
      await publish(site, site.node, {
        status: 'STOP',
        ...(epoch !== undefined && { epoch }),
        baseline: null,
        position: null,
        refused: null,
        score: SCORE.never,
        ...(dataStatus !== undefined && { dataStatus }),
      })
    },
    'remove lock': () => {
      removeOwned(site.instance.owner, site.files.lock)
      context.log.info(`everything this node has is in the primary's data: ${site.files.lock} is removed`)
      return Promise.resolve()
    },
    'clear remains': () => clearRemains(context, site),
    start: () => startPlain(context, site),
    'start as follower': () => startStandby(context, site, version),
    'start as standby': () => startStandby(context, site, version),
    recover: async () => {
      try {
        // While nobody can write, its session and the check of its settings are left out: it ran with them before. And
        // the standbys need their replication slots again.
        await bringUp(context, site, version)
      } catch (error) {
        await tryPublish(site, site.node, { status: 'STOP', score: SCORE.never }, context.log)
        throw error
      }
    },
    rejoin: () => {
      const given = typeof facts.loss === 'object' ? whatIsLost(facts.loss) : undefined
      if (given !== undefined)
        context.log.warning(`${given}: discarded, because of rejoin=${String(facts.heals)}`)
      return awaitRejoin(context, site, facts.heals)
    },
    'publish standby': async () => {
      await publish(site, site.node, { status: 'HS:alone', ...(facts.rejoin && { rejoin: null }) })
      if (facts.rejoin) forgetRejoin(site)
    },
  }
  const plan = decideStart(facts)
  if (plan.reason !== undefined && facts.rejoin && !context.explain) rejoinIsTold(site)
  const exit = await carryOut(context, facts, plan, namedSteps(DESCRIPTIONS, perform))
  // In the meantime there may be another primary.
  return plan.steps.includes('rejoin') && !context.explain ? startAsFound(context, site, true) : exit
}
