/** Who could become the primary after a disaster, and what would be lost with each of them. */
import { mayBecomePrimary, type ReplicationMode } from '../../agents/pgsql/mode'
import { bytesBetween, type Lsn, writeLsn } from '../../lib/postgres/lsn'
import { sameNode } from '../../lib/cluster/snapshot'
import { hard, type Problem } from '../act/refuse'
import { describeBytes } from '../status/risk'

export interface Candidate {
  readonly node: string
  /** `online`, `offline`, … */
  readonly state: string
  /** As the node says: a server that runs as a `primary` or `standby`, or is `stopped`; nothing if it does not say. */
  readonly server: 'primary' | 'standby' | 'stopped' | undefined
  readonly timeline: number | undefined
  /** Where its data ends. */
  readonly end: Lsn | undefined
  readonly dataStatus: string | null
  readonly locked: boolean | null
  /** It is known not to run: it left the cluster in good order, or was fenced. */
  readonly down: boolean
  /** Why it is not known what it has. */
  readonly why: string | undefined
}

/** Whether `a` is known to have more than `b`. */
export function isAhead(a: Candidate, b: Candidate): boolean {
  if (a.timeline === undefined || a.end === undefined) return false
  if (b.timeline === undefined || b.end === undefined) return true
  return a.timeline > b.timeline || (a.timeline === b.timeline && a.end > b.end)
}

/** The one that is known to have most; the named one where others have only as much. */
export function bestOf(candidates: readonly Candidate[], named: Candidate): Candidate {
  return candidates.reduce((best, one) => (isAhead(one, best) ? one : best), named)
}

/** What `ahead` has and `behind` has not, in words. */
export function describeLead(ahead: Candidate, behind: Candidate): string {
  if (ahead.end === undefined || ahead.timeline === undefined) return 'nothing that is known'
  const at = `${writeLsn(ahead.end)} of timeline ${ahead.timeline}`
  if (behind.end === undefined || ahead.timeline !== behind.timeline) {
    return `all that was written on timeline ${ahead.timeline} (up to ${at})`
  }
  return `${bytesBetween(behind.end, ahead.end)} bytes of WAL (${describeBytes(bytesBetween(behind.end, ahead.end))}, up to ${at})`
}

/** What is lost, one line each. */
export function describeLoss(candidates: readonly Candidate[], named: Candidate): readonly string[] {
  const best = bestOf(candidates, named)
  const silent = candidates.filter(({ node, end }) => node !== named.node && end === undefined)
  return [
    best === named
      ? `no node that answers has more than ${named.node}`
      : `lost: ${describeLead(best, named)}, which ${best.node} has`,
    ...silent.map(
      ({ node, why, state }) => `not known, and lost too: what only ${node} has (${why ?? state})`,
    ),
  ]
}

/** Who could be a second primary, unseen. */
export function describeDanger(candidates: readonly Candidate[]): readonly string[] {
  return candidates
    .filter(({ state, down }) => state !== 'online' && !down)
    .map(
      ({ node }) =>
        `${node} is not known to be down: if PostgreSQL still takes writes there, there will be two primaries; switch ${node} off first`,
    )
}

/** Why the cluster does not promote it by itself: the agent's rules. */
export function describeRule(
  { node, dataStatus }: Candidate,
  resource: string,
  mode: ReplicationMode,
): string {
  if (!mayBecomePrimary(mode, dataStatus ?? undefined))
    return `${node} is not promoted by itself: commits may be missing there (${resource}-data-status is ${String(dataStatus)})`
  return `${node} may be promoted (${resource}-data-status is ${dataStatus ?? 'not set'}): the cluster has not done so; see 'ocf-ts status'`
}

export interface PromoteFacts {
  readonly resource: string
  readonly candidates: readonly Candidate[]
  readonly node: string
  /** `--despite`: nodes that are given up although they have more. */
  readonly despite: readonly string[]
  readonly promoted: readonly string[]
  readonly maintenance: boolean
  readonly acts: boolean
  readonly dc: boolean
  readonly blocked: boolean
  readonly bans: readonly string[]
  /** rejoin=manual. */
  readonly manual: boolean
}

/** What speaks against it; nothing of it is a matter of taste. */
export function decidePromote(facts: PromoteFacts): readonly Problem[] {
  const { resource, candidates, node, despite, promoted } = facts
  const named = candidates.find((one) => sameNode(one.node, node))
  const serving = candidates.filter(({ server }) => server === 'primary').map((one) => one.node)
  const primaries = [...new Set([...promoted, ...serving])]
  if (named === undefined) {
    return [
      hard(`${node} is no node of ${resource}: there are ${candidates.map((one) => one.node).join(', ')}`),
    ]
  }
  const better = candidates.filter(
    (one) =>
      one.state === 'online' &&
      named.end !== undefined &&
      isAhead(one, named) &&
      !despite.some((given) => sameNode(given, one.node)),
  )
  return [
    ...primaries.map((one) => hard(`${one} is the primary, and serves: ocf-ts switchover moves it`)),
    ...(facts.maintenance ? [hard(`the cluster is in maintenance mode: 'ocf-ts resume' ends that`)] : []),
    ...(facts.dc ? [] : [hard('the cluster has no controller (DC) now')]),
    ...(facts.acts
      ? []
      : [hard('this part of the cluster has no quorum, and promotes nothing: get more nodes back')]),
    ...(named.state === 'online' ? [] : [hard(`${named.node} is ${named.state}`)]),
    ...(named.state === 'online' && named.end === undefined
      ? [hard(`it is not known what ${named.node} has: ${named.why ?? 'it does not say'}`)]
      : []),
    ...(facts.blocked
      ? [hard(`${resource} is blocked on ${named.node}: its stop has failed; fix that first`)]
      : []),
    ...facts.bans.map((id) => hard(`the constraint ${id} keeps it off ${named.node} (crm_resource --clear)`)),
    ...(facts.manual && named.locked === true && named.server === 'stopped'
      ? [hard(`PGSQL.lock is on ${named.node}, and with rejoin=manual it does not start: rm it first`)]
      : []),
    ...better.map((one) =>
      hard(
        `${one.node} answers, and has ${describeLead(one, named)} that ${named.node} has not: promote that, or discard it with --despite ${one.node}`,
      ),
    ),
  ]
}
