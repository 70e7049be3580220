/** A node as `ocf-ts status` tells of it, for tables of decisions. */
import { type MemberReport } from '../../../cli/status/report'

/** A synchronous standby that has everything, but for `change`. */
export function member(node: string, change: Partial<MemberReport> = {}): MemberReport {
  return {
    node,
    state: 'online',
    role: 'standby',
    status: 'HS:sync',
    dataStatus: 'STREAMING|SYNC',
    score: '100',
    refused: null,
    waiting: null,
    rejoin: null,
    timeline: 3,
    lsn: '0/5000000',
    lagBytes: 0,
    lagSeconds: 0,
    syncState: 'sync',
    blocked: false,
    locked: false,
    unknown: [],
    ...change,
  }
}

/** Its primary. */
export const primary = member('node1', {
  role: 'primary',
  status: 'PRI',
  dataStatus: 'LATEST',
  score: '1000',
})
