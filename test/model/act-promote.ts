/** Promotion: what promote.ts does. */
import { primaryNodes, saysPrimary } from '../../agents/pgsql/primaries'
import { decidePromote, type NodePosition, type PromoteStep } from '../../agents/pgsql/decide-promote'
import { SCORE } from '../../agents/pgsql/names'
import { publishedQuorums } from '../../agents/pgsql/quorum'
import { requiredAtPromotion, requiredSetting } from '../../agents/pgsql/sync-policy'
import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode } from '../../lib/cluster/snapshot'
import { snapshotOf } from './attributes'
import {
  atOnce,
  awaitWrites,
  type Part,
  performNamed,
  publish,
  sendAll,
  setSynchronousNames,
} from './carry-out'
import { promoteServer } from './postgres'
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

function positionsOf(world: World, node: ModelNode, snapshot: ClusterSnapshot, name: string): NodePosition[] {
  return otherNames(world, node).flatMap((other) => {
    const state = findNode(snapshot, other)
    const position = state?.online === true ? state.transient[name] : undefined
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

export function* promote(world: World, node: ModelNode): Part<number> {
  const { policy } = world.options
  const snapshot = snapshotOf(world, node)
  yield
  if (!node.running) return 1
  const others = otherNames(world, node)
  const required = requiredAtPromotion(policy, snapshot, others, RESOURCE)
  const self = findNode(snapshot, node.name)
  const position = node.inRecovery ? lsnText(node.tip.lsn) : undefined
  const dataStatus = self?.permanent[NAMES.dataStatus]
  const plan = decidePromote({
    resource: RESOURCE,
    mode: 'sync',
    inRecovery: node.inRecovery,
    node: node.name,
    dataStatus,
    position,
    quorums: publishedQuorums(snapshot, NAMES.quorum),
    required: required.count,
    others: positionsOf(world, node, snapshot, NAMES.position),
    returning: node.lock !== undefined,
    baselines: positionsOf(world, node, snapshot, NAMES.baseline),
    followers: [],
    reachable: false,
    restart: false,
    slots: false,
  })
  if (plan.reason !== undefined) say(world, `  ${node.name}: ${plan.reason}`)
  const published = self?.permanent[NAMES.quorum] !== undefined
  const perform: Partial<Record<PromoteStep, () => Part<void>>> = {
    'publish complete': () => publish(world, node, node.index, { [NAMES.dataStatus]: 'LATEST' }),
    *'bar others'() {
      const own = {
        ...(position !== undefined && { [NAMES.baseline]: position }),
        ...(published && { [NAMES.quorum]: null }),
      }
      yield* awaitWrites([...barOthers(world, node, snapshot), ...sendAll(world, node, node.index, own)])
    },
    lock: () =>
      atOnce(() => {
        node.lock = { shutdown: undefined }
      }),
    'wait for standbys': () =>
      atOnce(() => {
        setSynchronousNames(world, node, requiredSetting(required, policy.quorum))
      }),
    promote: () =>
      atOnce(() => {
        promoteServer(world, node)
      }),
    'publish primary': () =>
      publish(world, node, node.index, {
        ...(dataStatus !== 'LATEST' && { [NAMES.dataStatus]: 'LATEST' }),
        ...((self === undefined || !saysPrimary(self, RESOURCE)) && {
          [SCORE_NAME]: SCORE.primary,
          [NAMES.status]: 'PRI',
        }),
        ...(self?.transient[NAMES.position] !== undefined && { [NAMES.position]: null }),
      }),
  }
  if (!(yield* performNamed(plan.steps, perform, () => node.running))) return 1
  return plan.exit
}

/** Whether the cluster already has this node as its primary. */
export function isPrimaryFor(world: World, node: ModelNode, name: string): boolean {
  return primaryNodes(snapshotOf(world, node), RESOURCE).includes(name)
}
