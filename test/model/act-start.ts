/** Start: what start.ts does, a rejoin included. */
import { dataStatusOf } from '../../agents/pgsql/decide-obstacle'
import { findFork, type Loss } from '../../agents/pgsql/decide-rejoin'
import { decideStart, type StartFacts, type StartStep } from '../../agents/pgsql/decide-start'
import { SCORE } from '../../agents/pgsql/names'
import { primaryNodes } from '../../agents/pgsql/primaries'
import { epochToPublish, isLatest, latestPromotion } from '../../agents/pgsql/promotions'
import { type ClusterSnapshot } from '../../lib/cluster/snapshot'
import { askPrimary, identity } from './act-standby'
import { snapshotOf } from './attributes'
import { ActionFailure, atOnce, type Part, performNamed, publish } from './carry-out'
import { isRunningPrimary, rewind, startStandby } from './postgres'
import { lsnText } from './wal'
import {
  indexOf,
  type ModelNode,
  NAMES,
  nodeAt,
  reaches,
  RESOURCE,
  say,
  SCORE_NAME,
  type World,
} from './world'

/** What of this node's data the primary has not (rejoin.ts); an error's text where it does not answer. */
function compare(world: World, node: ModelNode, name: string): Loss | string {
  const primary = askPrimary(world, node, name)
  if (primary === undefined) return `${name} does not answer`
  const { timeline, lsn } = node.tip
  const fork = findFork({ ...identity, timeline }, primary)
  switch (fork.kind) {
    case 'another database':
      return fork
    case 'unknown timeline':
      return { ...fork, timeline, primaryTimeline: primary.timeline }
    case 'shared':
      // As its control file says: it was a standby when it last ran.
      if (node.lock !== undefined && !node.inRecovery) return { kind: 'same timeline', timeline }
      return node.inRecovery && primary.flushed !== undefined && lsnText(lsn) > primary.flushed
        ? { kind: 'diverged', timeline, fork: primary.flushed, bytes: undefined }
        : { kind: 'nothing' }
    case 'left':
      return lsnText(lsn) > fork.end
        ? { kind: 'diverged', timeline, fork: fork.end, bytes: undefined }
        : { kind: 'nothing' }
  }
}

type Standing = Pick<StartFacts, 'primary' | 'last' | 'later' | 'loss'>

/** As start.ts does. */
function wasLast(snapshot: ClusterSnapshot, name: string): boolean {
  if (latestPromotion(snapshot, RESOURCE).number > 0) return isLatest(snapshot, name, RESOURCE)
  const latest = snapshot.nodes.filter(({ permanent }) => permanent[NAMES.dataStatus] === 'LATEST')
  return latest.length === 1 && latest.every((only) => only.name === name)
}

function standing(world: World, node: ModelNode, snapshot: ClusterSnapshot): Standing {
  const [promoted] = primaryNodes(snapshot, RESOURCE).filter((name) => name !== node.name)
  const latest = latestPromotion(snapshot, RESOURCE)
  const primary = promoted !== undefined && isLatest(snapshot, promoted, RESOURCE) ? promoted : undefined
  return {
    primary,
    last: primary === undefined && wasLast(snapshot, node.name),
    later: latest.number > 0 && latest.node !== node.name ? latest.node : undefined,
    loss: primary === undefined ? undefined : compare(world, node, primary),
  }
}

function* rejoin(world: World, node: ModelNode, name: string | undefined): Part<void> {
  const primary = name === undefined ? undefined : nodeAt(world, indexOf(name))
  const isThere = (): boolean => primary !== undefined && isRunningPrimary(primary) && reaches(primary, node)
  // rejoin-worker.ts
  const [promoted] = primaryNodes(snapshotOf(world, node), RESOURCE)
  if (promoted !== undefined && !isLatest(snapshotOf(world, node), promoted, RESOURCE)) {
    throw new ActionFailure(`${promoted} is a primary of before`)
  }
  const late = yield { holds: isThere }
  if (late || primary === undefined || !isThere()) throw new ActionFailure('the rejoin failed')
  rewind(world, node, primary)
}

export function* start(world: World, node: ModelNode, rejoined = false): Part<number> {
  const snapshot = snapshotOf(world, node)
  yield
  const { running, inRecovery } = node
  const facts: StartFacts = {
    kind: 'member',
    manual: false,
    heals: world.options.rejoin,
    rejoin: undefined,
    rejoined,
    rejoinFile: 'rejoin.json',
    rewinding: undefined,
    rewindable: true,
    server: running ? 'running' : 'stopped',
    running: running ? (inRecovery ? 'standby' : 'primary') : undefined,
    lock: node.lock === undefined ? undefined : 'PGSQL.lock',
    ...(running
      ? { primary: undefined, last: false, later: undefined, loss: undefined }
      : standing(world, node, snapshot)),
    promotesNext: false,
    masterIp: '192.0.2.1',
    resource: RESOURCE,
  }
  const plan = decideStart(facts)
  if (plan.reason !== undefined) say(world, `  ${node.name} is not started: ${plan.reason}`)
  const dataStatus = typeof facts.loss === 'object' ? dataStatusOf(facts.loss) : undefined
  const epoch = epochToPublish(snapshot, node.name, RESOURCE)
  const perform: Partial<Record<StartStep, () => Part<void>>> = {
    'publish stopped': () =>
      publish(world, node, node.index, {
        [NAMES.status]: 'STOP',
        ...(epoch !== undefined && { [NAMES.epoch]: epoch }),
        [NAMES.baseline]: null,
        [NAMES.position]: null,
        [NAMES.refused]: null,
        [SCORE_NAME]: SCORE.never,
        ...(dataStatus !== undefined && { [NAMES.dataStatus]: dataStatus }),
      }),
    'remove lock': () =>
      atOnce(() => {
        node.lock = undefined
      }),
    'start as standby': () =>
      atOnce(() => {
        startStandby(world, node)
      }),
    rejoin: () => rejoin(world, node, facts.primary),
    'publish standby': () => publish(world, node, node.index, { [NAMES.status]: 'HS:alone' }),
  }
  yield* performNamed(plan.steps, perform)
  return plan.steps.includes('rejoin') ? yield* start(world, node, true) : plan.exit
}
