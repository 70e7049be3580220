/** Whom commits wait for under each policy, what is published of it, and what can be proved with that. */
import { describe, expect, test } from '@jest/globals'
import { decidePrimary, type PrimaryFacts } from '../../agents/pgsql/decide-primary'
import { decideBeforePromote } from '../../agents/pgsql/decide-before-promote'
import { decidePromote, hasSameReasons, type PromoteFacts } from '../../agents/pgsql/decide-promote'
import { NO_PROMOTION } from '../../agents/pgsql/promotions'
import { decideStandby } from '../../agents/pgsql/decide-standby'
import { covering, missingProof, readQuorum, writeQuorum } from '../../agents/pgsql/quorum'
import { isKnownDown, requiredAtPromotion, requiredSetting } from '../../agents/pgsql/sync-policy'
import { describeStep } from '../../agents/pgsql/steps'
import { standbySetting } from '../../agents/pgsql/sync-policy'
import { readCib, type NodeState } from '../../lib/cluster/snapshot'
import { type StandbyRow } from '../../lib/postgres/replication'
import { cluster, clusterNode } from './support/cluster'
import { effectsOf } from './support/proven'

const row = (
  applicationName: string,
  syncState: string,
  state = 'STREAMING',
  flushed = '0000000003000000',
): StandbyRow => ({ applicationName, state, syncState, flushed })

const primary = (quorum?: string, waiting?: string): NodeState =>
  clusterNode('node1', {
    transient: {
      'pgsql-status': 'PRI',
      'master-pgsql': '1000',
      ...(waiting !== undefined && { 'pgsql-waiting': waiting }),
    },
    permanent: { 'pgsql-data-status': 'LATEST', ...(quorum !== undefined && { 'pgsql-quorum': quorum }) },
    roles: { pgsql: 'Promoted' },
  })

const standby = (
  name: string,
  [status, dataStatus, score]: readonly [string, string, string],
  more: Partial<NodeState> = {},
): NodeState =>
  clusterNode(name, {
    transient: { 'pgsql-status': status, 'master-pgsql': score },
    permanent: { 'pgsql-data-status': dataStatus },
    roles: { pgsql: 'Unpromoted' },
    ...more,
  })

const QUORUM = ['HS:sync', 'STREAMING|QUORUM', '-INFINITY'] as const
const SYNC = ['HS:sync', 'STREAMING|SYNC', '100'] as const
const AWAY = ['HS:sync', 'DISCONNECT|SYNC', '100'] as const
const OUT = ['HS:alone', 'DISCONNECT', '-INFINITY'] as const
const LOST = { online: false, member: false } as const
const STOPPED = { roles: {}, stopped: ['pgsql'] } as const

interface Case {
  readonly when: string
  readonly policy: Partial<PrimaryFacts['policy']>
  readonly standbys: readonly StandbyRow[]
  readonly names: string
  readonly nodes: readonly NodeState[]
  readonly steps: readonly string[]
  readonly awaiting?: string
  readonly waiting?: string
}

const bar = (node: string, score = true): readonly string[] => [
  `set node attribute pgsql-data-status of ${node} to DISCONNECT`,
  ...(score ? [`set the promotion score of ${node} to -INFINITY`] : []),
]

const quorum: readonly Case[] = [
  {
    when: 'all stream and all is said: nothing is written',
    policy: {},
    standbys: [row('node2', 'QUORUM'), row('node3', 'QUORUM')],
    names: 'ANY 1 ("node2", "node3")',
    nodes: [primary('1 of node2 node3'), standby('node2', QUORUM), standby('node3', QUORUM)],
    steps: [],
  },
  {
    when: 'one is lost: what is published holds for the shorter list, too, and is changed when all is on the rest',
    policy: {},
    standbys: [row('node3', 'QUORUM')],
    names: 'ANY 1 ("node2", "node3")',
    nodes: [primary('1 of node2 node3'), standby('node2', QUORUM), standby('node3', QUORUM)],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT',
      `set synchronous_standby_names to 'ANY 1 ("node3")' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'then the rest has everything, and that is published',
    policy: {},
    standbys: [row('node3', 'QUORUM')],
    names: 'ANY 1 ("node3")',
    nodes: [primary('1 of node2 node3'), standby('node2', OUT), standby('node3', QUORUM)],
    steps: [
      'wait until everything that was acknowledged is on 1 of node3',
      'set node attribute pgsql-quorum of node1 to 1 of node3',
    ],
  },
  {
    when: 'one is back: before it counts, it is published that it does',
    policy: {},
    standbys: [row('node2', 'ASYNC'), row('node3', 'QUORUM')],
    names: 'ANY 1 ("node3")',
    nodes: [primary('1 of node3'), standby('node2', OUT), standby('node3', QUORUM)],
    steps: [
      'set node attribute pgsql-quorum of node1 to 1 of node3 node2',
      'set node attribute pgsql-data-status of node2 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node2 to HS:async',
      `set synchronous_standby_names to 'ANY 1 ("node3", "node2")' and reload`,
    ],
    awaiting: 'node2',
  },
  {
    when: 'the last is lost: nothing can be proved any more before the primary goes on alone',
    policy: {},
    standbys: [],
    names: 'ANY 1 ("node3")',
    nodes: [primary('1 of node3'), standby('node2', OUT), standby('node3', QUORUM)],
    steps: [
      'delete node attribute pgsql-quorum of node1',
      'set node attribute pgsql-data-status of node3 to DISCONNECT',
      "set synchronous_standby_names to '' and reload",
    ],
  },
  {
    when: 'after it was alone, nothing is published until everything is on the standby',
    policy: {},
    standbys: [row('node3', 'ASYNC')],
    names: '',
    nodes: [primary(), standby('node2', OUT), standby('node3', ['HS:async', 'STREAMING|ASYNC', '-INFINITY'])],
    steps: [`set synchronous_standby_names to 'ANY 1 ("node3")' and reload`],
    awaiting: 'node3',
  },
  {
    when: 'of two that are required one is lost: of both old and new commits one at the least is on the list',
    policy: { count: 2 },
    standbys: [row('node3', 'QUORUM')],
    names: 'ANY 2 ("node2", "node3")',
    nodes: [primary('2 of node2 node3'), standby('node2', OUT), standby('node3', QUORUM)],
    steps: [
      'set node attribute pgsql-quorum of node1 to 1 of node2 node3',
      `set synchronous_standby_names to 'ANY 1 ("node3")' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'the method was first: who could be promoted by itself is barred before others may be waited for instead',
    policy: {},
    standbys: [row('node2', 'SYNC'), row('node3', 'ASYNC')],
    names: '"node2"',
    nodes: [
      primary(),
      standby('node2', SYNC),
      standby('node3', ['HS:async', 'STREAMING|ASYNC', '-INFINITY']),
    ],
    steps: [
      'set node attribute pgsql-data-status of node2 to STREAMING|QUORUM',
      'set the promotion score of node2 to -INFINITY',
      `set synchronous_standby_names to 'ANY 1 ("node2", "node3")' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'a standby still says what it had in an election that is over: that is forgotten',
    policy: {},
    standbys: [row('node2', 'QUORUM'), row('node3', 'QUORUM')],
    names: 'ANY 1 ("node2", "node3")',
    nodes: [
      primary('1 of node2 node3'),
      standby('node2', QUORUM),
      standby('node3', QUORUM, {
        transient: {
          'pgsql-status': 'HS:sync',
          'master-pgsql': '-INFINITY',
          'pgsql-xlog-loc': '0000000003000000',
        },
      }),
    ],
    steps: ['delete node attribute pgsql-xlog-loc of node3'],
  },
  {
    when: 'under the strict policy, the last is lost: it is named still, and commits wait',
    policy: { strict: true },
    standbys: [],
    names: 'ANY 1 ("node3")',
    nodes: [
      primary('1 of node3'),
      standby('node2', OUT, { roles: {}, stopped: ['pgsql'] }),
      standby('node3', QUORUM, LOST),
    ],
    steps: [
      'set node attribute pgsql-data-status of node3 to DISCONNECT|QUORUM',
      'set node attribute pgsql-waiting of node1 to commits wait for node3',
    ],
    waiting: 'node3',
  },
].map((each) => ({ ...each, policy: { quorum: true, ...each.policy } }))

const first: readonly Case[] = [
  {
    when: 'two are waited for, and each may be promoted',
    policy: { count: 2 },
    standbys: [row('node2', 'SYNC'), row('node3', 'SYNC')],
    names: 'FIRST 2 ("node2", "node3")',
    nodes: [primary(), standby('node2', SYNC), standby('node3', SYNC)],
    steps: [],
  },
  {
    when: 'the second joins: it is waited for, and promotable only after that',
    policy: { count: 2 },
    standbys: [row('node2', 'SYNC'), row('node3', 'ASYNC')],
    names: '"node2"',
    nodes: [primary(), standby('node2', SYNC), standby('node3', OUT)],
    steps: [
      'set node attribute pgsql-data-status of node3 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node3 to HS:async',
      `set synchronous_standby_names to 'FIRST 2 ("node2", "node3")' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'one of two is lost: it is barred before the other alone is waited for',
    policy: { count: 2 },
    standbys: [row('node3', 'SYNC')],
    names: 'FIRST 2 ("node2", "node3")',
    nodes: [primary(), standby('node2', SYNC), standby('node3', SYNC)],
    steps: [...bar('node2'), `set synchronous_standby_names to '"node3"' and reload`],
    awaiting: 'node3',
  },
  {
    when: 'the method was quorum: its proof is withdrawn before the list changes',
    policy: {},
    standbys: [row('node2', 'QUORUM'), row('node3', 'QUORUM')],
    names: 'ANY 1 ("node2", "node3")',
    nodes: [primary('1 of node2 node3'), standby('node2', QUORUM), standby('node3', QUORUM)],
    steps: [
      'delete node attribute pgsql-quorum of node1',
      'set node attribute pgsql-data-status of node3 to STREAMING|POTENTIAL',
      'set node attribute pgsql-status of node3 to HS:potential',
      `set synchronous_standby_names to '"node2"' and reload`,
    ],
    awaiting: 'node2',
  },
]

const strict: readonly Case[] = [
  {
    when: 'the standby cannot be seen any more: it stays named, keeps its standing, and commits wait',
    policy: {},
    standbys: [],
    names: '"node2"',
    nodes: [primary(), standby('node2', SYNC, LOST)],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT|SYNC',
      'set node attribute pgsql-waiting of node1 to commits wait for node2',
    ],
    waiting: 'node2',
  },
  {
    when: 'it is still away: nothing is written again',
    policy: {},
    standbys: [],
    names: '"node2"',
    nodes: [primary(undefined, 'commits wait for node2'), standby('node2', AWAY, LOST)],
    steps: [],
    waiting: 'node2',
  },
  {
    when: 'it is there, but its server does not stream: commits wait',
    policy: {},
    standbys: [],
    names: '"node2"',
    nodes: [primary(undefined, 'commits wait for node2'), standby('node2', AWAY)],
    steps: [],
    waiting: 'node2',
  },
  {
    when: 'it is back and has everything: it may be promoted as before',
    policy: {},
    standbys: [row('node2', 'SYNC')],
    names: '"node2"',
    nodes: [primary(undefined, 'commits wait for node2'), standby('node2', AWAY)],
    steps: [
      'delete node attribute pgsql-waiting of node1',
      'wait until node2 has everything that was acknowledged',
      'set node attribute pgsql-data-status of node2 to STREAMING|SYNC',
    ],
  },
  {
    when: 'it was fenced: it is barred, and the primary goes on alone',
    policy: {},
    standbys: [],
    names: '"node2"',
    nodes: [
      primary(undefined, 'commits wait for node2'),
      standby('node2', AWAY, { ...LOST, departed: true, shutDown: true }),
    ],
    steps: [
      ...bar('node2', false),
      "set synchronous_standby_names to '' and reload",
      'delete node attribute pgsql-waiting of node1',
    ],
  },
  {
    when: 'the cluster has stopped it: the primary goes on alone',
    policy: {},
    standbys: [],
    names: '"node2"',
    nodes: [primary(), standby('node2', SYNC, STOPPED)],
    steps: [...bar('node2'), "set synchronous_standby_names to '' and reload"],
  },
  {
    when: 'it is starting again, or catches up: nobody waits until it streams',
    policy: {},
    standbys: [],
    names: '',
    nodes: [primary(), standby('node2', OUT)],
    steps: [],
  },
  {
    when: 'it was lost while it started: commits wait for it from then on',
    policy: {},
    standbys: [],
    names: '',
    nodes: [primary(), standby('node2', OUT, LOST)],
    steps: [
      `set synchronous_standby_names to '"node2"' and reload`,
      'set node attribute pgsql-waiting of node1 to commits wait for node2',
    ],
    waiting: 'node2',
  },
  {
    when: 'nothing is known of the other node: commits wait',
    policy: {},
    standbys: [],
    names: '"node2"',
    nodes: [primary(undefined, 'commits wait for node2')],
    steps: [],
    waiting: 'node2',
  },
  {
    when: 'another standby streams: it takes the place of the one that is lost',
    policy: {},
    standbys: [row('node3', 'ASYNC')],
    names: '"node2"',
    nodes: [primary(), standby('node2', SYNC), standby('node3', OUT)],
    steps: [
      ...bar('node2'),
      'set node attribute pgsql-data-status of node3 to STREAMING|ASYNC',
      'set node attribute pgsql-status of node3 to HS:async',
      `set synchronous_standby_names to '"node3"' and reload`,
    ],
    awaiting: 'node3',
  },
  {
    when: 'of two that are required one is lost: commits wait for both',
    policy: { count: 2 },
    standbys: [row('node3', 'SYNC')],
    names: 'FIRST 2 ("node2", "node3")',
    nodes: [primary(), standby('node2', SYNC, LOST), standby('node3', SYNC)],
    steps: [
      'set node attribute pgsql-data-status of node2 to DISCONNECT|SYNC',
      'set node attribute pgsql-waiting of node1 to commits wait for node2',
    ],
    waiting: 'node2',
  },
].map((each) => ({ ...each, policy: { strict: true, ...each.policy } }))

describe('whom a primary waits for', () => {
  describe.each([
    ['by quorum', quorum],
    ['all of several', first],
    ['under the strict policy', strict],
  ])('%s', (_, table) => {
    test.each(table)('$when', ({ policy, standbys, names, nodes, steps, awaiting, waiting }) => {
      const facts: PrimaryFacts = {
        resource: 'pgsql',
        mode: 'sync',
        policy: { strict: false, count: 1, quorum: false, ...policy },
        maxLag: 0,
        node: 'node1',
        others: nodes.length < 3 ? ['node2'] : ['node2', 'node3'],
        externals: [],
        slots: [],
        standbys,
        synchronousStandbyNames: names,
        receiver: undefined,
        timeline: undefined,
        history: [],
        slept: false,
        snapshot: cluster(nodes, { noQuorumPolicy: nodes.length < 3 ? 'ignore' : 'stop' }),
      }
      const plan = decidePrimary(facts)
      expect(effectsOf(plan, facts)).toEqual(steps)
      expect(plan.awaiting).toBe(awaiting)
      expect(plan.waiting).toBe(waiting)
    })
  })
})

describe('a node is known to be down', () => {
  const node = (state: string, history: string, attributes = ''): string =>
    `<cib><configuration><nodes><node id="2" uname="node2"><instance_attributes>${attributes}</instance_attributes></node></nodes></configuration>
     <status><node_state id="2" uname="node2" ${state}><lrm><lrm_resources><lrm_resource id="pgsql">${history}</lrm_resource></lrm_resources></lrm></node_state></status></cib>`
  const op = (operation: string, call: number, code: number): string =>
    `<lrm_rsc_op operation="${operation}" call-id="${call}" rc-code="${code}"/>`
  const THERE = 'in_ccm="true" crmd="online" join="member" expected="member"'
  const UNSEEN = 'in_ccm="false" crmd="offline" join="down" expected="member"'
  const inStandby = '<nvpair name="standby" value="on"/>'
  test.each<[string, string, boolean]>([
    ['it runs there', node(THERE, op('start', 3, 0)), false],
    ['stopped there by the cluster', node(THERE, op('stop', 5, 0) + op('monitor', 4, 7)), true],
    [
      'it crashed, and the cluster has not stopped it yet',
      node(THERE, op('start', 3, 0) + op('monitor', 4, 7)),
      false,
    ],
    ['it could not be stopped', node(THERE, op('stop', 5, 1)), false],
    ['never started there', node(THERE, op('monitor', 2, 7)), true],
    ['being started', node(THERE, op('start', -1, 193)), false],
    ['not seen any more', node(UNSEEN, op('start', 3, 0)), false],
    ['stopped before it was not seen any more', node(UNSEEN, op('stop', 5, 0)), false],
    ['the same, in standby mode', node(UNSEEN, op('stop', 5, 0), inStandby), true],
    ['in standby mode, and it runs still', node(THERE, op('start', 3, 0), inStandby), false],
    [
      'fenced, or shut down in good order',
      node('in_ccm="false" crmd="offline" join="down" expected="down"', ''),
      true,
    ],
    [
      'pacemaker shut down, and corosync not',
      node('in_ccm="true" crmd="offline" join="down" expected="down"', ''),
      true,
    ],
    [
      'on its way down',
      node('in_ccm="true" crmd="online" join="member" expected="down"', op('start', 3, 0)),
      false,
    ],
    ['the same from pacemaker 2.1.7 on', node('in_ccm="0" crmd="0" join="down" expected="down"', ''), true],
    ['nothing is known of it', '<cib/>', false],
  ])('%s', (_, xml, down) => {
    expect(isKnownDown(readCib(xml), 'node2', 'pgsql')).toBe(down)
  })
})

describe('what a new primary requires before its first commit', () => {
  const down = clusterNode('node1', { ...LOST, departed: true, shutDown: true })
  const lost = clusterNode('node1', LOST)
  const runs = standby('node3', OUT)
  test.each([
    ['available', { strict: false, count: 1, quorum: false }, [lost], ''],
    ['nothing known of the only other node', { strict: true, count: 1, quorum: false }, [], '"node1"'],
    ['the old primary is not known to be down', { strict: true, count: 1, quorum: false }, [lost], '"node1"'],
    ['it was fenced', { strict: true, count: 1, quorum: false }, [down], ''],
    ['a standby that runs comes first', { strict: true, count: 1, quorum: false }, [lost, runs], '"node3"'],
    ['two', { strict: true, count: 2, quorum: false }, [lost, runs], 'FIRST 2 ("node3", "node1")'],
    ['two, of which one is down', { strict: true, count: 2, quorum: false }, [down, runs], '"node3"'],
    ['any', { strict: true, count: 1, quorum: true }, [lost, runs], 'ANY 1 ("node1", "node3")'],
  ])('%s', (_, policy, nodes, setting) => {
    const others = nodes.length < 2 ? ['node1'] : ['node1', 'node3']
    const required = requiredAtPromotion(policy, cluster(nodes), others, 'pgsql')
    expect(requiredSetting(required, policy.quorum)).toBe(setting)
  })
})

const [OLD, MID, NEW] = ['0000000003000000', '0000000003000100', '0000000003000200'] as const

describe('the proof', () => {
  test.each<[string, string, Record<string, string>, string | undefined]>([
    ['1 of node2 node3', 'node2', { node2: NEW, node3: OLD }, undefined],
    ['1 of node2 node3', 'NODE2', { Node2: NEW, node3: NEW }, undefined],
    ['1 of node2 node3', 'node3', { node2: NEW, node3: OLD }, 'node2 has newer data'],
    [
      '1 of node2 node3',
      'node2',
      { node2: NEW },
      '2 of node2, node3 must say what they have, and node3 has not',
    ],
    ['2 of node2 node3', 'node2', { node2: OLD }, undefined],
    [
      '2 of node2 node3 node4 node5',
      'node2',
      { node2: NEW, node3: OLD },
      '3 of node2, node3, node4, node5 must say what they have, and node4, node5 has not',
    ],
    ['2 of node2 node3 node4 node5', 'node4', { node2: OLD, node3: OLD, node4: MID }, undefined],
    ['2 of node2 node3 node4 node5', 'node4', { node2: OLD, node3: NEW, node4: MID }, 'node3 has newer data'],
    // One that commits never waited for counts neither way.
    [
      '1 of node2 node3',
      'node2',
      { node2: MID, node4: NEW },
      '2 of node2, node3 must say what they have, and node3 has not',
    ],
    [
      '1 of node2 node3',
      'node4',
      { node2: OLD, node3: OLD, node4: NEW },
      'commits did not wait for this node',
    ],
    ['nonsense', 'node2', { node2: NEW }, 'commits did not wait for this node'],
  ])('of %s, %s with %j', (text, node, positions, missing) => {
    expect(missingProof([readQuorum(text)], node, positions)).toBe(missing)
  })

  test('every set of nodes that can prove it has met every set that could have acknowledged', () => {
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5']
    const subsets = nodes.reduce<string[][]>(
      (all, node) => [...all, ...all.map((set) => [...set, node])],
      [[]],
    )
    let proofs = 0
    for (const names of subsets.filter((set) => set.length > 0)) {
      for (let count = 1; count <= names.length; count += 1) {
        const acknowledging = subsets.filter(
          (set) => set.length === count && set.every((node) => names.includes(node)),
        )
        for (const holders of acknowledging) {
          for (const answered of subsets) {
            const positions = Object.fromEntries(
              answered.map((node) => [node, holders.includes(node) ? NEW : OLD]),
            )
            for (const node of answered) {
              if (missingProof([{ count, names }], node, positions) !== undefined) continue
              proofs += 1
              expect(positions[node]).toBe(NEW)
            }
          }
        }
      }
    }
    expect(proofs).toBeGreaterThan(1000)
  })

  test('what covers two quorums is true of commits of either', () => {
    const nodes = ['n1', 'n2', 'n3', 'n4']
    const subsets = nodes.reduce<string[][]>(
      (all, node) => [...all, ...all.map((set) => [...set, node])],
      [[]],
    )
    const quorums = subsets.flatMap((names) => names.map((_, index) => ({ count: index + 1, names })))
    for (const a of quorums) {
      for (const b of quorums) {
        const both = covering(a, b)
        for (const { count, names } of [a, b]) {
          expect(names.every((name) => both?.names.includes(name))).toBe(true)
          expect(both?.count).toBeLessThanOrEqual(count)
        }
      }
      expect(covering(a, undefined)).toBeUndefined()
      expect(readQuorum(writeQuorum(a))).toEqual(a)
    }
  })
})

describe('an election by quorum', () => {
  const at = (name: string, position?: string, score = '-INFINITY'): NodeState =>
    standby(name, ['HS:alone', 'STREAMING|QUORUM', score], {
      transient: {
        'pgsql-status': 'HS:alone',
        'master-pgsql': score,
        ...(position !== undefined && { 'pgsql-xlog-loc': position }),
      },
    })
  const old = { ...primary('1 of node2 node3'), ...LOST }
  test.each<[string, readonly NodeState[], boolean, readonly string[], RegExp]>([
    [
      'it says what it has, and waits for the other',
      [old, at('node2'), at('node3')],
      true,
      [`set node attribute pgsql-xlog-loc of node2 to ${MID}`],
      /2 of node2, node3 must say what they have, and node3 has not/,
    ],
    [
      'the other has less: it may be promoted at once',
      [old, at('node2', MID), at('node3', OLD)],
      true,
      ['set the promotion score of node2 to 1000'],
      /has every acknowledged commit/,
    ],
    ['the other has as much', [old, at('node2', MID, '1000'), at('node3', MID)], true, [], /has every/],
    ['the other has more', [old, at('node2', MID), at('node3', NEW)], true, [], /node3 has newer data/],
    [
      'the other turned out to have more',
      [old, at('node2', MID, '1000'), at('node3', NEW)],
      true,
      ['set the promotion score of node2 to -INFINITY'],
      /node3 has newer data/,
    ],
    [
      'the other is gone, and what it said with it',
      [old, at('node2', MID), { ...at('node3', OLD), ...LOST }],
      true,
      [],
      /node3 has not/,
    ],
    ['it still receives, or reads', [old, at('node2'), at('node3', OLD)], false, [], /not certain yet/],
    [
      'only this one was waited for',
      [{ ...old, ...primary('1 of node2'), ...LOST }, at('node2', MID), at('node3', NEW)],
      true,
      ['set the promotion score of node2 to 1000'],
      /has every acknowledged commit/,
    ],
    [
      'no quorum is published',
      [{ ...primary(), ...LOST }, at('node2'), at('node3', OLD)],
      true,
      [],
      /may not become it/,
    ],
  ])('%s', (_, nodes, settled, steps, because) => {
    const plan = decideStandby({
      resource: 'pgsql',
      mode: 'sync',
      node: 'node2',
      others: ['node1', 'node3'],
      primaries: [],
      synchronousStandbyNames: standbySetting('sync'),
      position: MID,
      settled,
      note: undefined,
      checkCount: 3,
      receiver: undefined,
      snapshot: cluster(nodes),
    })
    expect(plan.steps.map(describeStep)).toEqual(steps)
    expect(plan.because).toMatch(because)
  })
})

describe('a promotion by quorum', () => {
  const facts: PromoteFacts = {
    resource: 'pgsql',
    mode: 'sync',
    inRecovery: true,
    node: 'node2',
    dataStatus: 'STREAMING|QUORUM',
    complete: false,
    unproven: undefined,
    own: 0,
    latest: NO_PROMOTION,
    position: MID,
    quorums: [{ count: 1, names: ['node2', 'node3'] }],
    required: 0,
    others: [{ node: 'node3', position: OLD }],
    returning: false,
    baselines: [],
    followers: [],
    reachable: false,
    restart: false,
    slots: false,
  }

  test.each<[string, Partial<PromoteFacts>, Partial<PromoteFacts>, boolean]>([
    ['nothing', {}, {}, true],
    [
      'one more has said what it has',
      {},
      { others: [...facts.others, { node: 'node4', position: OLD }] },
      true,
    ],
    ['a primary that was away has deleted what a standby said', {}, { others: [] }, false],
    ['a standby has more than it said', {}, { others: [{ node: 'node3', position: MID }] }, false],
    ['commits wait for others', {}, { quorums: [{ count: 1, names: ['node2', 'node4'] }] }, false],
    ['it is said of this node that it is not complete', {}, { dataStatus: 'DISCONNECT' }, false],
    ['the same, of one that needs no others', { complete: true }, { dataStatus: 'DISCONNECT' }, false],
    ['of one that needs no others, what those said', { complete: true }, { others: [], quorums: [] }, true],
  ])('rests on what it rested on, and what has changed is: %s', (_, before, now, same) => {
    expect(hasSameReasons({ ...facts, ...before }, { ...facts, ...before, ...now })).toBe(same)
  })

  test('with the proof', () => {
    const steps = [
      'lock',
      'wait until proven',
      'publish complete',
      'bar others',
      'promote',
      'stop waiting',
      'publish primary',
    ]
    expect(decidePromote(facts)).toEqual({ exit: 0, steps })
  })

  test('under the strict policy, commits wait before there are any', () => {
    const steps = ['lock', 'wait for standbys', 'bar others', 'promote', 'publish primary']
    expect(decidePromote({ ...facts, dataStatus: 'DISCONNECT|SYNC', complete: true, required: 1 })).toEqual({
      exit: 0,
      steps,
    })
  })

  test.each<[string, Partial<PromoteFacts>, RegExp]>([
    ['the other has not answered', { others: [] }, /^not promoted: 2 of node2, node3 must say/],
    ['the other has more', { others: [{ node: 'node3', position: NEW }] }, /node3 has newer data/],
    ['nothing is published', { quorums: [] }, /commits may be missing here/],
    ['it does not know what it has', { position: undefined }, /how much WAL/],
  ])('refused: %s', (_, change, reason) => {
    const plan = decidePromote({ ...facts, ...change })
    expect(plan.exit).toBe(1)
    expect(plan.steps).toEqual(/commits may be missing/.test(plan.reason ?? '') ? ['withdraw'] : [])
    expect(plan.reason).toMatch(reason)
    expect(plan.reason?.length).toBeLessThanOrEqual(127)
  })

  test('one of the quorum with newer data claims the promotion', () => {
    const plan = decideBeforePromote({
      resource: 'pgsql',
      mode: 'sync',
      promoting: 'node2',
      baseline: OLD,
      node: 'node3',
      complete: false,
      promotable: true,
      heals: false,
      ofQuorum: true,
      position: MID,
    })
    expect(plan).toEqual({ exit: 0, steps: ['claim'] })
  })
})
