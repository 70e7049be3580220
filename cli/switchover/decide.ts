/** Whether the primary may be moved now, and to whom. */
import { type Constraint } from '../../lib/cluster/configuration'
import { type ClusterStatus } from '../../lib/cluster/status'
import { sameNode } from '../../lib/cluster/snapshot'
import { hard, type Problem, soft } from '../act/refuse'
import { isBan } from '../act/pinned'
import { type DatabaseReport, type MemberReport, type StatusReport } from '../status/report'
import { describeBytes } from '../status/risk'

export interface SwitchoverFacts {
  readonly report: Pick<StatusReport, 'quorate' | 'maintenance' | 'dc' | 'failures' | 'upcoming'>
  readonly database: DatabaseReport
  /** The instances of the database, and the failures that are counted. */
  readonly status: Pick<ClusterStatus, 'instances' | 'failCounts'>
  /** Ids of the database, its clone, and the addresses of the primary. */
  readonly related: readonly string[]
  /** Left behind by `crm_resource --ban` or `--move`. */
  readonly pinned: readonly Constraint[]
  /** The node that is wanted; nothing where the cluster may choose. */
  readonly to: string | undefined
  /** Bytes that a standby may be behind in asynchronous replication. */
  readonly maxLag: number
  /** By node, the logical slots of the primary that it could not go on with. */
  readonly uncopied?: Readonly<Record<string, readonly string[]>>
}

export interface SwitchoverDecision {
  readonly problems: readonly Problem[]
  /** The nodes that could become the primary; with `to` that one. */
  readonly candidates: readonly string[]
}

/** Why the cluster would not promote this standby; nothing where it would. */
export function whyNotPromoted(
  { node, state, role, score, dataStatus, refused }: MemberReport,
  mode: string | null,
): string | undefined {
  if (state !== 'online') return `${node} is ${state}`
  if (role === 'stopped') return `PostgreSQL is stopped on ${node}`
  if (role !== 'standby') return `${node} is ${role}`
  if (refused !== null) return `${node} is kept off: ${refused}`
  const status = dataStatus ?? 'not said'
  if (mode === 'sync' && !/^(?:STREAMING)\|(?:SYNC|QUORUM)$/.test(status))
    return `${node} is no synchronous standby (${status}): commits may be missing there`
  if (!status.startsWith('STREAMING|')) return `${node} does not stream from the primary (${status})`
  // Among three nodes in asynchronous replication, and in a quorum, nobody has a score before the election.
  const elected = mode !== 'sync' || status.endsWith('|QUORUM')
  return !elected && !(score === 'INFINITY' || Number(score) > 0)
    ? `${node} may not be promoted (score ${score ?? 'not set'})`
    : undefined
}

function lagProblem({ node, lagBytes }: MemberReport, maxLag: number): readonly Problem[] {
  if (lagBytes === null) return [soft(`it is not known how far ${node} is behind`)]
  return lagBytes > maxLag
    ? [
        soft(
          `${node} is ${describeBytes(lagBytes)} behind, more than ${describeBytes(maxLag)}: writes would stand still until it has caught up`,
        ),
      ]
    : []
}

function failureProblems({ report, status, related }: SwitchoverFacts): readonly Problem[] {
  const failures = report.failures.filter(({ resource }) => related.includes(resource))
  const counted = status.failCounts.filter(
    ({ resource, node }) =>
      related.includes(resource) &&
      !failures.some((failure) => failure.resource === resource && failure.node === node),
  )
  return [
    ...failures.map(({ resource, action, node, result, reason }) =>
      soft(
        `${resource} ${action} failed on ${node}: ${reason || result} (crm_resource --cleanup, when fixed)`,
      ),
    ),
    ...counted.map(({ resource, node, count }) =>
      soft(`${resource} has ${count} counted failures on ${node} (crm_resource --cleanup)`),
    ),
  ]
}

function pinnedProblems(pinned: readonly Constraint[], candidates: readonly string[]): readonly Problem[] {
  return pinned.map((constraint) => {
    const { id, node, expires } = constraint
    const text = `the constraint ${id} was left behind (crm_resource --clear)`
    const isInTheWay =
      !expires && isBan(constraint) && candidates.some((name) => node !== undefined && sameNode(name, node))
    return isInTheWay ? hard(`${text}, and keeps it off ${String(node)}`) : soft(text)
  })
}

function slotProblems({ uncopied = {} }: SwitchoverFacts, candidates: readonly string[]): readonly Problem[] {
  return candidates.flatMap((node) => {
    const slots = uncopied[node] ?? []
    if (slots.length === 0) return []
    return [
      {
        text: `${node} has no usable copy of the logical replication slots of the primary (${slots.join(', ')}): their subscribers could not go on there`,
        soft: true,
        advice: `wait until PostgreSQL has copied them; on ${node}: select slot_name, synced, temporary, invalidation_reason from pg_replication_slots`,
      },
    ]
  })
}

/** What is asked of the standby that is to take over, or of those among which the cluster chooses. */
function findCandidates(facts: SwitchoverFacts): SwitchoverDecision {
  const { database, to, maxLag } = facts
  const { members, primary, mode } = database
  const others = members.filter(({ node }) => primary === null || !sameNode(node, primary))
  if (to !== undefined) {
    const target = others.find(({ node }) => sameNode(node, to))
    if (target === undefined) {
      const names = others.map(({ node }) => node).join(', ')
      return {
        problems: [hard(`${to} is no node of ${database.resource}: there is ${names}`)],
        candidates: [],
      }
    }
    const why = whyNotPromoted(target, mode)
    if (why !== undefined) return { problems: [hard(why)], candidates: [] }
    return { problems: mode === 'sync' ? [] : lagProblem(target, maxLag), candidates: [target.node] }
  }
  const able = others.filter((member) => whyNotPromoted(member, mode) === undefined)
  if (able.length === 0) {
    const reasons = others.map((member) => whyNotPromoted(member, mode)).join('; ')
    return {
      problems: [hard(`nobody could take over: ${reasons || 'there is no other node'}`)],
      candidates: [],
    }
  }
  const least = able.reduce((a, b) => ((b.lagBytes ?? Infinity) < (a.lagBytes ?? Infinity) ? b : a))
  return {
    problems: mode === 'sync' ? [] : lagProblem(least, maxLag),
    candidates: able.map(({ node }) => node),
  }
}

/** All that speaks against it, at once. */
export function decideSwitchover(facts: SwitchoverFacts): SwitchoverDecision {
  const { report, database, status, pinned } = facts
  const { resource, primary, members } = database
  const unmanaged = status.instances(resource).filter(({ managed, active }) => active && !managed)
  const blocked = status.instances(resource).filter((instance) => instance.blocked)
  const found = findCandidates(facts)
  const unknown = members
    .filter(({ state }) => state === 'online')
    .flatMap(({ node, unknown: whys }) => whys.map((why) => soft(`${node} did not say all: ${why}`)))
  return {
    candidates: found.candidates,
    problems: [
      ...(report.quorate ? [] : [hard('this part of the cluster has no quorum')]),
      ...(report.dc === null ? [hard('the cluster has no controller (DC) now')] : []),
      ...(report.maintenance
        ? [hard(`the cluster is in maintenance mode: 'ocf-ts resume' ends that`)]
        : unmanaged.map(({ node }) => hard(`${resource} is not managed on ${String(node)}`))),
      ...blocked.map(({ node }) => hard(`${resource} is blocked on ${String(node)}: its stop has failed`)),
      ...(primary === null ? [hard('there is no primary now')] : found.problems),
      ...slotProblems(facts, found.candidates),
      ...failureProblems(facts),
      ...(report.maintenance ? [] : report.upcoming.map((text) => soft(`the cluster is about to ${text}`))),
      ...pinnedProblems(pinned, found.candidates),
      ...unknown,
    ],
  }
}
