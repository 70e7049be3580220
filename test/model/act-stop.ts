/** Demotion and stop. */
import { decideDemote, type DemoteStep } from '../../agents/pgsql/decide-demote'
import { decideStop, type StopStep } from '../../agents/pgsql/decide-stop'
import { SCORE } from '../../agents/pgsql/names'
import { isLatest, latestPromotion } from '../../agents/pgsql/promotions'
import { hasReceived } from '../../lib/postgres/shutdown'
import { snapshotOf } from './attributes'
import { ActionFailure, atOnce, type Part, performNamed, publish, tryPublish } from './carry-out'
import { endServer, shutDown, startStandby } from './postgres'
import { lsnText } from './wal'
import { type ModelNode, NAMES, nodeAt, RESOURCE, say, SCORE_NAME, type World } from './world'

export interface Demotion {
  readonly stopsNext: boolean
  readonly wasAlone: boolean
}

export function* demote(world: World, node: ModelNode, { stopsNext, wasAlone }: Demotion): Part<number> {
  const snapshot = snapshotOf(world, node)
  const { timeline } = latestPromotion(snapshot, RESOURCE)
  const superseded = !isLatest(snapshot, node.name, RESOURCE)
  yield
  const { running, inRecovery } = node
  const plan = decideDemote({
    server: running ? 'running' : 'stopped',
    role: running ? (inRecovery ? 'standby' : 'primary') : undefined,
    stopsNext,
    promotesNext: false,
    confusable: superseded && (timeline === undefined || timeline === node.tip.timeline),
    wasAlone: snapshot.quorate && !superseded && wasAlone,
  })
  const barred = { [SCORE_NAME]: SCORE.never, [NAMES.baseline]: null }
  let clean = false
  const perform: Partial<Record<DemoteStep, () => Part<void>>> = {
    'publish demoted': () => tryPublish(world, node, node.index, barred),
    stop: () =>
      atOnce(() => {
        clean = node.running
        shutDown(world, node)
        say(world, `  PostgreSQL on ${node.name} is stopped`)
      }),
    'note shutdown': () =>
      atOnce(() => {
        if (node.lock !== undefined && clean) node.lock = { shutdown: node.tip.lsn }
      }),
    'remove lock': () =>
      atOnce(() => {
        node.lock = undefined
      }),
    'publish stopped': () => tryPublish(world, node, node.index, { [NAMES.status]: 'STOP' }),
    *'start as standby'() {
      startStandby(world, node)
      yield* publish(world, node, node.index, { [NAMES.status]: 'HS:alone' })
    },
  }
  yield* performNamed(plan.steps, perform)
  return plan.exit
}

/** Removes the lock where `successor` has received all of this node's data (lock-file.ts). */
export function unlockIfReceived(node: ModelNode, received: string | undefined): void {
  const end = node.lock?.shutdown
  if (end === undefined || received === undefined) return
  const shutdown = { timeline: node.tip.timeline, checkpoint: lsnText(end - 1), walBlockSize: 2 ** 30 }
  if (hasReceived(shutdown, received)) node.lock = undefined
}

export function* stop(world: World, node: ModelNode, successor: number | undefined): Part<number> {
  yield
  const plan = decideStop({
    server: node.running ? 'running' : 'stopped',
    node: node.name,
    publishes: false,
    locked: node.lock !== undefined,
    rejoins: false,
    successor: successor === undefined ? undefined : nodeAt(world, successor).name,
  })
  const barred = { [SCORE_NAME]: SCORE.never, [NAMES.position]: null, [NAMES.baseline]: null }
  const perform: Record<StopStep, () => Part<void>> = {
    *stop() {
      yield* tryPublish(world, node, node.index, barred)
      if (node.inRecovery) endServer(world, node)
      else shutDown(world, node)
      node.synchronousNames = ''
      say(world, `  PostgreSQL on ${node.name} is stopped`)
    },
    *compare() {
      const received = (): string | undefined =>
        successor === undefined
          ? undefined
          : snapshotOf(world, node).nodes[successor]?.transient[NAMES.baseline]
      yield { holds: () => received() !== undefined }
      unlockIfReceived(node, received())
    },
    'publish stopped': () => tryPublish(world, node, node.index, { [NAMES.status]: 'STOP', ...barred }),
  }
  yield* performNamed(plan.steps, perform)
  if (node.running) throw new ActionFailure('the server runs still')
  return plan.exit
}
