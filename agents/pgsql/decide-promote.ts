/** Whether this node's standby may be promoted, and how. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Lsn } from '../../lib/postgres/lsn'
import { isUnfit, type ReplicationMode } from './mode'
import { type Promotion } from './promotions'
import { isListed, isSameQuorum, missingProof, type Quorum } from './quorum'

export type PromoteStep =
  | 'withdraw'
  | 'publish complete'
  | 'bar others'
  | 'lock'
  | 'wait for standbys'
  | 'wait until proven'
  | 'end old connections'
  | 'promote'
  | 'restart as primary'
  | 'stop waiting'
  | 'make slots'
  | 'publish primary'

export interface NodePosition {
  readonly node: string
  readonly position: Lsn
}

export interface PromoteFacts {
  readonly resource: string
  readonly mode: ReplicationMode
  readonly inRecovery: boolean
  readonly node: string
  readonly dataStatus: string | undefined
  /** By what is published, it has every acknowledged commit (promotions.ts). */
  readonly complete: boolean
  /** What keeps this node from being known to belong to the part of the cluster that decides; nothing where it does. */
  readonly unproven: string | undefined
  /** The number of this node's own last promotion, and the latest that is known. */
  readonly own: number
  readonly latest: Promotion
  readonly position: Lsn | undefined
  /** The quorums that earlier primaries have published. */
  readonly quorums: readonly Quorum[]
  /** How many standbys commits must wait for from the first one on. */
  readonly required: number
  /** Where the data of the other nodes that are there ends, as far as they have said so since the primary was lost. */
  readonly others: readonly NodePosition[]
  /** Its lock file is there: this node was primary. */
  readonly returning: boolean
  /** Where the data of the other nodes ended when that primary was lost. */
  readonly baselines: readonly NodePosition[]
  /** The nodes that this standby sends to: they took it for the primary, as it may itself have done. */
  readonly followers: readonly string[]
  /** This node has the address of the replication: they have it on the line, and need not connect again. */
  readonly reachable: boolean
  /** restart_on_promote. */
  readonly restart: boolean
  readonly slots: boolean
}

/**
 * Whether the reasons for a promotion are what they were at an earlier look. A primary that was away and is back takes
 * them away before it goes on without this node: it says of this node's data that it is not complete; where commits wait
 * for any of several standbys, it deletes what they have said in the election.
 */
export function hasSameReasons(
  before: Pick<PromoteFacts, 'complete' | 'dataStatus' | 'quorums' | 'others'>,
  now: Pick<PromoteFacts, 'dataStatus' | 'quorums' | 'others'>,
): boolean {
  if (now.dataStatus !== before.dataStatus) return false
  if (before.complete) return true
  const stands = ({ node, position }: NodePosition): boolean =>
    now.others.some((other) => other.node === node && other.position === position)
  return (
    before.others.every(stands) &&
    before.quorums.length === now.quorums.length &&
    before.quorums.every((quorum, index) => isSameQuorum(quorum, now.quorums[index]))
  )
}

/** With the number of the latest promotion, a node counts as the last primary. */
function overrule({ resource, latest, node }: PromoteFacts): string {
  const said =
    latest.number > 0
      ? `-n ${resource}-promotion -v ${latest.number}`
      : `-n ${resource}-data-status -v LATEST`
  return `crm_attribute -l forever -N ${node} ${said}`
}

/**
 * The cluster promotes by scores, and a score can be older than what it was given for: a node that was cut off brings
 * its own back with it. What the last primary said of this node's data is kept where that cannot happen.
 */
export function decidePromote(facts: PromoteFacts): Plan<PromoteStep> {
  const { resource, mode, inRecovery, dataStatus, position, others, restart, slots } = facts
  const { returning, baselines, followers, reachable, complete, unproven, own, latest } = facts
  if (!inRecovery) {
    // Its monitor finds out whether it is an earlier primary, or was promoted by hand after the latest one.
    return { exit: ExitCode.SUCCESS, steps: own < latest.number ? [] : ['publish primary'] }
  }
  if (unproven !== undefined) {
    return { exit: ExitCode.ERR_GENERIC, reason: `not promoted: ${unproven}`, steps: [] }
  }
  const listed = mode === 'sync' && isListed(facts.quorums, facts.node)
  const byQuorum = listed && !complete && !isUnfit(dataStatus)
  if (byQuorum) {
    const positions = Object.fromEntries(others.map((other) => [other.node, other.position]))
    const missing =
      position === undefined
        ? 'it is not known how much WAL this node has'
        : missingProof(facts.quorums, facts.node, { ...positions, [facts.node]: position })
    if (missing !== undefined) {
      return { exit: ExitCode.ERR_GENERIC, reason: `not promoted: ${missing}`, steps: [] }
    }
  } else if (!complete && dataStatus === 'LATEST') {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason: `not promoted: ${latest.node} was promoted later (promotion ${latest.number}, this node: ${own}): start that one`,
      detail: `to promote this one all the same, and lose what ${latest.node} has: ${overrule(facts)}`,
      steps: ['withdraw'],
    }
  } else if (!complete) {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason: `not promoted: commits may be missing here (${resource}-data-status is ${String(dataStatus)})`,
      detail: `to promote it all the same, and lose them: ${overrule(facts)}`,
      steps: ['withdraw'],
    }
  }
  const isNewer = (other: NodePosition): boolean => position !== undefined && other.position > position
  // What was streamed from a primary that returns was on its disk first: a standby that has more lost it here.
  const newer =
    (mode === 'async' ? others.find(isNewer) : undefined) ??
    (returning && dataStatus === 'LATEST' ? baselines.find(isNewer) : undefined)
  if (newer) {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason: `not promoted: ${newer.node} has newer data`,
      steps: [],
    }
  }
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      // What can fail here for want of room or time comes before the others are barred.
      'lock',
      ...(mode !== 'sync'
        ? []
        : facts.required > 0
          ? (['wait for standbys'] as const)
          : (['wait until proven'] as const)),
      ...(byQuorum ? (['publish complete'] as const) : []),
      'bar others',
      ...(followers.length > 0 && !reachable && !restart ? (['end old connections'] as const) : []),
      restart ? 'restart as primary' : 'promote',
      ...(mode === 'sync' && facts.required === 0 ? (['stop waiting'] as const) : []),
      ...(slots ? (['make slots'] as const) : []),
      'publish primary',
    ],
  }
}
