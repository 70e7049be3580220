/** What a failover at this moment would cost. */
import { describe, expect, test } from '@jest/globals'
import { describeBytes, describeRisk, type RiskFacts, type RiskLevel } from '../../cli/status/risk'
import { member, primary } from './support/member'

const async = { status: 'HS:async', dataStatus: 'STREAMING|ASYNC', syncState: 'async' } as const

describe('the risk of a failover', () => {
  test.each<[string, Partial<RiskFacts>, RiskLevel, string]>([
    [
      'a synchronous standby',
      { members: [primary, member('node2')] },
      'none',
      'a failover now would lose no commit: node2 has every one that was acknowledged',
    ],
    [
      'one of two is synchronous',
      { members: [primary, member('node2', { ...async, score: '-INFINITY' }), member('node3')] },
      'none',
      'a failover now would lose no commit: node3 has every one that was acknowledged',
    ],
    [
      'a quorum',
      { members: [primary, member('node2', { dataStatus: 'STREAMING|QUORUM' })] },
      'none',
      'a failover now would lose no commit: node2 has every one that was acknowledged',
    ],
    [
      'async, and it is behind',
      { mode: 'async', members: [primary, member('node2', { ...async, lagBytes: 3_355_443 })] },
      'some',
      'a failover now may lose commits: commits wait for no standby (rep_mode=async); node2 would take over, it is 3.2 MB behind',
    ],
    [
      'async, of which nothing is known',
      { mode: 'async', members: [primary, member('node2', { ...async, lagBytes: null })] },
      'some',
      'a failover now may lose commits: commits wait for no standby (rep_mode=async); node2 would take over, how much is not known',
    ],
    [
      'a standby that catches up',
      { members: [primary, member('node2', { ...async, score: '-INFINITY' })] },
      'no failover',
      'a failover now would find nobody to take over: node2 may not be promoted (score -INFINITY, STREAMING|ASYNC)',
    ],
    [
      'one that was refused',
      { members: [primary, member('node2', { score: null, refused: 'newer data than node1' })] },
      'no failover',
      'a failover now would find nobody to take over: node2 may not be promoted (score not set, newer data than node1)',
    ],
    [
      'nobody there',
      { members: [primary, member('node2', { state: 'offline' }), member('node3', { role: 'stopped' })] },
      'no failover',
      'a failover now would find nobody to take over: node2 is offline; PostgreSQL is stopped on node3',
    ],
    [
      'the only standby is blocked',
      { members: [primary, member('node2', { blocked: true })] },
      'no failover',
      'a failover now would find nobody to take over: node2 is blocked',
    ],
    [
      'one of two standbys is blocked',
      { members: [primary, member('node2'), member('node3', { ...async, blocked: true })] },
      'none',
      'a failover now would lose no commit: node2 has every one that was acknowledged; pgsql is blocked on node3, where the cluster does not monitor it, and an election may wait for it',
    ],
    [
      'the primary is blocked',
      { members: [{ ...primary, blocked: true }, member('node2')] },
      'no failover',
      'pgsql is blocked on node1, the primary: the cluster does not fail over until its failed stop is fixed',
    ],
    ['no primary', { members: [member('node2')] }, 'no failover', 'there is no primary now'],
    [
      'maintenance mode',
      { maintenance: true },
      'no failover',
      `the cluster is in maintenance mode: it would not fail over; 'ocf-ts resume' ends that`,
    ],
  ])('%s', (_, change, level, text) => {
    const facts = { resource: 'pgsql', mode: 'sync', members: [primary], maintenance: false, ...change }
    expect(describeRisk(facts)).toEqual({ level, text })
  })
})

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1536, '1.5 kB'],
  [16_777_216, '16.0 MB'],
  [300 * 2 ** 30, '300 GB'],
])('%d is %s', (bytes, text) => {
  expect(describeBytes(bytes)).toBe(text)
})
