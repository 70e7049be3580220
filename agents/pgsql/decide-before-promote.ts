/** What a standby does just before another one is promoted. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Lsn, writeLsn } from '../../lib/postgres/lsn'
import { type ReplicationMode } from './mode'

export type BeforePromoteStep = 'claim' | 'refuse'

export interface BeforePromoteFacts {
  readonly resource: string
  readonly mode: ReplicationMode
  /** The node that is about to be promoted. */
  readonly promoting: string
  /** Where its data ends; nothing when it did not say in time. */
  readonly baseline: Lsn | undefined
  readonly node: string
  /** By what is published, this node may be promoted (promotions.ts). */
  readonly complete: boolean
  /** By what is published, the node that is about to be promoted may be: otherwise its promotion fails by itself. */
  readonly promotable: boolean
  /** A node whose data does not fit comes back by itself (rejoin=rewind, basebackup). */
  readonly heals: boolean
  /** Both are of a quorum: either may have what was acknowledged. */
  readonly ofQuorum: boolean
  /** Where this node's data ends. */
  readonly position: Lsn | undefined
}

/**
 * A standby with newer data than the new primary cannot follow it. In synchronous replication the new primary has
 * every commit that was acknowledged, and what this node has beyond that was acknowledged to nobody: it stands aside,
 * and says so; where `rejoin` heals such a node, its monitor and its start do the rest. It does not stand aside for one
 * that is promoted by an outdated score: the promotion of that one fails by itself.
 * In asynchronous replication it may have been: this node claims the promotion for itself.
 * So it does where commits waited for any of several standbys, and both are of those: it may not have been counted.
 */
export function decideBeforePromote(facts: BeforePromoteFacts): Plan<BeforePromoteStep> {
  const { resource, mode, promoting, baseline, node, complete, position } = facts
  if (baseline === undefined || position === undefined || position <= baseline) {
    return { exit: ExitCode.SUCCESS, steps: [] }
  }
  if (facts.ofQuorum || (mode === 'async' && complete)) return { exit: ExitCode.SUCCESS, steps: ['claim'] }
  if (!facts.promotable || facts.heals) return { exit: ExitCode.SUCCESS, steps: [] }
  return {
    exit: ExitCode.ERR_GENERIC,
    reason: `newer data than ${promoting}: take a base backup, then crm_resource --clear -r ${resource} -N ${node}`,
    detail: `${promoting} is promoted at ${writeLsn(baseline)}, this node has WAL up to ${writeLsn(position)} and cannot follow; it is kept off this node until that is done`,
    steps: ['refuse'],
  }
}
