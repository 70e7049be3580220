/** How many standbys commits wait for, of which kind, and what happens when there are too few. */
import { type ClusterSnapshot, findNode, hasRole, type NodeState } from '../../lib/cluster/snapshot'
import { waitForAll, waitForAny, waitForFirst } from '../../lib/postgres/synchronous-names'
import { type Values } from './agent'
import { type ReplicationMode } from './mode'
import { isPrimary } from './primaries'

export interface SyncPolicy {
  /** With too few standbys commits wait, unless the missing nodes are known to be down. */
  readonly strict: boolean
  /** How many standbys must have a commit before it is acknowledged. */
  readonly count: number
  /** Whichever are the first to have it, and not certain ones. */
  readonly quorum: boolean
}

export function readPolicy(values: Values): SyncPolicy {
  return {
    strict: values.sync_policy === 'strict',
    count: values.sync_standbys,
    quorum: values.sync_method === 'quorum',
  }
}

/** `crm node standby` and its like: nothing is started there, on either side of a partition. */
function isInStandbyMode({ permanent }: NodeState): boolean {
  return /^(on|true|yes|y|1)$/i.test(permanent['standby'] ?? '')
}

/**
 * Whether pacemaker knows that the resource does not run on a node: pacemaker was shut down there in good order, or the
 * node was fenced; or the resource was stopped there (or found not to run before it was ever started), on a node that
 * is there to be asked, or that is in standby mode since. A node that nothing is known of may run anything.
 */
export function isKnownDown(snapshot: ClusterSnapshot, node: string, resource: string): boolean {
  const state = findNode(snapshot, node)
  if (state === undefined) return false
  return state.shutDown || (state.stopped.includes(resource) && (state.online || isInStandbyMode(state)))
}

/**
 * Whether a node that does not stream needs no waiting for, though it is not known to be down: nobody has waited for
 * it since it was last away, and it is there, on its way back. It may not be promoted until it has been waited for.
 */
export function isReturning(snapshot: ClusterSnapshot, node: string, resource: string): boolean {
  const state = findNode(snapshot, node)
  return state?.member === true && !isPrimary(snapshot, node, resource)
}

/**
 * The standby that a standby itself waits for. No standby can have this name: PostgreSQL cuts the name with which one
 * connects to 63 bytes.
 */
const NOBODY = 'no commit is acknowledged here: only the cluster promotes this server'

/**
 * synchronous_standby_names of a standby. Somebody may promote it behind the cluster's back: what is committed there would
 * be lost when the cluster finds out, and so, in synchronous replication, it is not acknowledged. A promotion by the
 * cluster sets what holds from the first commit on.
 */
export function standbySetting(mode: ReplicationMode | undefined): string {
  return mode === 'sync' ? waitForFirst([NOBODY]) : ''
}

/** What synchronous_standby_names must say of a new primary before its first commit. */
export interface Requirement {
  readonly count: number
  readonly names: readonly string[]
}

/**
 * The standbys that a new primary under the strict policy waits for from its first commit on: nobody streams from it
 * yet. Those that run are taken first.
 */
export function requiredAtPromotion(
  policy: SyncPolicy,
  snapshot: ClusterSnapshot,
  others: readonly string[],
  resource: string,
): Requirement {
  if (!policy.strict) return { count: 0, names: [] }
  const owed = others.filter((node) => !isKnownDown(snapshot, node, resource))
  const count = Math.min(policy.count, owed.length)
  const runs = (node: string): boolean => {
    const state = findNode(snapshot, node)
    return state?.online === true && hasRole(state, resource, 'Unpromoted')
  }
  const ordered = [...owed.filter(runs), ...owed.filter((node) => !runs(node))]
  const names = (policy.quorum ? owed : ordered.slice(0, count)).map((node) => node.toLowerCase())
  return { count, names }
}

export function requiredSetting({ count, names }: Requirement, quorum: boolean): string {
  return quorum ? waitForAny(count, names) : waitForAll(names)
}
