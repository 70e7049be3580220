/** What a failover at this moment would cost: the one line that an operator wants to know before anything else. */
import { type MemberReport } from './report'

/** none: no commit; some: commits may be lost; no failover: nobody could take over. */
export type RiskLevel = 'none' | 'some' | 'no failover'

export interface Risk {
  readonly level: RiskLevel
  readonly text: string
}

export interface RiskFacts {
  readonly resource: string
  /** `rep_mode`. */
  readonly mode: string | null
  readonly members: readonly MemberReport[]
  /** The cluster keeps its hands off. */
  readonly maintenance: boolean
}

/** `3.2 MB`, for people. */
export function describeBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** The score lets pacemaker promote it. */
export function mayBePromoted({ state, role, blocked, score }: MemberReport): boolean {
  const value = score === 'INFINITY' ? Infinity : Number(score ?? NaN)
  return state === 'online' && role === 'standby' && !blocked && value > 0
}

/** Why it is not a candidate, in a few words. */
function whyNot({ node, state, role, blocked, score, dataStatus, refused }: MemberReport): string {
  if (state !== 'online') return `${node} is ${state}`
  if (blocked) return `${node} is blocked`
  if (role === 'stopped') return `PostgreSQL is stopped on ${node}`
  if (role !== 'standby') return `${node} is ${role}`
  const because = refused ?? dataStatus
  return `${node} may not be promoted (score ${score ?? 'not set'}${because === null ? '' : `, ${because}`})`
}

const isSynchronous = ({ dataStatus }: MemberReport): boolean => /\|(?:SYNC|QUORUM)$/.test(dataStatus ?? '')

export function describeRisk({ resource, mode, members, maintenance }: RiskFacts): Risk {
  const primary = members.find(({ role }) => role === 'primary')
  const others = members.filter((member) => member !== primary)
  if (maintenance) {
    return {
      level: 'no failover',
      text: `the cluster is in maintenance mode: it would not fail over; 'ocf-ts resume' ends that`,
    }
  }
  if (primary === undefined) {
    return { level: 'no failover', text: 'there is no primary now' }
  }
  if (primary.blocked) {
    return {
      level: 'no failover',
      text: `${resource} is blocked on ${primary.node}, the primary: the cluster does not fail over until its failed stop is fixed`,
    }
  }
  const candidates = others.filter(mayBePromoted)
  if (candidates.length === 0) {
    const reasons = others.length === 0 ? 'there is no other node' : others.map(whyNot).join('; ')
    return { level: 'no failover', text: `a failover now would find nobody to take over: ${reasons}` }
  }
  const synchronous = candidates.filter(isSynchronous)
  const names = (list: readonly MemberReport[]): string => list.map(({ node }) => node).join(', ')
  const blocked = others.filter((member) => member.blocked)
  const besides =
    blocked.length === 0
      ? ''
      : `; ${resource} is blocked on ${names(blocked)}, where the cluster does not monitor it, and an election may wait for it`
  if (mode === 'sync' && synchronous.length > 0) {
    return {
      level: 'none',
      text: `a failover now would lose no commit: ${names(synchronous)} has every one that was acknowledged${besides}`,
    }
  }
  const lags = candidates.flatMap(({ lagBytes }) => (lagBytes === null ? [] : [lagBytes]))
  const least = lags.length > 0 ? Math.min(...lags) : undefined
  const how =
    least === undefined
      ? 'how much is not known'
      : least === 0
        ? 'it has everything at this moment'
        : `it is ${describeBytes(least)} behind`
  const why =
    mode === 'sync' ? 'no standby is synchronous now' : `commits wait for no standby (rep_mode=${mode ?? ''})`
  return {
    level: 'some',
    text: `a failover now may lose commits: ${why}; ${names(candidates)} would take over, ${how}${besides}`,
  }
}
