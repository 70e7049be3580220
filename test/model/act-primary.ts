/** What a primary's monitor does, and what it does when a standby has started or stopped. */
import { decidePrimary, type PrimaryFacts, type PrimaryPlan } from '../../agents/pgsql/decide-primary'
import { type ClusterSnapshot } from '../../lib/cluster/snapshot'
import { snapshotOf } from './attributes'
import { type Part, performSteps } from './carry-out'
import { isRunningPrimary, standbyRows } from './postgres'
import { indexOf, type ModelNode, otherNames, RESOURCE, say, type World } from './world'

function decide(world: World, node: ModelNode, snapshot: ClusterSnapshot): PrimaryPlan {
  const facts: PrimaryFacts = {
    resource: RESOURCE,
    mode: 'sync',
    policy: world.options.policy,
    maxLag: 0,
    node: node.name,
    others: otherNames(world, node),
    externals: [],
    standbys: standbyRows(world, node),
    synchronousStandbyNames: node.synchronousNames,
    receiver: undefined,
    snapshot,
  }
  return decidePrimary(facts)
}

export function* controlStandbys(world: World, node: ModelNode): Part<number> {
  const snapshot = snapshotOf(world, node)
  // The cluster and the server are asked side by side: each may be the first to answer.
  yield
  if (!isRunningPrimary(node)) return 1
  const plan = decide(world, node, snapshot)
  if (plan.steps.length > 0) say(world, `  ${node.name} decides as a primary: ${plan.steps.length} steps`)
  yield* performSteps(world, node, plan.steps)
  const { awaiting } = plan
  if (awaiting === undefined) return plan.exit
  const isSynchronous = (): boolean =>
    standbyRows(world, node).some(
      ({ applicationName, syncState }) =>
        indexOf(applicationName) === indexOf(awaiting) && (syncState === 'SYNC' || syncState === 'QUORUM'),
    )
  const late = yield { holds: isSynchronous }
  if (late || !isSynchronous()) return plan.exit
  const again = snapshotOf(world, node)
  yield
  if (!isRunningPrimary(node)) return 1
  yield* performSteps(world, node, decide(world, node, again).steps)
  return plan.exit
}
