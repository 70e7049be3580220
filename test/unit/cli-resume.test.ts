/** Whether what runs is what the cluster believes. */
import { describe, expect, test } from '@jest/globals'
import { type AddressesOf } from '../../cli/maintenance/addresses'
import { withoutMaintenance } from '../../cli/maintenance/after-resume'
import { compareAddresses, compareServers } from '../../cli/maintenance/compare'
import { type NodeFacts } from '../../cli/nodes/facts'
import { type Gathered } from '../../cli/nodes/gather'

const facts = (server: NodeFacts['server'], inRecovery?: boolean): Gathered => ({
  node: 'node1',
  facts: {
    version: '',
    node: 'node1',
    clock: 0,
    server,
    dataDirectory: '/data',
    majorVersion: 15,
    lock: null,
    control: null,
    sql:
      inRecovery === undefined
        ? null
        : {
            inRecovery,
            timeline: 1,
            position: null,
            replayed: null,
            replayAge: null,
            upstream: null,
            synchronousStandbyNames: '',
            standbys: [],
          },
    unknown: inRecovery === undefined && server === 'running' ? ['PostgreSQL: it does not answer'] : [],
  },
})

describe('servers', () => {
  test.each<[string, string | undefined, Gathered, readonly string[]]>([
    ['a primary', 'primary', facts('running', false), []],
    ['a standby', 'standby', facts('running', true), []],
    ['stopped', 'stopped', facts('stopped'), []],
    ['stopped, and the cluster has said nothing of it', undefined, facts('stopped'), []],
    ['running, where no role is known', 'running', facts('running', true), []],
    [
      'promoted by hand',
      'standby',
      facts('running', false),
      ['the cluster believes pgsql a standby on node1, and it is a primary'],
    ],
    [
      'stopped by hand',
      'primary',
      facts('stopped'),
      ['the cluster believes pgsql a primary on node1, and it is stopped'],
    ],
    [
      'started by hand',
      'stopped',
      facts('running', true),
      ['the cluster believes pgsql stopped on node1, and it is a standby'],
    ],
    [
      'hanging',
      'standby',
      facts('running'),
      ['it is not known how pgsql is on node1: PostgreSQL: it does not answer'],
    ],
    [
      'not asked',
      'standby',
      { node: 'node1', facts: undefined, why: 'no route' },
      ['it is not known how pgsql is on node1: no route'],
    ],
  ])('%s', (_, believed, gathered, texts) => {
    const roles: Record<string, string> = believed === undefined ? {} : { node1: believed }
    expect(compareServers({ resource: 'pgsql', roles }, [gathered]).map(({ text }) => text)).toEqual(texts)
  })
})

describe('addresses', () => {
  const nodes = (first: readonly string[], second: readonly string[]): readonly AddressesOf[] => [
    { node: 'node1', addresses: first },
    { node: 'node2', addresses: second },
  ]
  test.each<[string, string | undefined, readonly AddressesOf[], readonly string[]]>([
    ['where it should be', 'node1', nodes(['fd00::1', '10.0.0.1'], []), []],
    ['nowhere, as believed', undefined, nodes([], []), []],
    ['gone', 'node1', nodes([], []), ['the cluster believes vip (fd00:0::1) on node1, and no node has it']],
    [
      'elsewhere',
      'node1',
      nodes([], ['fd00::1']),
      ['the cluster believes vip (fd00:0::1) on node1, and node2 has it'],
    ],
    [
      'twice',
      'node1',
      nodes(['fd00::1'], ['fd00::1']),
      ['the cluster believes vip (fd00:0::1) on node1, and node1 and node2 have it'],
    ],
    [
      'where nobody knows of it',
      undefined,
      nodes(['fd00::1'], []),
      ['the cluster believes vip (fd00:0::1) on no node, and node1 has it'],
    ],
    [
      'on a node that does not say',
      'node2',
      [
        { node: 'node1', addresses: [] },
        { node: 'node2', addresses: undefined, why: 'no route' },
      ],
      ['the addresses of node2 are not known: no route'],
    ],
  ])('%s', (_, node, all, texts) => {
    const believed = [{ resource: 'vip', ip: 'fd00:0::1', node }]
    expect(compareAddresses(believed, all).map(({ text }) => text)).toEqual(texts)
  })
})

test('the configuration as it will be, whatever the order of the attributes', () => {
  const text =
    '<nvpair id="a" name="maintenance-mode" value="true"/><nvpair value="yes" name="maintenance-mode" id="b"/><nvpair name="other" value="true"/>'
  expect(withoutMaintenance(text)).toBe(
    '<nvpair id="a" name="maintenance-mode" value="false"/><nvpair value="false" name="maintenance-mode" id="b"/><nvpair name="other" value="true"/>',
  )
})
