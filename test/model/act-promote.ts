/** Promotion: what promote.ts does. */
import { baselinesOf } from '../../agents/pgsql/baselines'
import { primaryNodes, saysPrimary } from '../../agents/pgsql/primaries'
import { decidePromote, type NodePosition, type PromoteStep } from '../../agents/pgsql/decide-promote'
import { primaryScore, SCORE } from '../../agents/pgsql/names'
import {
  latestOf,
  latestPromotion,
  mayBePromoted,
  ownPromotion,
  writeOwn,
  writePromotion,
} from '../../agents/pgsql/promotions'
import { publishedQuorums } from '../../agents/pgsql/quorum'
import { requiredAtPromotion, requiredSetting } from '../../agents/pgsql/sync-policy'
import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode } from '../../lib/cluster/snapshot'
import { waitForFirst } from '../../lib/postgres/synchronous-names'
import { deliver, snapshotOf } from './attributes'
import {
  ActionFailure,
  atOnce,
  awaitWrites,
  type Part,
  performNamed,
  publish,
  sendAll,
  setSynchronousNames,
} from './carry-out'
import { promoteServer } from './postgres'
import { prove } from './proof'
import { lsnText } from './wal'
import {
  indexOf,
  type Message,
  type ModelNode,
  NAMES,
  otherNames,
  RESOURCE,
  say,
  SCORE_NAME,
  type World,
} from './world'

function positionsOf(world: World, node: ModelNode, snapshot: ClusterSnapshot): NodePosition[] {
  return otherNames(world, node).flatMap((other) => {
    const state = findNode(snapshot, other)
    const position = state?.online === true ? state.transient[NAMES.position] : undefined
    return position === undefined ? [] : [{ node: other, position }]
  })
}

function barOthers(world: World, node: ModelNode, snapshot: ClusterSnapshot): readonly Message[] {
  const others = otherNames(world, node).flatMap((name) => findNode(snapshot, name) ?? [])
  return others.flatMap((state) => {
    const score = promotionScore(state, RESOURCE)
    return sendAll(world, node, indexOf(state.name), {
      [NAMES.dataStatus]: 'DISCONNECT',
      ...(state.online && score !== undefined && score !== SCORE.never && { [SCORE_NAME]: SCORE.never }),
      ...(state.permanent[NAMES.quorum] !== undefined && { [NAMES.quorum]: null }),
    })
  })
}

/** Tells the number of this promotion to all members, as they were seen. */
function tellNumber(
  world: World,
  node: ModelNode,
  snapshot: ClusterSnapshot,
  number: number,
): readonly Message[] {
  const epoch = writePromotion({ number, node: node.name })
  const others = snapshot.nodes.filter(({ name, online }) => online && name !== node.name)
  return [
    ...sendAll(world, node, node.index, {
      [NAMES.promotion]: writeOwn(number, undefined),
      [NAMES.epoch]: epoch,
    }),
    ...others.flatMap(({ name }) => sendAll(world, node, indexOf(name), { [NAMES.epoch]: epoch })),
  ]
}

export function* promote(world: World, node: ModelNode): Part<number> {
  const { policy, protocol, gap = false } = world.options
  const before = yield* prove(world, node, undefined)
  // From here to the number of this promotion, which all members hear of: see proof.ts.
  const atLeisure = gap || protocol === 'before'
  if (atLeisure) yield
  const snapshot = snapshotOf(world, node)
  if (atLeisure) yield
  if (!node.running) return 1
  const others = otherNames(world, node)
  const required = requiredAtPromotion(policy, snapshot, others, RESOURCE)
  const self = findNode(snapshot, node.name)
  const position = node.inRecovery ? lsnText(node.tip.lsn) : undefined
  const dataStatus = self?.permanent[NAMES.dataStatus]
  const latest = latestOf([
    latestPromotion(snapshot, RESOURCE),
    before.kind === 'proven' ? before.latest : undefined,
  ])
  const number = latest.number + 1
  const own = ownPromotion(snapshot, node.name, RESOURCE)
  const plan = decidePromote({
    resource: RESOURCE,
    mode: 'sync',
    inRecovery: node.inRecovery,
    node: node.name,
    dataStatus,
    complete: mayBePromoted(snapshot, node.name, RESOURCE, 'sync', latest),
    unproven: before.kind === 'unproven' ? before.why : undefined,
    own,
    latest,
    position,
    quorums: publishedQuorums(snapshot, NAMES.quorum),
    required: required.count,
    others: positionsOf(world, node, snapshot),
    returning: node.lock !== undefined,
    baselines: baselinesOf(snapshot, others, RESOURCE),
    followers: [],
    reachable: false,
    restart: false,
    slots: false,
  })
  if (plan.reason !== undefined) say(world, `  ${node.name}: ${plan.reason}`)
  const published = self?.permanent[NAMES.quorum] !== undefined
  const gives = protocol === 'before' ? 0 : node.inRecovery ? number : own
  const perform: Partial<Record<PromoteStep, () => Part<void>>> = {
    withdraw: () => publish(world, node, node.index, { [SCORE_NAME]: SCORE.never }),
    *'publish complete'() {
      const told = tellNumber(world, node, snapshot, number)
      if (!atLeisure) while (deliver(world, node));
      yield* awaitWrites(told)
      yield* publish(world, node, node.index, { [NAMES.dataStatus]: 'LATEST' })
    },
    *'bar others'() {
      const also = {
        ...(position !== undefined && { [NAMES.baseline]: position }),
        ...(published && { [NAMES.quorum]: null }),
      }
      const told = tellNumber(world, node, snapshot, number)
      if (!atLeisure) while (deliver(world, node));
      yield* awaitWrites([
        ...told,
        ...barOthers(world, node, snapshot),
        ...sendAll(world, node, node.index, also),
      ])
    },
    lock: () =>
      atOnce(() => {
        node.lock = { shutdown: undefined }
      }),
    'wait for standbys': () =>
      atOnce(() => {
        setSynchronousNames(world, node, requiredSetting(required, policy.quorum))
      }),
    'wait until proven': () =>
      atOnce(() => {
        if (protocol === 'with proof') setSynchronousNames(world, node, waitForFirst(others))
      }),
    *promote() {
      yield
      if (node.running) promoteServer(world, node)
    },
    *'stop waiting'() {
      const found = yield* prove(world, node, number, true)
      if (gap) yield
      if (found.kind === 'superseded') {
        yield* publish(world, node, node.index, { [SCORE_NAME]: SCORE.never })
        throw new ActionFailure(`not to be the primary: ${found.by.node} was promoted meanwhile`)
      }
      if (found.kind === 'proven') setSynchronousNames(world, node, '')
    },
    'publish primary': () =>
      publish(world, node, node.index, {
        ...(dataStatus !== 'LATEST' && { [NAMES.dataStatus]: 'LATEST' }),
        ...((self === undefined || !saysPrimary(self, RESOURCE)) && {
          [SCORE_NAME]: primaryScore(gives),
          [NAMES.status]: 'PRI',
        }),
        ...(self?.transient[NAMES.position] !== undefined && { [NAMES.position]: null }),
      }),
  }
  if (!(yield* performNamed(plan.steps, perform, () => node.running, !atLeisure))) return 1
  return plan.exit
}

/** Whether the cluster already has this node as its primary. */
export function isPrimaryFor(world: World, node: ModelNode, name: string): boolean {
  return primaryNodes(snapshotOf(world, node), RESOURCE).includes(name)
}
