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
import { attributeNames, isPrimaryScore } from './names'
import { ownPromotion } from './promotions'

/** Whether a node says of itself that it is the primary. */
export function saysPrimary(node: NodeState, resource: string): boolean {
  return (
    node.transient[attributeNames(resource).status] === 'PRI' &&
    isPrimaryScore(promotionScore(node, resource))
  )
}

/**
 * After `reload-agent` pacemaker (2.1) takes note of a start, and until it has promoted the resource once more - which
 * changes nothing - the primary counts as a standby. What the primary says of itself holds all that time: a demotion
 * withdraws the score before PostgreSQL is stopped, and a start withdraws both.
 */
function isReloaded(node: NodeState, resource: string): boolean {
  return hasRole(node, resource, 'Unpromoted') && saysPrimary(node, resource)
}

/** Whether a node runs the primary. */
export function isPrimary(snapshot: ClusterSnapshot, name: string, resource: string): boolean {
  const node = findNode(snapshot, name)
  return node !== undefined && (hasRole(node, resource, 'Promoted') || isReloaded(node, resource))
}

/**
 * The online nodes on which the primary runs: one, or none. Where somebody has promoted another one beside it, the
 * primary comes first: that one does not say that it is it. Of two that the cluster has promoted, the later comes first.
 */
export function primaryNodes(snapshot: ClusterSnapshot, resource: string): readonly string[] {
  const promoted = promotedNodes(snapshot, resource)
  const reloaded = snapshot.nodes.filter(
    (node) =>
      node.online && isReloaded(node, resource) && !promoted.some((name) => sameNode(name, node.name)),
  )
  const primaries = [...promoted, ...reloaded.map(({ name }) => name)]
  const says = (name: string): boolean => {
    const node = findNode(snapshot, name)
    return node !== undefined && saysPrimary(node, resource)
  }
  const ordered = [...primaries].sort(
    (a, b) => ownPromotion(snapshot, b, resource) - ownPromotion(snapshot, a, resource),
  )
  return [...ordered.filter(says), ...ordered.filter((name) => !says(name))]
}

/** The other online nodes that say they are the primary, whether or not the cluster has just looked at them. */
export function claimants(snapshot: ClusterSnapshot, node: string, resource: string): readonly NodeState[] {
  return snapshot.nodes.filter(
    (other) => other.online && !sameNode(other.name, node) && saysPrimary(other, resource),
  )
}
