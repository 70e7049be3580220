/** Whom pg_hba.conf lets replicate (PostgreSQL manual, "The pg_hba.conf File"). */
import { type HbaRule } from './facts'
import { isInNetwork, prefixLength } from './networks'

export type HbaJudgement =
  /** `method` asks for the rest: `trust`, `scram-sha-256`, … */
  | { readonly kind: 'let in'; readonly rule: HbaRule }
  | { readonly kind: 'rejected'; readonly rule: HbaRule }
  | { readonly kind: 'no rule' }
  /** A rule by a host name, a role's members or a pattern comes first: only the server can tell. */
  | { readonly kind: 'undecided'; readonly rule: HbaRule }

type Fit = 'yes' | 'no' | 'perhaps'

function fitsUser(users: readonly string[], user: string): Fit {
  if (users.includes('all') || users.includes(user)) return 'yes'
  return users.some((one) => one.startsWith('+') || one.startsWith('/')) ? 'perhaps' : 'no'
}

function fitsAddress({ address, netmask }: HbaRule, from: string): Fit {
  if (address === null) return 'no'
  // The network of the replication is one that the server is in itself.
  if (address === 'all' || address === 'samenet') return 'yes'
  if (address === 'samehost') return 'no'
  if (!/^[\d.]+$|:/.test(address)) return 'perhaps'
  const length = netmask === null ? undefined : prefixLength(netmask)
  return isInNetwork(from, length === undefined ? address : `${address}/${length}`) ? 'yes' : 'no'
}

/** The first rule that fits decides; whether the connection is encrypted is left open. */
export function judgeHba(rules: readonly HbaRule[], user: string, from: string): HbaJudgement {
  for (const rule of rules) {
    if (rule.error !== null || !/^host(?:ssl|nossl|nogssenc)?$/.test(rule.type)) continue
    if (!rule.databases.includes('replication')) continue
    const fits = [fitsUser(rule.users, user), fitsAddress(rule, from)]
    if (fits.includes('no')) continue
    if (fits.includes('perhaps')) return { kind: 'undecided', rule }
    return rule.method === 'reject' ? { kind: 'rejected', rule } : { kind: 'let in', rule }
  }
  return { kind: 'no rule' }
}
