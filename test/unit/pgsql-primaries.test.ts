/** Where the primary runs: also while pacemaker takes a reload of its parameters for a start. */
import { describe, expect, test } from '@jest/globals'
import { claimants, isPrimary, primaryNodes } from '../../agents/pgsql/primaries'
import { type ClusterSnapshot, type NodeState } from '../../lib/cluster/snapshot'

const node = (name: string, change: Partial<NodeState> = {}): NodeState => ({
  name,
  online: true,
  member: true,
  departed: false,
  shutDown: false,
  voter: true,
  transient: { 'pgsql-status': 'HS:sync', 'master-pgsql': '100' },
  permanent: {},
  roles: { pgsql: 'Unpromoted' },
  stopped: [],
  ...change,
})

const PRIMARY = { 'pgsql-status': 'PRI', 'master-pgsql': '1000' } as const

describe('node1', () => {
  test.each<[string, Partial<NodeState>, boolean]>([
    ['is promoted', { roles: { pgsql: 'Promoted' }, transient: PRIMARY }, true],
    ['is promoted, and has not said so yet', { roles: { pgsql: 'Promoted' } }, true],
    ['was reloaded: a standby to pacemaker, a primary in its own words', { transient: PRIMARY }, true],
    [
      'was reloaded, with numbered instances',
      { roles: { 'pgsql:0': 'Unpromoted' }, transient: { 'pgsql-status': 'PRI', 'master-pgsql:0': '1000' } },
      true,
    ],
    ['is a standby', {}, false],
    [
      'is being demoted: its score is withdrawn first',
      { transient: { ...PRIMARY, 'master-pgsql': '-INFINITY' } },
      false,
    ],
    ['has stopped, and its attributes are old', { roles: {}, transient: PRIMARY }, false],
    ['has stopped', { transient: { ...PRIMARY, 'pgsql-status': 'STOP' } }, false],
    [
      'has been elected, and is not promoted yet',
      { transient: { ...PRIMARY, 'pgsql-status': 'HS:alone' } },
      false,
    ],
  ])('%s', (_, change, is) => {
    const snapshot: ClusterSnapshot = {
      nodes: [node('node1', change), node('node2')],
      quorate: true,
      noQuorumPolicy: 'stop',
    }
    expect(isPrimary(snapshot, 'NODE1', 'pgsql')).toBe(is)
    expect(primaryNodes(snapshot, 'pgsql')).toEqual(is ? ['node1'] : [])
    const [, other = node('node2')] = snapshot.nodes
    const offline = { ...snapshot, nodes: [node('node1', { ...change, online: false }), other] }
    expect(primaryNodes(offline, 'pgsql')).toEqual([])
  })
})

test('where somebody has promoted another node, the primary comes first', () => {
  const snapshot: ClusterSnapshot = {
    nodes: [
      node('node1', { roles: { pgsql: 'Promoted' }, transient: { 'pgsql-status': 'UNKNOWN' } }),
      node('node2', { roles: { pgsql: 'Promoted' }, transient: PRIMARY }),
    ],
    quorate: true,
    noQuorumPolicy: 'stop',
  }
  expect(primaryNodes(snapshot, 'pgsql')).toEqual(['node2', 'node1'])
  const names = (node: string): readonly string[] =>
    claimants(snapshot, node, 'pgsql').map(({ name }) => name)
  expect([names('NODE1'), names('NODE2')]).toEqual([['node2'], []])
})
