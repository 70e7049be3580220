/** What a primary's monitor does, and what it does when a standby has started or stopped. */
import {
  actsBy,
  decidePrimary,
  decideSuperseded,
  type PrimaryFacts,
  type PrimaryPlan,
} from '../../agents/pgsql/decide-primary'
import { isLatest } from '../../agents/pgsql/promotions'
import { describeStep } from '../../agents/pgsql/steps'
import { type ClusterSnapshot } from '../../lib/cluster/snapshot'
import { snapshotOf } from './attributes'
import { type Part, performSteps } from './carry-out'
import { isRunningPrimary, standbyRows } from './postgres'
import { type Proof, type ProofMemory, prove } from './proof'
import { historyOf } from './wal'
import { indexOf, type ModelNode, otherNames, RESOURCE, say, type World } from './world'

function observe(world: World, node: ModelNode, snapshot: ClusterSnapshot, slept: boolean): PrimaryFacts {
  const { tip } = node
  return {
    resource: RESOURCE,
    mode: 'sync',
    policy: world.options.policy,
    maxLag: 0,
    node: node.name,
    others: otherNames(world, node),
    externals: [],
    slots: [],
    standbys: standbyRows(world, node),
    synchronousStandbyNames: node.synchronousNames,
    receiver: undefined,
    slept,
    timeline: tip.timeline,
    history: isLatest(snapshot, node.name, RESOURCE) ? [] : historyOf(tip).map(({ timeline }) => timeline),
    snapshot,
  }
}

interface Look {
  readonly plan: PrimaryPlan
  readonly exit: number
  readonly outdated: boolean
}

/** As control-standbys.ts does. */
function* look(world: World, node: ModelNode, slept: boolean, memory: ProofMemory): Part<Look | undefined> {
  const snapshot = snapshotOf(world, node)
  // The cluster and the server are asked side by side: each may be the first to answer.
  yield
  if (!isRunningPrimary(node)) return undefined
  const facts = observe(world, node, snapshot, slept)
  const plan = decidePrimary(facts)
  const [first] = plan.steps
  if (first !== undefined) {
    say(world, `  ${node.name} decides as a primary: ${plan.steps.map(describeStep).join('; ')}`)
  }
  if (plan.reason !== undefined) say(world, `  ${node.name}: ${plan.reason}`)
  let proof: Proof | undefined
  yield* performSteps(world, node, plan.steps, function* () {
    proof = yield* prove(world, node, actsBy(facts), false, memory)
    return proof.kind === 'proven' && proof.prompt
  })
  const found: Proof | undefined = proof
  if (found?.kind !== 'superseded') {
    return { plan, exit: plan.exit, outdated: found?.kind === 'proven' && !found.prompt }
  }
  const superseded = decideSuperseded(found.by, facts)
  if (superseded.reason !== undefined) say(world, `  ${node.name}: ${superseded.reason}`)
  yield* performSteps(world, node, superseded.steps)
  return { plan, exit: superseded.exit, outdated: false }
}

const LOOKS = 3

function* lookPatiently(
  world: World,
  node: ModelNode,
  slept: boolean,
  memory: ProofMemory,
): Part<Look | undefined> {
  let last = yield* look(world, node, slept, memory)
  for (let count = 1; last?.outdated === true && count < LOOKS; count += 1)
    last = yield* look(world, node, slept, memory)
  return last
}

/** @param monitors - it is the recurring monitor, which notices that the one before it was long ago */
export function* controlStandbys(world: World, node: ModelNode, monitors = false): Part<number> {
  const slept = monitors && world.options.protocol === 'with proof' && node.slept
  if (monitors) node.slept = false
  const memory: ProofMemory = {}
  const first = yield* lookPatiently(world, node, slept, memory)
  if (first === undefined) return 1
  const { plan, exit } = first
  const { awaiting } = plan
  if (awaiting === undefined) return exit
  const isSynchronous = (): boolean =>
    standbyRows(world, node).some(
      ({ applicationName, syncState }) =>
        indexOf(applicationName) === indexOf(awaiting) && (syncState === 'SYNC' || syncState === 'QUORUM'),
    )
  const late = yield { holds: isSynchronous }
  if (late || !isSynchronous()) return exit
  yield* lookPatiently(world, node, slept, memory)
  return exit
}
