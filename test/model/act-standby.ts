/** What a standby's monitor does. */
import { decideFollow, type Finding, isStuck } from '../../agents/pgsql/decide-follow'
import { compareStanding } from '../../agents/pgsql/decide-obstacle'
import { decideStandby } from '../../agents/pgsql/decide-standby'
import { primaryNodes } from '../../agents/pgsql/primaries'
import { isLatest, latestPromotion } from '../../agents/pgsql/promotions'
import { isListed, publishedQuorums } from '../../agents/pgsql/quorum'
import { standbySetting } from '../../agents/pgsql/sync-policy'
import { findNode } from '../../lib/cluster/snapshot'
import { type Upstream } from '../../lib/postgres/upstream'
import { snapshotOf } from './attributes'
import { type Part, performSteps, publish } from './carry-out'
import { prove } from './proof'
import { answering, connect, holdOff, isRunningPrimary, replicate } from './postgres'
import { historyOf, lsnText } from './wal'
import { indexOf, type ModelNode, NAMES, otherNames, reaches, RESOURCE, say, type World } from './world'

const DATABASE = '7'
const SEGMENT = 16 * 1024 * 1024

/** How many monitors in a row have to see the same in an election. */
const CHECKS = 2

/** What the primary of that name says of itself; nothing where it does not answer. */
export function askPrimary(world: World, node: ModelNode, name: string): Upstream | undefined {
  const primary = world.nodes[indexOf(name)]
  if (primary === undefined || !isRunningPrimary(primary) || !reaches(primary, node)) return undefined
  const { tip } = primary
  // A primary that was away holds the address still when it is back: see rejoin.ts.
  const latest = latestPromotion(snapshotOf(world, node), RESOURCE)
  if (latest.number > 0 && latest.timeline !== tip.timeline) return undefined
  return {
    systemIdentifier: DATABASE,
    timeline: tip.timeline,
    flushed: lsnText(tip.lsn),
    history: historyOf(tip),
  }
}

export const identity = { systemIdentifier: DATABASE } as const

function find(world: World, node: ModelNode, name: string): Finding {
  const primary = askPrimary(world, node, name)
  if (primary === undefined) return { kind: 'unanswered', message: '' }
  const { timeline, lsn } = node.tip
  const position = lsnText(lsn)
  const found = compareStanding(
    {
      ...identity,
      timeline,
      redo: position,
      walSegmentSize: SEGMENT,
      received: position,
      replayed: position,
      followed: timeline,
    },
    primary,
  )
  return found.kind === 'fits' ? { kind: 'none' } : found
}

/** As receive-again.ts. */
export function* receiveAgain(world: World, node: ModelNode): Part<boolean> {
  const isLatestThere = (): boolean => {
    const primary = answering(world, node)
    const latest = latestPromotion(snapshotOf(world, node), RESOURCE)
    return primary !== undefined && (latest.number === 0 || latest.timeline === primary.tip.timeline)
  }
  if (!isLatestThere()) return false
  const { number } = latestPromotion(snapshotOf(world, node), RESOURCE)
  yield* publish(world, node, node.index, { [NAMES.position]: null })
  const proof = yield* prove(world, node, number)
  if (proof.kind !== 'proven') return false
  if (!node.running || !node.inRecovery || !isLatestThere()) return false
  node.heldOff = false
  // A new timeline begins with a record of its own, which is sent at once.
  if (connect(world, node)) replicate(world, node, false)
  return true
}

export function* monitorStandby(world: World, node: ModelNode): Part<number> {
  const { acknowledges = false } = world.options
  const snapshot = snapshotOf(world, node)
  const primaries = primaryNodes(snapshot, RESOURCE)
  const byQuorum = primaries.length === 0 && isListed(publishedQuorums(snapshot, NAMES.quorum), node.name)
  // Its receiver is ended: what it has then is all it has.
  if (byQuorum) holdOff(world, node)
  yield
  if (!node.running || !node.inRecovery) return node.running ? 8 : 7
  const plan = decideStandby({
    resource: RESOURCE,
    mode: 'sync',
    node: node.name,
    others: otherNames(world, node),
    primaries,
    synchronousStandbyNames: acknowledges ? standbySetting('sync') : node.synchronousNames,
    position: lsnText(node.tip.lsn),
    settled: byQuorum && node.upstream === undefined,
    note: node.note,
    checkCount: CHECKS,
    receiver: undefined,
    snapshot,
  })
  if (plan.because !== undefined) say(world, `  ${node.name}: ${plan.because}`)
  const [primary] = primaries
  if (primary === undefined || node.upstream !== undefined) {
    yield* performSteps(world, node, plan.steps)
    node.following = undefined
    return plan.exit
  }
  // A primary of before, which is to stop, is no reason for anything.
  if (!isLatest(snapshot, primary, RESOURCE)) {
    yield* performSteps(world, node, plan.steps)
    return plan.exit
  }
  if (node.heldOff && (yield* receiveAgain(world, node))) {
    yield* performSteps(world, node, plan.steps)
    return plan.exit
  }
  const position = lsnText(node.tip.lsn)
  const now = { primary, received: position, replayed: position }
  const following = decideFollow({
    resource: RESOURCE,
    node: node.name,
    now,
    note: node.following,
    finding: isStuck(now, node.following) ? find(world, node, primary) : undefined,
    dataStatus: findNode(snapshot, node.name)?.permanent[NAMES.dataStatus],
    rejoin: world.options.rejoin,
    knowsDegraded: true,
    user: 'replicator',
    masterIp: '192.0.2.1',
    owner: 'postgres',
  })
  if (following.reason !== undefined) say(world, `  ${node.name}: ${following.reason}`)
  yield* performSteps(world, node, [...plan.steps, ...following.steps])
  // Degraded is no failure.
  return following.exit === 190 ? 0 : following.exit
}
