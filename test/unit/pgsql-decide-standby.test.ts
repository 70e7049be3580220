import { describe, expect, test } from '@jest/globals'
import { decideStandby, type StandbyFacts } from '../../agents/pgsql/decide-standby'
import { describeStep } from '../../agents/pgsql/steps'
import { standbySetting } from '../../agents/pgsql/sync-policy'
import { type NodeState } from '../../lib/cluster/snapshot'
import { cluster, clusterNode } from './support/cluster'

const OLDER = '0000000003000000'
const NEWER = '0000000003000100'

/** What every standby has said of itself. */
const SAID = { 'pgsql-epoch': '0', 'master-pgsql': '-INFINITY' } as const

function node(name: string, status: string | undefined, position?: string, online = true): NodeState {
  return clusterNode(name, {
    online,
    transient: {
      ...SAID,
      'pgsql-status': 'HS:alone',
      ...(position !== undefined && { 'pgsql-xlog-loc': position }),
    },
    permanent: status === undefined ? {} : { 'pgsql-data-status': status },
  })
}

interface Case {
  readonly when: string
  readonly nodes: readonly NodeState[]
  readonly primaries?: readonly string[]
  readonly position?: string
  readonly note?: StandbyFacts['note']
  readonly mode?: StandbyFacts['mode']
  /** synchronous_standby_names in force. Default: as it is to be. */
  readonly setting?: string
  readonly receiver?: StandbyFacts['receiver']
  readonly steps: readonly string[]
  readonly because: RegExp | undefined
}

const cases: readonly Case[] = [
  ...[['node2'], []].map((primaries) => ({
    when: `it was away, and brings a score of before with it (${primaries.length} primaries)`,
    nodes: [
      clusterNode('node1', {
        transient: { ...SAID, 'pgsql-status': 'HS:alone', 'master-pgsql': '100' },
        permanent: { 'pgsql-data-status': 'DISCONNECT' },
      }),
    ],
    primaries,
    steps: ['set the promotion score of node1 to -INFINITY'],
    because: primaries.length > 0 ? undefined : /its data was not complete/,
  })),
  {
    when: 'the attribute daemon was started again: what it knew is told again, and there is a score to raise',
    nodes: [
      clusterNode('node1', {
        transient: { 'pgsql-epoch': undefined, 'pgsql-status': 'HS:sync' },
        permanent: { 'pgsql-data-status': 'STREAMING|SYNC' },
      }),
      clusterNode('node2', { permanent: { 'pgsql-promotion': '8 timeline 12' } }),
    ],
    primaries: ['node2'],
    steps: [
      'set node attribute pgsql-epoch of node1 to 8 node2',
      'set the promotion score of node1 to -INFINITY',
      'have the node attributes written again that the cluster has lost',
    ],
    because: undefined,
  },
  {
    when: 'it was the last primary, and another one has said that its data is old: it has all the same',
    nodes: [
      clusterNode('node1', {
        transient: { ...SAID, 'pgsql-epoch': '8 node1', 'pgsql-status': 'HS:alone', 'pgsql-xlog-loc': NEWER },
        permanent: { 'pgsql-data-status': 'DISCONNECT', 'pgsql-promotion': '8 timeline 12' },
      }),
      clusterNode('node2', {
        transient: { ...SAID, 'pgsql-epoch': '8 node1', 'pgsql-status': 'HS:alone' },
        permanent: { 'pgsql-data-status': 'DISCONNECT', 'pgsql-promotion': '7 timeline 11' },
      }),
    ],
    position: NEWER,
    note: { positions: { node1: NEWER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /no node has newer data/,
  },
  {
    when: 'it was a primary before the last one, and calls itself the latest still: it takes no part',
    nodes: [
      clusterNode('node1', {
        transient: { ...SAID, 'pgsql-epoch': '8 node2', 'pgsql-status': 'HS:alone' },
        permanent: { 'pgsql-data-status': 'LATEST', 'pgsql-promotion': '7 timeline 11' },
      }),
    ],
    position: NEWER,
    steps: [],
    because: /its data was not complete/,
  },
  {
    when: 'it was the last primary: what one of before has written since does not count',
    nodes: [
      clusterNode('node1', {
        transient: { ...SAID, 'pgsql-epoch': '8 node1', 'pgsql-status': 'HS:alone', 'pgsql-xlog-loc': OLDER },
        permanent: { 'pgsql-data-status': 'LATEST', 'pgsql-promotion': '8 timeline 12' },
      }),
      clusterNode('node2', {
        transient: { ...SAID, 'pgsql-epoch': '8 node1', 'pgsql-status': 'HS:alone', 'pgsql-xlog-loc': NEWER },
        permanent: { 'pgsql-data-status': 'LATEST', 'pgsql-promotion': '7 timeline 11' },
      }),
    ],
    position: OLDER,
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /no node has newer data/,
  },
  {
    when: 'there is a primary and it streams: the primary says everything',
    nodes: [node('node1', 'STREAMING|SYNC'), node('node2', 'LATEST')],
    primaries: ['node2'],
    steps: [],
    because: undefined,
  },
  {
    when: 'there is a primary that has lost this standby',
    nodes: [{ ...node('node1', 'DISCONNECT'), transient: { ...SAID, 'pgsql-status': 'HS:sync' } }],
    primaries: ['node2'],
    steps: ['set node attribute pgsql-status of node1 to HS:alone'],
    because: undefined,
  },
  {
    when: 'there is a primary that it cannot follow',
    nodes: [{ ...node('node1', 'DISCONNECT|FORKED'), transient: { ...SAID, 'pgsql-status': 'HS:sync' } }],
    primaries: ['node2'],
    steps: ['set node attribute pgsql-status of node1 to HS:alone'],
    because: undefined,
  },
  {
    when: 'an election was going on when a primary came up',
    nodes: [node('node1', 'STREAMING|SYNC')],
    primaries: ['node2'],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['remove the note of the election'],
    because: undefined,
  },
  {
    when: 'a first start: the position is published and counted once',
    nodes: [{ ...node('node1', undefined), transient: {} }],
    steps: [
      'set node attribute pgsql-status of node1 to HS:alone',
      'set node attribute pgsql-epoch of node1 to 0',
      'set the promotion score of node1 to -INFINITY',
      'have the node attributes written again that the cluster has lost',
      `set node attribute pgsql-xlog-loc of node1 to ${OLDER}`,
      'note the WAL positions of this election (seen 1 times)',
    ],
    because: /seen 1 of 3 times: node1 0000000003000000/,
  },
  {
    when: 'the second look at the same positions',
    nodes: [node('node1', undefined, OLDER)],
    note: { positions: { node1: OLDER }, seen: 1 },
    steps: ['note the WAL positions of this election (seen 2 times)'],
    because: /seen 2 of 3/,
  },
  {
    when: 'the last look, and nobody has newer data',
    nodes: [node('node1', 'LATEST', NEWER), node('node2', 'STREAMING|SYNC', OLDER)],
    position: NEWER,
    note: { positions: { node1: NEWER, node2: OLDER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /may be promoted/,
  },
  {
    when: 'the last look, and both have the same: each may be promoted, and the cluster picks one',
    nodes: [node('node1', 'LATEST', OLDER), node('node2', 'STREAMING|SYNC', OLDER)],
    note: { positions: { node1: OLDER, node2: OLDER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /may be promoted/,
  },
  {
    when: 'the last look, and another node has newer data',
    nodes: [node('node1', 'STREAMING|SYNC', OLDER), node('node2', 'LATEST', NEWER)],
    note: { positions: { node1: OLDER, node2: NEWER }, seen: 2 },
    steps: ['set node attribute pgsql-data-status of node1 to DISCONNECT', 'remove the note of the election'],
    because: /another node has newer data/,
  },
  {
    when: 'a node has joined meanwhile: the count starts afresh',
    nodes: [node('node1', 'LATEST', OLDER), node('node2', 'STREAMING|SYNC', OLDER)],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['note the WAL positions of this election (seen 1 times)'],
    because: /seen 1 of 3/,
  },
  {
    when: 'the position of a node that is gone does not count',
    nodes: [node('node1', 'LATEST', OLDER), node('node2', 'LATEST', NEWER, false)],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /may be promoted/,
  },
  ...['DISCONNECT', 'DISCONNECT|REFUSED', 'STREAMING|ASYNC', 'STREAMING|POTENTIAL', 'CATCHUP|ASYNC'].map(
    (status) => ({
      when: `its data was not complete when there last was a primary (${status}): it takes no part`,
      nodes: [node('node1', status)],
      steps: [],
      because: /not complete/,
    }),
  ),
  ...['LATEST', 'STREAMING|ASYNC', 'STREAMING|POTENTIAL'].map((status) => ({
    when: `in asynchronous replication, one that followed to the end (${status}) takes part`,
    mode: 'async' as const,
    nodes: [node('node1', status, OLDER)],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /may be promoted/,
  })),
  ...['DISCONNECT', 'DISCONNECT|REFUSED', 'CATCHUP|ASYNC'].map((status) => ({
    when: `in asynchronous replication, one that did not (${status}) takes no part`,
    mode: 'async' as const,
    nodes: [node('node1', status, OLDER)],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: [],
    because: /not complete/,
  })),
  {
    when: 'another standby runs and has not said yet what it has: it is waited for',
    mode: 'async',
    nodes: [
      node('node1', 'STREAMING|ASYNC', OLDER),
      { ...node('node2', 'STREAMING|ASYNC'), roles: { pgsql: 'Unpromoted' } },
    ],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['note the WAL positions of this election (seen 3 times)'],
    because: /node2 has not said yet/,
  },
  {
    when: 'it stays silent: not for ever',
    mode: 'async',
    nodes: [
      node('node1', 'STREAMING|ASYNC', OLDER),
      { ...node('node2', 'STREAMING|ASYNC'), roles: { pgsql: 'Unpromoted' } },
    ],
    note: { positions: { node1: OLDER }, seen: 8 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /may be promoted/,
  },
  {
    when: 'the silent one could not win anyway: nobody waits for it',
    nodes: [
      node('node1', 'STREAMING|SYNC', OLDER),
      { ...node('node2', 'DISCONNECT'), roles: { pgsql: 'Unpromoted' } },
    ],
    note: { positions: { node1: OLDER }, seen: 2 },
    steps: ['set the promotion score of node1 to 1000', 'remove the note of the election'],
    because: /may be promoted/,
  },
  {
    when: 'it streams, and its receiver is to be published',
    nodes: [node('node1', 'STREAMING|SYNC')],
    primaries: ['node2'],
    receiver: 'normal',
    steps: ['set node attribute pgsql-receiver-status of node1 to normal'],
    because: undefined,
  },
  {
    when: 'it would acknowledge commits, promoted by somebody',
    nodes: [node('node1', 'STREAMING|SYNC')],
    primaries: ['node2'],
    setting: '',
    steps: [
      `set synchronous_standby_names to '"no commit is acknowledged here: only the cluster promotes this server"' and reload`,
    ],
    because: undefined,
  },
  {
    when: 'a promotion of it failed, and there is no primary',
    nodes: [node('node1', 'DISCONNECT')],
    setting: '"node2"',
    steps: [
      `set synchronous_standby_names to '"no commit is acknowledged here: only the cluster promotes this server"' and reload`,
    ],
    because: /its data was not complete/,
  },
  {
    when: 'rep_mode was changed to async while it ran',
    nodes: [node('node1', 'STREAMING|ASYNC')],
    primaries: ['node2'],
    mode: 'async',
    setting: standbySetting('sync'),
    steps: ["set synchronous_standby_names to '' and reload"],
    because: undefined,
  },
]

describe('what a standby decides', () => {
  test.each(cases)('$when', ({ nodes, primaries = [], position = OLDER, note, steps, because, ...rest }) => {
    const plan = decideStandby({
      resource: 'pgsql',
      mode: rest.mode ?? 'sync',
      receiver: rest.receiver,
      node: 'node1',
      others: ['node2'],
      primaries,
      settled: false,
      synchronousStandbyNames: rest.setting ?? standbySetting(rest.mode ?? 'sync'),
      position,
      note,
      checkCount: 3,
      snapshot: cluster(nodes),
    })
    expect(plan.steps.map(describeStep)).toEqual(steps)
    expect(plan.exit).toBe(0)
    if (because) expect(plan.because).toMatch(because)
    else expect(plan.because).toBeUndefined()
  })

  test('a server that does not say its position is not promoted on a guess', () => {
    const plan = decideStandby({
      resource: 'pgsql',
      mode: 'sync',
      receiver: undefined,
      node: 'node1',
      others: [],
      primaries: [],
      settled: false,
      synchronousStandbyNames: standbySetting('sync'),
      position: undefined,
      note: { positions: {}, seen: 9 },
      checkCount: 3,
      snapshot: cluster([node('node1', 'LATEST')]),
    })
    expect(plan.steps).toEqual([])
  })
})
