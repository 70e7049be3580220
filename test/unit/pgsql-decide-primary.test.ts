import { describe, expect, test } from '@jest/globals'
import { decidePrimary, type PrimaryFacts } from '../../agents/pgsql/decide-primary'
import { type NodeState } from '../../lib/cluster/snapshot'
import { type StandbyRow } from '../../lib/postgres/replication'
import { cluster, clusterNode } from './support/cluster'
import { effectsOf } from './support/proven'

const node = clusterNode

const row = (
  applicationName: string,
  state: string,
  syncState: string,
  flushed = '0000000003000000',
  behind: Pick<StandbyRow, 'unflushed' | 'unreplayed'> = {},
): StandbyRow => ({ applicationName, state, syncState, flushed, ...behind })

const primary = node('node1', {
  transient: { 'pgsql-status': 'PRI', 'master-pgsql': '1000' },
  permanent: { 'pgsql-data-status': 'LATEST' },
})
const inSync = node('node2', {
  transient: { 'pgsql-status': 'HS:sync', 'master-pgsql': '100' },
  permanent: { 'pgsql-data-status': 'STREAMING|SYNC' },
})
const forked = node('node2', {
  transient: { 'pgsql-status': 'HS:alone', 'master-pgsql': '-INFINITY' },
  permanent: { 'pgsql-data-status': 'DISCONNECT|FORKED' },
})
const out = node('node2', {
  transient: { 'pgsql-status': 'HS:alone', 'master-pgsql': '-INFINITY' },
  permanent: { 'pgsql-data-status': 'DISCONNECT' },
})

/** Two nodes in synchronous replication, and all is well. */
const WELL: PrimaryFacts = {
  resource: 'pgsql',
  mode: 'sync',
  policy: { strict: false, count: 1, quorum: false },
  maxLag: 0,
  node: 'node1',
  externals: [],
  slots: [],
  receiver: undefined,
  others: ['node2'],
  timeline: undefined,
  history: [],
  slept: false,
  standbys: [row('node2', 'STREAMING', 'SYNC')],
  synchronousStandbyNames: '"node2"',
  snapshot: cluster([primary, inSync]),
}

interface Case {
  readonly when: string
  readonly standbys: readonly StandbyRow[]
  readonly names: string
  readonly nodes: readonly NodeState[]
  readonly others?: readonly string[]
  readonly externals?: readonly string[]
  readonly mode?: PrimaryFacts['mode']
  readonly policy?: Partial<PrimaryFacts['policy']>
  readonly receiver?: PrimaryFacts['receiver']
  readonly maxLag?: number
  /** What of the cluster is not as usual. */
  readonly state?: Partial<PrimaryFacts['snapshot']>
  readonly steps: readonly string[]
  readonly awaiting?: string
}

const cases: readonly Case[] = [
  {
    when: 'all is in sync and said: nothing is written',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, inSync],
    steps: [],
  },
  {
    when: 'the standby is gone: it is barred from promotion before the primary stops waiting for it',
    standbys: [],
    names: '"node2"',
    nodes: [primary, inSync],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      'set the promotion score of node2 to -INFINITY',
      "set synchronous_standby_names to '' and reload",
    ],
  },
  {
    when: 'the standby is gone and its node with it: only what outlives the node is written',
    standbys: [],
    names: '"node2"',
    nodes: [primary, { ...inSync, online: false }],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      "set synchronous_standby_names to '' and reload",
    ],
  },
  {
    when: 'the standby streams again: it is waited for first, and not promotable yet',
    standbys: [row('node2', 'STREAMING', 'ASYNC')],
    names: '',
    nodes: [primary, out],
    steps: [
      'set node attribute pgsql-data-status of node2 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node2 to HS:async',
      `set synchronous_standby_names to '"node2"' and reload`,
    ],
    awaiting: 'node2',
  },
  {
    when: 'the standby has become synchronous: it may be promoted once it is known to have everything',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, out],
    steps: [
      'wait until node2 has everything that was acknowledged',
      'set node attribute pgsql-data-status of node2 to STREAMING|SYNC',
      'set the promotion score of node2 to 100',
      'set node attribute pgsql-status of node2 to HS:sync',
    ],
  },
  ...[[], [row('node2', 'STARTUP', 'ASYNC')]].map((standbys) => ({
    when: `a standby says why it cannot follow: that stays (it is seen ${standbys.length} times)`,
    standbys,
    names: '',
    nodes: [primary, forked],
    steps: [],
  })),
  {
    when: 'a standby said why it could not follow, and follows',
    standbys: [row('node2', 'CATCHUP', 'ASYNC')],
    names: '',
    nodes: [primary, forked],
    steps: [
      'set node attribute pgsql-data-status of node2 to CATCHUP|ASYNC',
      'set node attribute pgsql-status of node2 to HS:connected',
    ],
  },
  {
    when: 'the standby catches up: it is connected, and not waited for',
    standbys: [row('node2', 'CATCHUP', 'ASYNC')],
    names: '',
    nodes: [primary, out],
    steps: [
      'set node attribute pgsql-data-status of node2 to CATCHUP|ASYNC',
      'set node attribute pgsql-status of node2 to HS:connected',
    ],
  },
  {
    when: 'a node said STOP of itself while its standby still streams: its word counts',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [
      primary,
      node('node2', { ...inSync, transient: { 'pgsql-status': 'STOP', 'master-pgsql': '100' } }),
    ],
    steps: [],
  },
  {
    when: 'a base backup runs under another name: it is no standby',
    standbys: [row('pg_basebackup', 'BACKUP', 'ASYNC'), row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, inSync],
    steps: [],
  },
  {
    when: 'a dead connection of the standby lingers beside the live one: the live one counts',
    standbys: [row('node2', 'CATCHUP', 'ASYNC'), row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, inSync],
    steps: [],
  },
  {
    when: 'a node has no score yet: the primary gives it none',
    standbys: [],
    names: '',
    nodes: [primary, node('node2')],
    steps: ['set node attribute pgsql-data-status of node2 to DISCONNECT'],
  },
  {
    when: 'the cluster does not know the node: nothing is written of it',
    standbys: [],
    names: '',
    nodes: [primary],
    steps: [],
  },
  {
    when: 'the primary has not said of itself what it is',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [node('node1'), inSync],
    steps: [
      'set node attribute pgsql-status of node1 to PRI',
      'have the node attributes written again that the cluster has lost',
      'set node attribute pgsql-data-status of node1 to LATEST',
    ],
  },
  {
    when: 'node names differ in case between list, cluster and standby',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    others: ['Node2'],
    nodes: [primary, { ...inSync, name: 'Node2' }],
    steps: [],
  },
  {
    when: 'the synchronous one of two standbys is lost: the other is waited for in its place',
    standbys: [row('node3', 'STREAMING', 'POTENTIAL')],
    names: '"node2"',
    others: ['node2', 'node3'],
    nodes: [
      primary,
      inSync,
      node('node3', {
        transient: { 'pgsql-status': 'HS:potential', 'master-pgsql': '-INFINITY' },
        permanent: { 'pgsql-data-status': 'STREAMING|POTENTIAL' },
      }),
    ],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      'set the promotion score of node2 to -INFINITY',
      `set synchronous_standby_names to '"node3"' and reload`,
    ],
    awaiting: 'node3',
  },
]

const node3 = node('node3', {
  transient: { 'pgsql-status': 'HS:potential', 'master-pgsql': '-INFINITY' },
  permanent: { 'pgsql-data-status': 'STREAMING|POTENTIAL' },
})
const trio = [primary, inSync, node3]
const both = ['node2', 'node3']

const ofThree: readonly Case[] = [
  {
    when: 'one standby is waited for and the other is in line: nothing is written',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('node3', 'STREAMING', 'ASYNC')],
    names: '"node2"',
    nodes: trio,
    steps: [],
  },
  {
    when: 'none is waited for yet: the one with the most data is chosen, and the other is in line',
    standbys: [
      row('node2', 'STREAMING', 'ASYNC', '0000000003000000'),
      row('node3', 'STREAMING', 'ASYNC', '0000000003000100'),
    ],
    names: '',
    nodes: [primary, out, node('node3', { transient: { 'master-pgsql': '-INFINITY' } })],
    steps: [
      'set node attribute pgsql-data-status of node2 to STREAMING|POTENTIAL',
      'set node attribute pgsql-status of node2 to HS:potential',
      'set node attribute pgsql-data-status of node3 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node3 to HS:async',
      `set synchronous_standby_names to '"node3"' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'one that is out of the cluster but replicates is chosen only when there is no other',
    standbys: [
      row('node2', 'STREAMING', 'ASYNC', '0000000003000100'),
      row('node3', 'STREAMING', 'ASYNC', '0000000003000000'),
    ],
    names: '',
    nodes: [
      primary,
      node('node2', {
        permanent: { 'pgsql-data-status': 'STREAMING|POTENTIAL' },
        online: false,
        member: true,
      }),
      node('node3', {
        permanent: { 'pgsql-data-status': 'STREAMING|ASYNC' },
        transient: { 'pgsql-status': 'HS:async' },
      }),
    ],
    steps: [`set synchronous_standby_names to '"node3"' and reload`],
    awaiting: 'node3',
  },
  {
    when: 'the shell agents or an operator named both: it is back to one',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('node3', 'STREAMING', 'POTENTIAL')],
    names: 'node2, node3',
    nodes: trio,
    steps: [`set synchronous_standby_names to '"node2"' and reload`],
    awaiting: 'node2',
  },
  {
    when: 'the node in sync has lost its power, and its connection lingers: the majority need not wait for it',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('node3', 'STREAMING', 'ASYNC')],
    names: '"node2"',
    nodes: [primary, { ...inSync, online: false, member: false }, node3],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      'set node attribute pgsql-data-status of node3 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node3 to HS:async',
      `set synchronous_standby_names to '"node3"' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'the same without quorum: that node may be in the majority and be promoted there, so commits wait',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [
      primary,
      { ...inSync, online: false, member: false },
      node('node3', { online: false, permanent: { 'pgsql-data-status': 'DISCONNECT' } }),
    ],
    state: { quorate: false },
    steps: [],
  },
  {
    when: 'the same where quorum is ignored: it may be promoted wherever it is, so commits wait',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('node3', 'STREAMING', 'ASYNC')],
    names: '"node2"',
    nodes: [primary, { ...inSync, online: false, member: false }, node3],
    state: { noQuorumPolicy: 'ignore' },
    steps: [],
  },
].map((each) => ({ others: both, ...each }))

const ofTwo: readonly Case[] = [
  {
    when: 'of two nodes, the other cannot be seen any more: it may be promoted by itself, so commits wait',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, { ...inSync, online: false, member: false }],
    steps: [],
  },
  {
    when: 'of two nodes, the other was fenced: nobody waits for what lingers of its connection',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, { ...inSync, online: false, member: false, departed: true }],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      "set synchronous_standby_names to '' and reload",
    ],
  },
]

const outside: readonly Case[] = [
  {
    when: 'a standby outside the cluster streams: commits wait for it too',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('dr1', 'STREAMING', 'ASYNC')],
    names: '"node2"',
    nodes: [primary, inSync],
    steps: [`set synchronous_standby_names to 'FIRST 2 ("node2", "dr1")' and reload`],
    awaiting: 'node2',
  },
  {
    when: 'both are waited for: nothing is written',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('DR1', 'STREAMING', 'SYNC')],
    names: 'FIRST 2 ("node2", "dr1")',
    nodes: [primary, inSync],
    steps: [],
  },
  {
    when: 'the one outside is gone: nobody could promote it, so nothing has to be said first',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: 'FIRST 2 ("node2", "dr1")',
    nodes: [primary, inSync],
    steps: [`set synchronous_standby_names to '"node2"' and reload`],
    awaiting: 'node2',
  },
  {
    when: 'the one of the cluster is gone: it is barred, and the one outside is still waited for',
    standbys: [row('dr1', 'STREAMING', 'SYNC')],
    names: 'FIRST 2 ("node2", "dr1")',
    nodes: [primary, inSync],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      'set the promotion score of node2 to -INFINITY',
      `set synchronous_standby_names to '"dr1"' and reload`,
    ],
  },
  {
    when: 'the one outside only catches up: it is not waited for',
    standbys: [row('node2', 'STREAMING', 'SYNC'), row('dr1', 'CATCHUP', 'ASYNC')],
    names: '"node2"',
    nodes: [primary, inSync],
    steps: [],
  },
].map((each) => ({ externals: ['dr1', 'dr2'], ...each }))

const asynchronous: readonly Case[] = [
  {
    when: 'of two nodes, a standby that streams may be promoted, and nobody waits for it',
    standbys: [row('node2', 'STREAMING', 'ASYNC')],
    names: '',
    nodes: [primary, out],
    steps: [
      'set node attribute pgsql-data-status of node2 to STREAMING|ASYNC',
      'set the promotion score of node2 to 100',
      'set node attribute pgsql-status of node2 to HS:async',
    ],
  },
  {
    when: 'of two nodes, a standby that is lost may not',
    standbys: [],
    names: '',
    nodes: [
      primary,
      node('node2', {
        transient: { 'pgsql-status': 'HS:async', 'master-pgsql': '100' },
        permanent: { 'pgsql-data-status': 'STREAMING|ASYNC' },
      }),
    ],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      'set the promotion score of node2 to -INFINITY',
    ],
  },
  {
    when: 'of three nodes, only an election can tell which has the newest data',
    standbys: [row('node2', 'STREAMING', 'ASYNC'), row('node3', 'STREAMING', 'ASYNC')],
    names: '',
    others: both,
    nodes: [primary, out, node3],
    steps: [
      'set node attribute pgsql-data-status of node2 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node2 to HS:async',
      'set node attribute pgsql-data-status of node3 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node3 to HS:async',
    ],
  },
].map((each) => ({ mode: 'async' as const, ...each }))

const receiving: readonly Case[] = [
  {
    when: 'its own receiver is to be published',
    standbys: [row('node2', 'STREAMING', 'SYNC')],
    names: '"node2"',
    nodes: [primary, inSync],
    receiver: 'normal (master)',
    steps: ['set node attribute pgsql-receiver-status of node1 to normal (master)'],
  },
]

const MB = 1024 * 1024
const behind = (unflushed: number, unreplayed = unflushed, syncState = 'ASYNC'): StandbyRow =>
  row('node2', 'STREAMING', syncState, undefined, { unflushed, unreplayed })
const asyncStandby = (dataStatus: string, score: string, lag?: string): NodeState =>
  node('node2', {
    transient: {
      'pgsql-status': 'HS:async',
      'master-pgsql': score,
      ...(lag !== undefined && { 'pgsql-lag': lag }),
    },
    permanent: { 'pgsql-data-status': dataStatus },
  })

const lagging: readonly Case[] = [
  {
    when: 'the lag is said once, and not again while it is about the same',
    mode: 'async',
    standbys: [behind(0, 300)],
    names: '',
    nodes: [primary, asyncStandby('STREAMING|ASYNC', '100')],
    steps: ['set node attribute pgsql-lag of node2 to 0'],
  },
  {
    when: 'what readers there do not see yet counts',
    mode: 'async',
    standbys: [behind(0, 17 * MB)],
    names: '',
    nodes: [primary, asyncStandby('STREAMING|ASYNC', '100', '0')],
    steps: [`set node attribute pgsql-lag of node2 to ${32 * MB}`],
  },
  {
    when: 'the standby is gone: nobody knows',
    mode: 'async',
    standbys: [],
    names: '',
    nodes: [primary, asyncStandby('DISCONNECT', '-INFINITY', '0')],
    steps: ['delete node attribute pgsql-lag of node2'],
  },
  {
    when: 'a primary that was a standby lags no more',
    mode: 'async',
    standbys: [],
    names: '',
    nodes: [
      { ...primary, transient: { ...primary.transient, 'pgsql-lag': '0' } },
      asyncStandby('DISCONNECT', '-INFINITY'),
    ],
    steps: ['delete node attribute pgsql-lag of node1'],
  },
  {
    when: 'more than max_lag: it may not be promoted',
    mode: 'async',
    maxLag: 16 * MB,
    standbys: [behind(17 * MB)],
    names: '',
    nodes: [primary, asyncStandby('STREAMING|ASYNC', '100', String(32 * MB))],
    steps: [
      'set node attribute pgsql-data-status of node2 to LAGGING|ASYNC',
      'set the promotion score of node2 to -INFINITY',
    ],
  },
  {
    when: 'max_lag is about what would be lost, and not about what readers see',
    mode: 'async',
    maxLag: 16 * MB,
    standbys: [behind(0, 17 * MB)],
    names: '',
    nodes: [primary, asyncStandby('STREAMING|ASYNC', '100', String(32 * MB))],
    steps: [],
  },
  {
    when: 'a little less than max_lag again: not yet',
    mode: 'async',
    maxLag: 16 * MB,
    standbys: [behind(9 * MB)],
    names: '',
    nodes: [primary, asyncStandby('LAGGING|ASYNC', '-INFINITY', String(32 * MB))],
    steps: [],
  },
  {
    when: 'half of it or less: it may be promoted again',
    mode: 'async',
    maxLag: 16 * MB,
    standbys: [behind(8 * MB)],
    names: '',
    nodes: [primary, asyncStandby('LAGGING|ASYNC', '-INFINITY', String(32 * MB))],
    steps: [
      `set node attribute pgsql-lag of node2 to ${8 * MB}`,
      'set node attribute pgsql-data-status of node2 to STREAMING|ASYNC',
      'set the promotion score of node2 to 100',
    ],
  },
  {
    when: 'a synchronous one may be promoted however far it is behind',
    maxLag: 16 * MB,
    standbys: [behind(17 * MB, 17 * MB, 'SYNC')],
    names: '"node2"',
    nodes: [primary, { ...inSync, transient: { ...inSync.transient, 'pgsql-lag': String(32 * MB) } }],
    steps: [],
  },
]

describe('what a primary does about its standbys', () => {
  describe.each([
    ['of two nodes', [...cases, ...ofTwo]],
    ['of three nodes', ofThree],
    ['with standbys outside the cluster', outside],
    ['in asynchronous replication', asynchronous],
    ['about its receiver', receiving],
    ['that lag', lagging],
  ])('%s', (_, table) => {
    test.each(table)('$when', check)
  })

  function check({ standbys, names, nodes, steps, awaiting, ...rest }: Case): void {
    const facts: PrimaryFacts = {
      resource: 'pgsql',
      mode: rest.mode ?? 'sync',
      policy: { strict: false, count: 1, quorum: false, ...rest.policy },
      maxLag: rest.maxLag ?? 0,
      node: 'node1',
      others: rest.others ?? ['node2'],
      externals: rest.externals ?? [],
      slots: [],
      standbys,
      synchronousStandbyNames: names,
      receiver: rest.receiver,
      timeline: undefined,
      history: [],
      slept: false,
      snapshot: cluster(nodes, rest.state),
    }
    const plan = decidePrimary(facts)
    expect(effectsOf(plan, facts)).toEqual(steps)
    expect(plan.awaiting).toBe(awaiting)
    expect(plan.exit).toBe(8)
  }

  test.each<[string, Partial<PrimaryFacts>, string | undefined]>([
    ['all is well', {}, undefined],
    ['there is no standby', { standbys: [] }, 'no standby is synchronous: commits are on this node alone'],
    ['there is no other node', { standbys: [], others: [] }, undefined],
    ['asynchronous replication', { standbys: [], mode: 'async' }, undefined],
    [
      'one of two',
      { policy: { strict: false, count: 2, quorum: false }, others: ['node2', 'node3'] },
      'commits are on node2 only, and not on 2 standbys',
    ],
    [
      'commits wait',
      { policy: { strict: true, count: 1, quorum: false }, standbys: [] },
      'commits wait for node2',
    ],
  ])('what is worse than it should be: %s', (_, more, degraded) => {
    const plan = decidePrimary({
      ...WELL,
      ...more,
    })
    expect(plan.degraded).toBe(degraded)
  })

  test('a node name with a quote stays one name', () => {
    const plan = decidePrimary({
      ...WELL,
      others: [`o'ne"two`],
      standbys: [row(`o'ne"two`, 'STREAMING', 'ASYNC')],
      synchronousStandbyNames: '',
      snapshot: cluster([primary, node(`o'ne"two`)]),
    })
    expect(plan.steps).toContainEqual({ step: 'synchronous', names: `"o'ne""two"` })
  })

  describe('another node is promoted, too', () => {
    const PROMOTED = { pgsql: 'Promoted' } as const
    const other = node('node2', { ...primary, name: 'node2', roles: PROMOTED })
    const self = (status: string, score: string, dataStatus: string, more: Partial<NodeState> = {}) =>
      node('node1', {
        transient: { 'pgsql-status': status, 'master-pgsql': score },
        permanent: { 'pgsql-data-status': dataStatus },
        ...more,
      })
    const leaves =
      'promoted, but not by the cluster, whose primary is node2: what was written here since is not there'
    const bars = [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      'set the promotion score of node2 to -INFINITY',
    ]

    test.each<[string, NodeState, NodeState, string | undefined, readonly string[]]>([
      [
        'this one by hand: it claims nothing',
        self('HS:sync', '100', 'STREAMING|SYNC'),
        other,
        leaves,
        ['set node attribute pgsql-status of node1 to UNKNOWN'],
      ],
      [
        'this one by hand, and pacemaker has found it',
        self('UNKNOWN', '-INFINITY', 'DISCONNECT', { roles: PROMOTED }),
        other,
        leaves,
        [],
      ],
      [
        'this one by hand, while the parameters of the primary are reloaded',
        self('UNKNOWN', '100', 'DISCONNECT'),
        { ...other, roles: { pgsql: 'Unpromoted' } },
        leaves,
        [],
      ],
      [
        'that one by hand: it is a standby that is away',
        self('PRI', '1000', 'LATEST', { roles: PROMOTED }),
        node('node2', {
          transient: { 'pgsql-status': 'UNKNOWN', 'master-pgsql': '100' },
          permanent: { 'pgsql-data-status': 'STREAMING|SYNC' },
          roles: PROMOTED,
        }),
        undefined,
        bars,
      ],
      [
        'both by the cluster, apart from each other: neither bars the other',
        self('PRI', '1000', 'LATEST', { roles: PROMOTED }),
        other,
        undefined,
        [],
      ],
      [
        'that one is demoted, and could not say so',
        self('PRI', '1000', 'LATEST', { roles: PROMOTED }),
        { ...other, roles: { pgsql: 'Unpromoted' } },
        undefined,
        bars,
      ],
      [
        'that one has left',
        self('HS:sync', '100', 'STREAMING|SYNC'),
        { ...other, online: false },
        undefined,
        [
          'set node attribute pgsql-status of node1 to PRI',
          'set node attribute pgsql-data-status of node1 to LATEST',
          'set node attribute pgsql-data-status of node2 to DISCONNECT',
        ],
      ],
    ])('%s', (_, own, that, reason, steps) => {
      const facts = {
        ...WELL,
        standbys: [],
        synchronousStandbyNames: '',
        snapshot: cluster([own, that]),
      }
      const plan = decidePrimary(facts)
      expect(plan.exit).toBe(8)
      expect(plan.reason).toBe(reason)
      expect(effectsOf(plan, facts)).toEqual(steps)
    })
  })

  test('after a sleep it looks whether it is the primary still, also where there is nothing to change', () => {
    expect(decidePrimary(WELL).steps).toEqual([])
    expect(decidePrimary({ ...WELL, slept: true }).steps).toEqual([{ step: 'prove' }])
    const proofs = decidePrimary({ ...WELL, standbys: [], slept: true }).steps.filter(
      ({ step }) => step === 'prove',
    )
    expect(proofs).toEqual(
      decidePrimary({ ...WELL, standbys: [] }).steps.filter(({ step }) => step === 'prove'),
    )
  })

  describe('by the numbers of the promotions', () => {
    const PROMOTED = { pgsql: 'Promoted' } as const
    const numbered = (name: string, own: string | undefined, known: string, more: Partial<NodeState> = {}) =>
      node(name, {
        roles: PROMOTED,
        ...more,
        transient: {
          'pgsql-status': 'PRI',
          'master-pgsql': `${1000 + Number(/^\d+/.exec(own ?? '0')?.[0])}`,
          ...more.transient,
          ...(own !== undefined && { 'pgsql-promotion': own }),
          'pgsql-epoch': known,
        },
        permanent: {
          'pgsql-data-status': 'LATEST',
          ...more.permanent,
          ...(own !== undefined && { 'pgsql-promotion': own }),
        },
      })
    const behind = numbered('node2', '7 timeline 11', '8 node1')
    const barred = {
      transient: { 'pgsql-status': 'HS:alone', 'master-pgsql': '-INFINITY' },
      permanent: { 'pgsql-data-status': 'DISCONNECT' },
      roles: { pgsql: 'Unpromoted' },
    } as const

    test.each<[string, Partial<PrimaryFacts>, readonly NodeState[], number, readonly string[]]>([
      [
        'all is said: nothing is written',
        { timeline: 12 },
        [numbered('node1', '8 timeline 12', '8 node1'), numbered('node2', undefined, '8 node1', barred)],
        8,
        [],
      ],
      [
        'after its promotion it adds the timeline',
        { timeline: 12 },
        [numbered('node1', '8', '8 node1'), numbered('node2', undefined, '8 node1', barred)],
        8,
        // In memory of all members, and for good.
        [
          'set node attribute pgsql-promotion of node1 to 8 timeline 12',
          'set node attribute pgsql-promotion of node1 to 8 timeline 12',
        ],
      ],
      [
        'an earlier one is promoted, too: the later bars it',
        { timeline: 12 },
        [numbered('node1', '8 timeline 12', '8 node1'), behind],
        8,
        [
          'set node attribute pgsql-data-status of node2 to DISCONNECT',
          'set the promotion score of node2 to -INFINITY',
        ],
      ],
      [
        'a later one is promoted, too: this one stops, and says nothing of that',
        { timeline: 11 },
        [numbered('node1', '7 timeline 11', '8 node2'), numbered('node2', '8 timeline 12', '8 node2')],
        9,
        [
          'set the promotion score of node1 to -INFINITY',
          'set node attribute pgsql-status of node1 to UNKNOWN',
          'set node attribute pgsql-data-status of node1 to DISCONNECT',
        ],
      ],
      [
        'a later one was promoted, and only another node knows of it',
        { timeline: 11, others: ['node2', 'node3'] },
        [numbered('node1', '7 timeline 11', '7 node1'), numbered('node3', undefined, '8 node2', barred)],
        9,
        [
          'set the promotion score of node1 to -INFINITY',
          'set node attribute pgsql-status of node1 to UNKNOWN',
          'set node attribute pgsql-data-status of node1 to DISCONNECT',
        ],
      ],
      [
        'it comes from the latest, promoted by an agent without numbers: it takes the next',
        { timeline: 13, history: [11, 12] },
        [
          numbered('node1', '7 timeline 11', '8 node2'),
          numbered('node2', '8 timeline 12', '8 node2', barred),
        ],
        8,
        [
          'set node attribute pgsql-promotion of node1 to 9 timeline 13',
          'set the promotion score of node1 to 1009',
        ],
      ],
      [
        'it does not come from the latest: its own timeline shows it',
        { timeline: 13, history: [10, 11] },
        [
          numbered('node1', '7 timeline 11', '8 node2', { transient: { 'master-pgsql': '-INFINITY' } }),
          numbered('node2', '8 timeline 12', '8 node2', barred),
        ],
        9,
        [
          'set node attribute pgsql-status of node1 to UNKNOWN',
          'set node attribute pgsql-data-status of node1 to DISCONNECT',
        ],
      ],
      [
        'a sleeper has written into the attributes of the later one: that one sets them right',
        { timeline: 12 },
        [
          numbered('node1', '8 timeline 12', '8 node1', {
            transient: { 'master-pgsql': '-INFINITY' },
            permanent: { 'pgsql-data-status': 'DISCONNECT' },
          }),
          numbered('node2', '7 timeline 11', '8 node1', barred),
        ],
        8,
        [
          'set node attribute pgsql-data-status of node1 to LATEST',
          'set the promotion score of node1 to 1008',
        ],
      ],
      [
        'the attribute daemon was started again: what it knew is told again',
        { timeline: 12 },
        [
          node('node1', {
            roles: PROMOTED,
            transient: { 'pgsql-epoch': undefined },
            permanent: { 'pgsql-data-status': 'LATEST', 'pgsql-promotion': '8 timeline 12' },
          }),
          numbered('node2', undefined, '8 node1', barred),
        ],
        8,
        [
          'set node attribute pgsql-epoch of node1 to 8 node1',
          'set node attribute pgsql-promotion of node1 to 8 timeline 12',
          'set node attribute pgsql-status of node1 to PRI',
          'have the node attributes written again that the cluster has lost',
          'set the promotion score of node1 to 1008',
        ],
      ],
    ])('%s', (_, change, nodes, exit, steps) => {
      const facts: PrimaryFacts = {
        ...WELL,
        standbys: [],
        synchronousStandbyNames: '',
        ...change,
        snapshot: cluster(nodes),
      }
      const plan = decidePrimary(facts)
      expect(effectsOf(plan, facts)).toEqual(steps)
      expect(plan.exit).toBe(exit)
      if (exit === 9) {
        expect(plan.reason).toBe(
          'node2 was promoted later (promotion 8, this node: 7): this primary must stop',
        )
      }
    })
  })
})

describe('replication slots that a standby cannot stream through', () => {
  const again = (...names: string[]): string =>
    `make missing or invalidated replication slots again: ${names.join(', ')}`
  const runs = { ...inSync, roles: { 'pgsql:1': 'Unpromoted' } } as const
  test.each<[string, NodeState, 'missing' | 'invalid', readonly string[]]>([
    ['it runs, and has none: it is made', runs, 'missing', [again('ha_node2')]],
    ['it runs, and its slot is invalidated', runs, 'invalid', [again('ha_node2')]],
    ['it does not run: its slot was dropped, so that its WAL does not fill the disk', inSync, 'missing', []],
    [
      'it does not run, and its slot keeps nothing: a base backup will need one',
      inSync,
      'invalid',
      [again('ha_node2')],
    ],
    ['its node is away', { ...inSync, online: false }, 'invalid', []],
  ])('%s', (_, standby, trouble, steps) => {
    const facts: PrimaryFacts = {
      ...WELL,
      slots: [{ node: 'node2', slot: 'ha_node2', trouble }],
      snapshot: cluster([primary, standby]),
    }
    expect(effectsOf(decidePrimary(facts), facts)).toEqual(steps)
  })
})
