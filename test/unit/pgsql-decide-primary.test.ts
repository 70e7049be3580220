import { describe, expect, test } from '@jest/globals'
import { decidePrimary, type PrimaryFacts } from '../../agents/pgsql/decide-primary'
import { describeStep } from '../../agents/pgsql/steps'
import { type NodeState } from '../../lib/cluster/snapshot'
import { type StandbyRow } from '../../lib/postgres/replication'

function node(name: string, attributes: Partial<NodeState> = {}): NodeState {
  return { name, online: true, transient: {}, permanent: {}, roles: {}, ...attributes }
}

const row = (applicationName: string, state: string, syncState: string): StandbyRow => ({
  applicationName,
  state,
  syncState,
  flushed: '0000000003000000',
})

const primary = node('node1', {
  transient: { 'pgsql-status': 'PRI', 'master-pgsql': '1000' },
  permanent: { 'pgsql-data-status': 'LATEST' },
})
const inSync = node('node2', {
  transient: { 'pgsql-status': 'HS:sync', 'master-pgsql': '100' },
  permanent: { 'pgsql-data-status': 'STREAMING|SYNC' },
})
const out = node('node2', {
  transient: { 'pgsql-status': 'HS:alone', 'master-pgsql': '-INFINITY' },
  permanent: { 'pgsql-data-status': 'DISCONNECT' },
})

interface Case {
  readonly when: string
  readonly standbys: readonly StandbyRow[]
  readonly names: string
  readonly nodes: readonly NodeState[]
  readonly others?: readonly string[]
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
      'set node attribute pgsql-data-status of node1 to LATEST',
      'set node attribute pgsql-status of node1 to PRI',
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

describe('what a primary does about its standbys', () => {
  test.each(cases)('$when', ({ standbys, names, nodes, others = ['node2'], steps, awaiting }) => {
    const facts: PrimaryFacts = {
      resource: 'pgsql',
      node: 'node1',
      others,
      standbys,
      synchronousStandbyNames: names,
      snapshot: { nodes },
    }
    const plan = decidePrimary(facts)
    expect(plan.steps.map(describeStep)).toEqual(steps)
    expect(plan.awaiting).toBe(awaiting)
    expect(plan.exit).toBe(8)
  })

  test('a node name with a quote stays one name', () => {
    const plan = decidePrimary({
      resource: 'pgsql',
      node: 'node1',
      others: [`o'ne"two`],
      standbys: [row(`o'ne"two`, 'STREAMING', 'ASYNC')],
      synchronousStandbyNames: '',
      snapshot: { nodes: [primary, node(`o'ne"two`)] },
    })
    expect(plan.steps).toContainEqual({ step: 'synchronous', names: `"o'ne""two"` })
  })
})
