/** What other members of the clone are told of a promotion or a demotion. */
import { decideBeforePromote } from '../../agents/pgsql/decide-before-promote'
import { SCORE } from '../../agents/pgsql/names'
import { decideStandby } from '../../agents/pgsql/decide-standby'
import { latestPromotion, mayBePromoted } from '../../agents/pgsql/promotions'
import { isListed, publishedQuorums } from '../../agents/pgsql/quorum'
import { standbySetting } from '../../agents/pgsql/sync-policy'
import { findNode } from '../../lib/cluster/snapshot'
import { isPrimaryFor } from './act-promote'
import { receiveAgain } from './act-standby'
import { unlockIfReceived } from './act-stop'
import { send, snapshotOf } from './attributes'
import { awaitWrites, type Part, performSteps, publish } from './carry-out'
import { disconnect, holdOff } from './postgres'
import { prove } from './proof'
import { lsnText } from './wal'
import { type ModelNode, NAMES, nodeAt, otherNames, RESOURCE, say, SCORE_NAME, type World } from './world'

export function* beforePromote(world: World, node: ModelNode, promoting: number): Part<number> {
  yield
  if (!node.running || !node.inRecovery) return 0
  const { name } = nodeAt(world, promoting)
  if (isPrimaryFor(world, node, name)) return 0
  const position = lsnText(node.tip.lsn)
  if (promoting === node.index) {
    yield* publish(world, node, node.index, { [NAMES.baseline]: position })
    return 0
  }
  const baselineNow = (): string | undefined =>
    findNode(snapshotOf(world, node), name)?.transient[NAMES.baseline]
  yield { holds: () => baselineNow() !== undefined }
  const snapshot = snapshotOf(world, node)
  const quorums = publishedQuorums(snapshot, NAMES.quorum)
  const promotable = mayBePromoted(snapshot, name, RESOURCE, 'sync')
  const listed = isListed(quorums, name)
  const plan = decideBeforePromote({
    resource: RESOURCE,
    mode: 'sync',
    promoting: name,
    baseline: baselineNow(),
    node: node.name,
    complete: mayBePromoted(snapshot, node.name, RESOURCE, 'sync'),
    promotable: promotable || listed,
    heals: true,
    ofQuorum: listed && isListed(quorums, node.name) && !promotable,
    position,
  })
  for (const step of plan.steps) {
    yield
    if (step === 'claim') {
      const proof = yield* prove(world, node, latestPromotion(snapshot, RESOURCE).number)
      if (proof.kind !== 'proven' || !proof.prompt) return plan.exit
      say(world, `  ${node.name} has newer data than ${name}, and claims the promotion`)
      yield* publish(world, node, node.index, { [NAMES.position]: position, [SCORE_NAME]: SCORE.primary })
      yield* publish(world, node, promoting, { [SCORE_NAME]: SCORE.never })
    } else {
      say(world, `  ${node.name} has newer data than ${name}, and stands aside until a person acts`)
      yield* publish(world, node, node.index, {
        [NAMES.refused]: plan.reason ?? '',
        [SCORE_NAME]: SCORE.never,
      })
      yield* awaitWrites([send(world, node, 'ban', node.index, 'a ban of the resource', 'set')])
    }
  }
  return plan.exit
}

export function* afterPromote(world: World, node: ModelNode, promoted: number): Part<number> {
  const snapshot = snapshotOf(world, node)
  yield
  unlockIfReceived(node, snapshot.nodes[promoted]?.transient[NAMES.baseline])
  if (world.options.policy.quorum) holdOff(world, node)
  else disconnect(world, node)
  const said = snapshot.nodes[node.index]?.transient ?? {}
  yield* publish(world, node, node.index, {
    ...(said[NAMES.position] !== undefined && { [NAMES.position]: null }),
    ...(said[NAMES.baseline] !== undefined && { [NAMES.baseline]: null }),
  })
  if (node.heldOff) yield* receiveAgain(world, node)
  return 0
}

export function* afterDemote(world: World, node: ModelNode): Part<number> {
  yield
  if (!node.running) return 0
  const position = lsnText(node.tip.lsn)
  yield* publish(world, node, node.index, {
    [NAMES.status]: 'HS:alone',
    ...(node.inRecovery && { [NAMES.baseline]: position }),
  })
  if (world.options.policy.quorum && node.inRecovery) yield* electAtOnce(world, node)
  return 0
}

function* electAtOnce(world: World, node: ModelNode): Part<void> {
  const first = snapshotOf(world, node)
  const quorums = publishedQuorums(first, NAMES.quorum)
  if (!isListed(quorums, node.name)) return
  holdOff(world, node)
  const position = lsnText(node.tip.lsn)
  yield* publish(world, node, node.index, { [NAMES.position]: position })
  const others = otherNames(world, node)
  const haveSaid = (): boolean => {
    const now = snapshotOf(world, node)
    return others.every((other) => {
      const state = findNode(now, other)
      const asked = state?.online === true && isListed(quorums, other) && !state.stopped.includes(RESOURCE)
      return !asked || state.transient[NAMES.position] !== undefined
    })
  }
  yield { holds: haveSaid }
  const plan = decideStandby({
    resource: RESOURCE,
    mode: 'sync',
    node: node.name,
    others,
    primaries: [],
    synchronousStandbyNames: standbySetting('sync'),
    position,
    settled: true,
    note: undefined,
    checkCount: 2,
    receiver: undefined,
    snapshot: snapshotOf(world, node),
  })
  yield* performSteps(world, node, plan.steps)
}
