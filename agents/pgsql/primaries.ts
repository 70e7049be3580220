/** Where the primary runs, as the cluster knows it. */
import {
  type ClusterSnapshot,
  findNode,
  hasRole,
  type NodeState,
  promotedNodes,
  sameNode,
} from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { attributeNames, SCORE } from './names'

/**
 * After `reload-agent` pacemaker (2.1) takes note of a start, and until it has promoted the resource once more - which
 * changes nothing - the primary counts as a standby. What the primary says of itself holds all that time: a demotion
 * withdraws the score before PostgreSQL is stopped, and a start withdraws both.
 */
function isReloaded(node: NodeState, resource: string): boolean {
  return (
    hasRole(node, resource, 'Unpromoted') &&
    node.transient[attributeNames(resource).status] === 'PRI' &&
    promotionScore(node, resource) === SCORE.primary
  )
}

/** Whether a node runs the primary. */
export function isPrimary(snapshot: ClusterSnapshot, name: string, resource: string): boolean {
  const node = findNode(snapshot, name)
  return node !== undefined && (hasRole(node, resource, 'Promoted') || isReloaded(node, resource))
}

/** The online nodes on which the primary runs: one, or none. */
export function primaryNodes(snapshot: ClusterSnapshot, resource: string): readonly string[] {
  const promoted = promotedNodes(snapshot, resource)
  const reloaded = snapshot.nodes.filter(
    (node) =>
      node.online && isReloaded(node, resource) && !promoted.some((name) => sameNode(name, node.name)),
  )
  return [...promoted, ...reloaded.map(({ name }) => name)]
}
