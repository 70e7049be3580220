import { setTimeout as sleep } from 'node:timers/promises'
import { answersForAll } from '../../lib/cluster/attribute-commands'
import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode, sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { valuesInMemory } from '../../lib/cluster/total-order'
import { carryOut, type Deadline, namedSteps, ExitCode, OcfError } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion, usesStandbySignal } from '../../lib/postgres/instance'
import { type PidFile } from '../../lib/postgres/pid-file'
import { promoteServer } from '../../lib/postgres/promote-server'
import { checkpointerRests, findSenders, readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { waitForFirst } from '../../lib/postgres/synchronous-names'
import { stopServer } from '../../lib/postgres/stop-server'
import { since, thisMoment } from '../../lib/system/clocks'
import { removeOwned, writeOwned } from '../../lib/system/owned-files'
import { signalProcess } from '../../lib/system/processes'
import { type Context } from './agent'
import { awaitBaselines, baselinesOf } from './baselines'
import { decidePromote, hasSameReasons, type PromoteFacts, type PromoteStep } from './decide-promote'
import { isLocked, lock } from './lock-file'
import { makeTmpdir } from './make-tmpdir'
import { primaryScore, SCORE } from './names'
import { endConnections, holdsReplicationAddress } from './old-connections'
import { saysPrimary } from './primaries'
import {
  latestOf,
  latestPromotion,
  mayBePromoted,
  NO_PROMOTION,
  ownPromotion,
  type Promotion,
  readOwn,
  writeOwn,
  writePromotion,
} from './promotions'
import { type Proof, type ProofMemory, prove } from './prove'
import { publish } from './publish'
import { publishedQuorums } from './quorum'
import { withSession } from './session'
import {
  applicationName,
  otherNodes,
  readReplicatedSite,
  readSiteVersion,
  type ReplicatedSite,
  type Site,
} from './site'
import { makeStandbySlots } from './slots'
import { startPlain } from './start-standby'
import { repModeText } from './steps'
import { readPolicy, requiredAtPromotion, requiredSetting } from './sync-policy'

/** Milliseconds between two looks at what a server has put in force. */
const POLL_MS = 20

/** In less time no node can be given up by the others, and another one be promoted. */
const LATE_MS = 1000

const DESCRIPTIONS: Record<PromoteStep, string> = {
  withdraw: 'take back the promotion score of this node, which is older than what is known of its data',
  'publish complete':
    'say in the node attributes that this node has every acknowledged commit, which the standbys that answered prove, and the number of this promotion',
  'bar others':
    'say in the node attributes which number this promotion has, that the other nodes are not connected and may not be promoted, and at which WAL position this node goes on',
  lock: 'make the lock file: from now on this node has what the others do not',
  'wait for standbys':
    'set synchronous_standby_names, so that even the first commit waits for a standby (sync_policy=strict)',
  'wait until proven':
    'set synchronous_standby_names, so that no commit is acknowledged before it is proven that nobody was promoted meanwhile',
  'end old connections':
    'end the connections of standbys that reach this node no more, and that commits would wait for',
  promote: 'promote PostgreSQL',
  'restart as primary': 'stop the standby and start it as a primary on the same timeline',
  'stop waiting': 'take synchronous_standby_names back, with the proof that nobody was promoted meanwhile',
  'make slots': 'make a replication slot for each other node',
  'publish primary':
    'say in the node attributes that this node is the primary, and take back its position in the election',
}

/** Before the first new commit, the cluster must know that nobody else has what this node is going to have. */
async function barOthers(site: Site, snapshot: ClusterSnapshot): Promise<void> {
  const nodes = otherNodes(site, snapshot)
    .map((name) => findNode(snapshot, name))
    .filter((node) => node !== undefined)
  await Promise.all(
    nodes.map((state) => {
      const { name, online } = state
      const score = promotionScore(state, site.resource)
      const hasScore = online && score !== undefined && score !== SCORE.never
      const published = state.permanent[site.attributes.quorum] !== undefined
      return publish(site, name, {
        dataStatus: 'DISCONNECT',
        ...(hasScore && { score: SCORE.never }),
        ...(published && { quorum: null }),
      })
    }),
  )
}

/**
 * Tells all members the number of this promotion: whichever of them is asked later knows of it. Nodes without the
 * resource are told, too: they count for the quorum.
 */
async function publishNumber(site: Site, snapshot: ClusterSnapshot, promotion: Promotion): Promise<void> {
  const epoch = writePromotion(promotion)
  const others = snapshot.nodes.filter(({ name, online }) => online && !sameNode(name, site.node))
  await Promise.all([
    publish(site, site.node, { claim: writeOwn(promotion.number, undefined), epoch }),
    ...others.map(({ name }) => publish(site, name, { epoch })),
  ])
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
  const looking = takeSnapshot(deadline)
  // What was in vain is reported by whoever needs it, below.
  looking.catch(() => undefined)
  return withSession(site, values, runningServer(site), deadline, (connection) =>
    promoteWith(context, site, version, connection, looking),
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

/**
 * Puts synchronous_standby_names in force in a standby, for the time after its promotion: it is the checkpointer that
 * makes all sessions wait, and a standby has one, too.
 */
async function requireStandbys(
  { instance, files }: Site,
  version: MajorVersion,
  connection: Connection,
  setting: string,
  deadline: Deadline,
): Promise<void> {
  const server = findServer(instance.dataDirectory)
  if (server.kind !== 'running') return
  writeOwned(instance.owner, files.repMode, repModeText(setting))
  signalProcess(server.postmaster.pid, 'SIGHUP')
  await deadline.until('PostgreSQL to put synchronous_standby_names in force', POLL_MS, async () => {
    const { synchronousStandbyNames } = await readRole(connection, version)
    const inForce = synchronousStandbyNames === setting && (await checkpointerRests(connection, version))
    return inForce || undefined
  })
}

/** What the other nodes that are there have said in an election of where their data ends. */
function positionsOf(site: Site, snapshot: ClusterSnapshot): PromoteFacts['others'] {
  return otherNodes(site, snapshot).flatMap((name) => {
    const node = findNode(snapshot, name)
    const position = node?.online ? node.transient[site.attributes.position] : undefined
    return position === undefined ? [] : [{ node: name, position }]
  })
}

/** The cluster before anything is changed, and what is proven of it. */
interface Standing {
  readonly snapshot: ClusterSnapshot
  readonly proof: Pick<Proof, 'startedAt'> & {
    readonly latest: Promotion
    readonly unproven: string | undefined
  }
}

/** How long the CIB of this node may lag behind what the members know, after it has been away. */
const LAG_MS = 3000
/** The part of the action's time that is left for the promotion. */
const PROMOTION_SHARE = 1 / 2

/** Whether the CIB has what the latest promotion wrote last: all that it said of this node is there, too. */
function hasAll(snapshot: ClusterSnapshot, { number, node }: Promotion, { attributes }: Site): boolean {
  const published = readOwn(findNode(snapshot, node)?.permanent[attributes.promotion])
  return number === 0 || published?.number === number
}

/**
 * The cluster, with the proof that this node belongs to the part that decides. This node may have slept since the cluster
 * decided to promote it: what it saw before the proof counts only where the members know of no more.
 */
async function proveStanding(
  { deadline, explain }: Context,
  site: ReplicatedSite,
  looking: Promise<ClusterSnapshot>,
): Promise<Standing> {
  const startedAt = thisMoment()
  if (explain)
    return { snapshot: await looking, proof: { startedAt, latest: NO_PROMOTION, unproven: undefined } }
  let seen = looking
  const patience = deadline.before(deadline.remainingMs * PROMOTION_SHARE)
  const memory: ProofMemory = {}
  for (;;) {
    const proof = await prove(site, seen, undefined, deadline, { patienceMs: patience.remainingMs, memory })
    const snapshot = await seen
    if (proof.kind !== 'proven') {
      const unproven = proof.kind === 'unproven' ? proof.why : 'another node was promoted meanwhile'
      return { snapshot, proof: { startedAt, latest: NO_PROMOTION, unproven } }
    }
    const found = {
      snapshot,
      proof: { startedAt: proof.startedAt, latest: proof.latest, unproven: undefined },
    }
    if (proof.prompt && (hasAll(snapshot, proof.latest, site) || since(startedAt) > LAG_MS)) return found
    if (patience.passed) {
      const unproven = 'the members of the cluster change all the time'
      return { snapshot, proof: { ...found.proof, unproven } }
    }
    await sleep(POLL_MS)
    seen = takeSnapshot(deadline)
    seen.catch(() => undefined)
  }
}

async function promoteWith(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  looking: Promise<ClusterSnapshot>,
): Promise<ExitCode> {
  const { values, deadline, log } = context
  const { instance, node, files } = site
  const [{ snapshot: seen, proof }, role] = await Promise.all([
    proveStanding(context, site, looking),
    readRole(connection, version),
  ])
  const snapshot = role.inRecovery && !context.explain ? await awaitBaselines(context, site, seen) : seen
  const latest = latestOf([latestPromotion(snapshot, site.resource), proof.latest])
  const promotion: Promotion = { number: latest.number + 1, node }
  const required = requiredAtPromotion(
    readPolicy(values),
    snapshot,
    otherNodes(site, snapshot),
    site.resource,
  )
  const self = findNode(snapshot, node)
  const senders = await findSenders(connection, version, site.nodeList.map(applicationName))
  const facts: PromoteFacts = {
    resource: site.resource,
    mode: site.mode,
    inRecovery: role.inRecovery,
    node,
    dataStatus: self?.permanent[site.attributes.dataStatus],
    complete: mayBePromoted(snapshot, node, site.resource, site.mode, latest),
    unproven: proof.unproven,
    own: ownPromotion(snapshot, node, site.resource),
    latest,
    position: role.position,
    quorums: publishedQuorums(snapshot, site.attributes.quorum),
    required: site.mode === 'sync' ? required.count : 0,
    others: positionsOf(site, snapshot),
    returning: isLocked(site),
    baselines: baselinesOf(snapshot, otherNodes(site, snapshot), site.resource),
    followers: senders.map(({ applicationName: name }) => name),
    reachable: senders.length > 0 && (await holdsReplicationAddress(context)),
    restart: values.restart_on_promote,
    slots: site.slotPrefix !== '',
  }
  // The proof that commits wait for is collected while PostgreSQL is promoted.
  let proving: Promise<Proof> | undefined
  let numbering: Promise<void> = Promise.resolve()
  const promotes = role.inRecovery
  /** A restart has ended the session before it. */
  const timelineNow = async (): Promise<number | undefined> => {
    if (!promotes) return undefined
    const { timeline } = values.restart_on_promote
      ? await withSession(site, values, runningServer(site), deadline, (fresh) => readRole(fresh, version))
      : await readRole(connection, version)
    return timeline
  }
  const proveMeanwhile = (): void => {
    proving = prove(site, snapshot, promotion.number, deadline, { unique: true })
    proving.catch(() => undefined)
  }
  /** The members know the number: from then on, this node's own data status and number are what has changed. */
  let told = false
  /**
   * Right before the number is published, and not earlier: a primary that was away can come back and go on without this
   * node, until the members know of this promotion. What was decided holds only if nothing of it has changed.
   */
  const requireUnchanged = async (): Promise<void> => {
    if (told) return
    const now = await proveStanding(context, site, takeSnapshot(deadline))
    // A primary that goes on may have changed it while the proof was collected. What the others have said in the
    // election counts as the members know it now: the configuration may lag behind that.
    const [after, positions] = await Promise.all([
      takeSnapshot(deadline),
      facts.complete || !answersForAll(site.featureSet)
        ? undefined
        : valuesInMemory(site.attributes.position, deadline),
    ])
    const reasons = {
      dataStatus: findNode(after, node)?.permanent[site.attributes.dataStatus],
      quorums: publishedQuorums(after, site.attributes.quorum),
      others: positionsOf(site, after).filter(
        (other) => positions === undefined || positions[other.node] === other.position,
      ),
    }
    if (
      now.proof.unproven === undefined &&
      now.proof.latest.number < promotion.number &&
      hasSameReasons(facts, reasons)
    )
      return
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      'not promoted: the cluster has changed since it decided to promote this node, and decides again',
    )
  }
  const perform: Record<PromoteStep, () => Promise<void>> = {
    withdraw: () => publish(site, node, { score: SCORE.never }),
    'publish complete': async () => {
      await requireUnchanged()
      await publishNumber(site, snapshot, promotion)
      told = true
      await publish(site, node, { dataStatus: 'LATEST', promotion: writeOwn(promotion.number, undefined) })
    },
    'bar others': async () => {
      const baseline = role.position === undefined ? {} : { baseline: role.position }
      const published = self?.permanent[site.attributes.quorum] !== undefined
      await requireUnchanged()
      await Promise.all([
        publishNumber(site, snapshot, promotion),
        barOthers(site, snapshot),
        publish(site, node, { ...baseline, ...(published && { quorum: null }) }),
      ])
      // After all the rest: where this is seen, that is there, too. PostgreSQL is promoted meanwhile.
      numbering = publish(site, node, { promotion: writeOwn(promotion.number, undefined) })
      numbering.catch(() => undefined)
    },
    lock: () => {
      makeTmpdir(site)
      lock(site)
      return Promise.resolve()
    },
    'wait for standbys': async () => {
      const setting = requiredSetting(required, values.sync_method === 'quorum')
      await requireStandbys(site, version, connection, setting, deadline)
      log.info(`synchronous_standby_names is '${setting}' from the first commit on (sync_policy=strict)`)
    },
    'wait until proven': async () => {
      const names = otherNodes(site, snapshot).map(applicationName)
      if (names.length > 0) await requireStandbys(site, version, connection, waitForFirst(names), deadline)
    },
    'end old connections': () => endConnections(context, connection, senders),
    promote: async () => {
      proveMeanwhile()
      await promoteServer(instance, version, connection, deadline)
      log.info('PostgreSQL is promoted')
    },
    'restart as primary': async () => {
      proveMeanwhile()
      await restartAsPrimary(context, site, version)
      log.info('PostgreSQL is restarted as the primary')
    },
    'stop waiting': async () => {
      let found = await proving
      if (found !== undefined && since(found.startedAt) >= LATE_MS) {
        found = await prove(site, snapshot, promotion.number, deadline, { unique: true })
      }
      if (found?.kind === 'superseded') {
        await publish(site, node, { score: SCORE.never })
        throw new OcfError(
          ExitCode.ERR_GENERIC,
          `not to be the primary: ${found.by.node} was promoted meanwhile (promotion ${found.by.number})`,
        )
      }
      if (found?.kind === 'unproven') {
        log.warning(`commits wait until it is proven that this node is the primary: ${found.why}`)
        return
      }
      writeOwned(instance.owner, files.repMode, repModeText(''))
      signalProcess(runningServer(site).pid, 'SIGHUP')
    },
    // In a session of its own: a restart ends the one before it.
    'make slots': () =>
      withSession(site, values, runningServer(site), deadline, (fresh) =>
        makeStandbySlots(fresh, site, version, log),
      ),
    'publish primary': async () => {
      await numbering
      // A node that returns must know which server is the one that was promoted last: see rejoin.ts.
      const own = writeOwn(promotion.number, await timelineNow())
      // Where it is recovered in place, all of this is said already.
      await publish(site, node, {
        ...(promotes && { promotion: own, claim: own }),
        ...(facts.dataStatus !== 'LATEST' && { dataStatus: 'LATEST' }),
        ...((self === undefined || !saysPrimary(self, site.resource)) && {
          score: primaryScore(facts.inRecovery ? promotion.number : facts.own),
          status: 'PRI',
        }),
        ...(self?.transient[site.attributes.position] !== undefined && { position: null }),
      })
    },
  }
  return carryOut(context, facts, decidePromote(facts), namedSteps(DESCRIPTIONS, perform))
}
