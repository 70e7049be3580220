/** Promotion: what promote.ts does. */
import { baselinesOf } from '../../agents/pgsql/baselines'
import { primaryNodes, saysPrimary } from '../../agents/pgsql/primaries'
import {
  decidePromote,
  hasSameReasons,
  type NodePosition,
  type PromoteFacts,
  type PromoteStep,
} from '../../agents/pgsql/decide-promote'
import { primaryScore, SCORE } from '../../agents/pgsql/names'
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
  CLAIM,
  type Part,
  performNamed,
  publish,
  sendAll,
  setSynchronousNames,
} from './carry-out'
import { promoteServer } from './postgres'
import { type Proof, type ProofMemory, prove } from './proof'
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
  const told = [
    ...sendAll(world, node, node.index, { [CLAIM]: writeOwn(number, undefined), [NAMES.epoch]: epoch }),
    ...others.flatMap(({ name }) => sendAll(world, node, indexOf(name), { [NAMES.epoch]: epoch })),
  ]
  // It is a matter of milliseconds, right after the proof or the look at the clocks: see proof.ts.
  if (world.options.gap !== true) while (deliver(world, node));
  return told
}

interface Standing {
  readonly snapshot: ClusterSnapshot
  readonly latest: Promotion
  readonly unproven: string | undefined
}

const ROUNDS = 4

/** As promote.ts does. */
function* proveStanding(world: World, node: ModelNode): Part<Standing> {
  let snapshot = snapshotOf(world, node)
  const memory: ProofMemory = {}
  for (let round = 0; round < ROUNDS; round += 1) {
    const { breaks } = node
    const { ring } = memory
    snapshot = snapshotOf(world, node)
    yield
    const proof = yield* prove(world, node, undefined, false, memory)
    if (proof.kind !== 'proven') {
      const unproven = proof.kind === 'unproven' ? proof.why : 'another node was promoted meanwhile'
      return { snapshot, latest: NO_PROMOTION, unproven }
    }
    const { latest } = proof
    const published = readOwn(findNode(snapshot, latest.node)?.permanent[NAMES.promotion])
    const hasAll = latest.number === 0 || published?.number === latest.number
    const prompt = proof.prompt && (breaks === node.breaks || ring === node.ring.id)
    // The configuration may lag behind for some seconds, and not longer.
    if (world.options.protocol === 'before' || (prompt && (hasAll || round === ROUNDS - 1)))
      return { snapshot, latest, unproven: undefined }
    yield
  }
  const unproven = 'the cluster changes all the time'
  return { snapshot, latest: NO_PROMOTION, unproven }
}

export function* promote(world: World, node: ModelNode): Part<number> {
  const { policy, protocol, gap = false } = world.options
  const { snapshot, ...standing } = yield* proveStanding(world, node)
  yield
  if (!node.running) return 1
  const others = otherNames(world, node)
  const required = requiredAtPromotion(policy, snapshot, others, RESOURCE)
  const self = findNode(snapshot, node.name)
  const position = node.inRecovery ? lsnText(node.tip.lsn) : undefined
  const dataStatus = self?.permanent[NAMES.dataStatus]
  const latest = latestOf([latestPromotion(snapshot, RESOURCE), standing.latest])
  const number = latest.number + 1
  const own = ownPromotion(snapshot, node.name, RESOURCE)
  const facts: PromoteFacts = {
    resource: RESOURCE,
    mode: 'sync',
    inRecovery: node.inRecovery,
    node: node.name,
    dataStatus,
    complete: mayBePromoted(snapshot, node.name, RESOURCE, 'sync', latest),
    unproven: standing.unproven,
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
  }
  const plan = decidePromote(facts)
  if (plan.reason !== undefined) say(world, `  ${node.name}: ${plan.reason}`)
  const published = self?.permanent[NAMES.quorum] !== undefined
  const promotes = node.inRecovery
  const gives = protocol === 'before' ? 0 : promotes ? number : own
  function* requireUnchanged(): Part<void> {
    if (looked || gap || protocol === 'before') return
    const now = yield* proveStanding(world, node)
    const after = snapshotOf(world, node)
    const reasons = {
      dataStatus: findNode(after, node.name)?.permanent[NAMES.dataStatus],
      quorums: publishedQuorums(after, NAMES.quorum),
      others: positionsOf(world, node, after),
    }
    if (now.unproven === undefined && now.latest.number < number && hasSameReasons(facts, reasons)) return
    throw new ActionFailure('not promoted: the cluster has changed while this node stood still')
  }
  let looked = false
  let proof: Proof | undefined
  let numbering: readonly Message[] = []
  const perform: Partial<Record<PromoteStep, () => Part<void>>> = {
    withdraw: () => publish(world, node, node.index, { [SCORE_NAME]: SCORE.never }),
    *'publish complete'() {
      yield* requireUnchanged()
      const messages = tellNumber(world, node, snapshot, number)
      looked = true
      yield* awaitWrites(messages)
      yield* publish(world, node, node.index, {
        [NAMES.dataStatus]: 'LATEST',
        [NAMES.promotion]: writeOwn(number, undefined),
      })
    },
    *'bar others'() {
      yield* requireUnchanged()
      yield* awaitWrites([
        ...tellNumber(world, node, snapshot, number),
        ...barOthers(world, node, snapshot),
        ...sendAll(world, node, node.index, {
          ...(position !== undefined && { [NAMES.baseline]: position }),
          ...(published && { [NAMES.quorum]: null }),
        }),
      ])
      numbering = sendAll(world, node, node.index, { [NAMES.promotion]: writeOwn(number, undefined) })
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
      if (plan.steps.includes('stop waiting')) proof = yield* prove(world, node, number, true)
      yield
      if (node.running) promoteServer(world, node)
    },
    *'stop waiting'() {
      // It was collected while PostgreSQL was promoted.
      if (!gap && proof !== undefined && proof.breaks !== node.breaks) {
        proof = yield* prove(world, node, number, true)
      }
      if (proof?.kind === 'superseded') {
        yield* publish(world, node, node.index, { [SCORE_NAME]: SCORE.never })
        throw new ActionFailure(`not to be the primary: ${proof.by.node} was promoted meanwhile`)
      }
      if (proof?.kind === 'proven') setSynchronousNames(world, node, '')
    },
    *'publish primary'() {
      yield* awaitWrites(numbering)
      const now = writeOwn(number, node.tip.timeline)
      yield* publish(world, node, node.index, {
        ...(promotes && { [NAMES.promotion]: now, [CLAIM]: now }),
        ...(dataStatus !== 'LATEST' && { [NAMES.dataStatus]: 'LATEST' }),
        ...((self === undefined || !saysPrimary(self, RESOURCE)) && {
          [SCORE_NAME]: primaryScore(gives),
          [NAMES.status]: 'PRI',
        }),
        ...(self?.transient[NAMES.position] !== undefined && { [NAMES.position]: null }),
      })
    },
  }
  if (!(yield* performNamed(plan.steps, perform, () => node.running))) return 1
  return plan.exit
}

/** Whether the cluster already has this node as its primary. */
export function isPrimaryFor(world: World, node: ModelNode, name: string): boolean {
  return primaryNodes(snapshotOf(world, node), RESOURCE).includes(name)
}
