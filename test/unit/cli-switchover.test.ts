/** Whether the primary may be moved, and how long nobody served. */
import { describe, expect, test } from '@jest/globals'
import { hasBan, makeBan, promotedRole } from '../../cli/act/bans'
import { uncopiedSlots } from '../../cli/switchover/uncopied-slots'
import { decideSwitchover, type SwitchoverFacts } from '../../cli/switchover/decide'
import { momentsOf, outageOf, type Sighting } from '../../cli/switchover/outage'
import { type MemberReport } from '../../cli/status/report'
import { member, primary } from './support/member'

const potential = { status: 'HS:potential', dataStatus: 'STREAMING|POTENTIAL', score: '-INFINITY' } as const
const async = { status: 'HS:async', dataStatus: 'STREAMING|ASYNC', syncState: 'async' } as const

interface Change {
  readonly members?: readonly MemberReport[]
  readonly mode?: string
  readonly primary?: string | null
  readonly report?: Partial<SwitchoverFacts['report']>
  readonly rest?: Partial<SwitchoverFacts>
}

const facts = ({
  members,
  mode = 'sync',
  primary: who = 'node1',
  report,
  rest,
}: Change): SwitchoverFacts => ({
  report: { quorate: true, maintenance: false, dc: 'node1', failures: [], upcoming: [], ...report },
  database: {
    resource: 'pgsql',
    agent: 'ocf:ts:pgsql',
    clone: 'msPostgresql',
    mode,
    primary: who,
    members: members ?? [primary, member('node2')],
    risk: { level: 'none', text: '' },
  },
  status: { instances: () => [], failCounts: [] },
  related: ['pgsql', 'msPostgresql', 'vip-master'],
  pinned: [],
  to: undefined,
  maxLag: 1000,
  ...rest,
})

const ban = (id: string, node: string, change = {}) => ({
  id,
  kind: 'location' as const,
  resource: 'msPostgresql',
  node,
  score: '-INFINITY',
  role: 'Promoted',
  withResource: undefined,
  withRole: undefined,
  expires: false,
  ...change,
})
const failure = { resource: 'pgsql', action: 'monitor', node: 'node2', result: 'error', reason: 'it was so' }

describe('the primary may be moved', () => {
  test.each<[string, Change, readonly string[]]>([
    ['to the synchronous standby', {}, ['node2']],
    ['to the node that is wanted', { rest: { to: 'NODE2' } }, ['node2']],
    [
      'to the one that is synchronous',
      { members: [primary, member('node2', potential), member('node3')] },
      ['node3'],
    ],
    [
      'in asynchronous replication, before any election',
      { mode: 'async', members: [primary, member('node2', { ...async, score: '-INFINITY' })] },
      ['node2'],
    ],
    [
      'while another resource has failed',
      { report: { failures: [{ ...failure, resource: 'nginx' }] } },
      ['node2'],
    ],
  ])('%s', (_, change, candidates) => {
    expect(decideSwitchover(facts(change))).toEqual({ problems: [], candidates })
  })
})

describe('what speaks against it', () => {
  test('logical slots of which the standby has no usable copy', () => {
    expect(decideSwitchover(facts({ rest: { uncopied: { node2: ['a', 'b'] } } })).problems).toEqual([
      {
        text: 'node2 has no usable copy of the logical replication slots of the primary (a, b): their subscribers could not go on there',
        soft: true,
        advice: expect.stringContaining('pg_replication_slots'),
      },
    ])
    const original = { logicalSlots: [{ name: 'a', failover: true, ready: false }] }
    const copy = { name: 'a', failover: true, ready: true }
    expect(uncopiedSlots(original, { logicalSlots: [] })).toEqual(['a'])
    expect(uncopiedSlots(original, { logicalSlots: [{ ...copy, ready: false }] })).toEqual(['a'])
    expect(uncopiedSlots(original, { logicalSlots: [copy] })).toEqual([])
    // An older ocf-ts on that node.
    expect(uncopiedSlots(original, {})).toEqual([])
  })

  test.each<[string, Change, 'soft' | 'hard', string]>([
    ['no quorum', { report: { quorate: false } }, 'hard', 'this part of the cluster has no quorum'],
    [
      'maintenance',
      { report: { maintenance: true, upcoming: ['start pgsql on node2'] } },
      'hard',
      `the cluster is in maintenance mode: 'ocf-ts resume' ends that`,
    ],
    ['no primary', { primary: null }, 'hard', 'there is no primary now'],
    ['a node nobody knows', { rest: { to: 'node9' } }, 'hard', 'node9 is no node of pgsql: there is node2'],
    [
      'a node that is away',
      { members: [primary, member('node2', { state: 'offline' })], rest: { to: 'node2' } },
      'hard',
      'node2 is offline',
    ],
    [
      'a standby that is not synchronous',
      { members: [primary, member('node2', potential)] },
      'hard',
      'nobody could take over: node2 is no synchronous standby (STREAMING|POTENTIAL): commits may be missing there',
    ],
    [
      'a standby far behind',
      { mode: 'async', members: [primary, member('node2', { ...async, lagBytes: 5000 })] },
      'soft',
      'node2 is 4.9 kB behind, more than 1000 bytes: writes would stand still until it has caught up',
    ],
    [
      'a lag that is not known',
      { mode: 'async', members: [primary, member('node2', { ...async, lagBytes: null })] },
      'soft',
      'it is not known how far node2 is behind',
    ],
    [
      'a failure',
      { report: { failures: [failure] } },
      'soft',
      'pgsql monitor failed on node2: it was so (crm_resource --cleanup, when fixed)',
    ],
    [
      'a failure that is only counted',
      {
        rest: {
          status: {
            instances: () => [],
            failCounts: [{ resource: 'vip-master', node: 'node2', count: Infinity }],
          },
        },
      },
      'soft',
      'vip-master has Infinity counted failures on node2 (crm_resource --cleanup)',
    ],
    [
      'something is due',
      { report: { upcoming: ['start pgsql on node3'] } },
      'soft',
      'the cluster is about to start pgsql on node3',
    ],
    [
      'a ban of the candidate',
      { rest: { pinned: [ban('cli-ban-msPostgresql-on-node2', 'node2')] } },
      'hard',
      'the constraint cli-ban-msPostgresql-on-node2 was left behind (crm_resource --clear), and keeps it off node2',
    ],
    [
      'a ban that ends by itself',
      { rest: { pinned: [ban('cli-ban-msPostgresql-on-node2', 'node2', { expires: true })] } },
      'soft',
      'the constraint cli-ban-msPostgresql-on-node2 was left behind (crm_resource --clear)',
    ],
    [
      'a node that does not say all',
      { members: [primary, member('node2', { unknown: ['ssh node2: no route'] })] },
      'soft',
      'node2 did not say all: ssh node2: no route',
    ],
  ])('%s', (_, change, kind, text) => {
    expect(decideSwitchover(facts(change)).problems).toEqual([{ text, soft: kind === 'soft' }])
  })
})

describe('the outage', () => {
  const see = (node: string, atMs: number, writes: boolean, addresses: boolean): Sighting => ({
    node,
    atMs,
    writes,
    addresses,
  })
  const begin = [see('old', 0, true, true), see('new', 0, false, false)]
  test.each<[string, readonly Sighting[], number | undefined]>([
    ['nothing has happened', begin, undefined],
    ['the old one has ceased, nobody serves yet', [...begin, see('old', 100, false, true)], undefined],
    [
      'the address comes after the writes',
      [
        ...begin,
        see('old', 100, false, true),
        see('old', 150, false, false),
        see('new', 900, true, false),
        see('new', 1000, true, true),
      ],
      900,
    ],
    [
      'the writes come after the address, and the address went first',
      [
        ...begin,
        see('old', 100, true, false),
        see('old', 200, false, false),
        see('new', 300, false, true),
        see('new', 700, true, true),
      ],
      600,
    ],
  ])('%s', (_, sightings, ms) => {
    expect(outageOf(sightings, 'old', 'new')?.ms).toBe(ms)
  })

  test('its moments are told in their order', () => {
    const sightings = [
      ...begin,
      see('old', 100, false, true),
      see('old', 150, false, false),
      see('new', 900, false, true),
      see('new', 1000, true, true),
    ]
    expect(momentsOf(sightings, 'old', 'new').map(({ text }) => text)).toEqual([
      'old takes no more writes',
      'the addresses leave old',
      'the addresses are on new',
      'new takes writes',
    ])
  })
})

describe('the constraint by which the primary is moved', () => {
  test.each([
    ['<cib validate-with="pacemaker-2.10">', 'Master'],
    ['<cib validate-with="pacemaker-3.6">', 'Master'],
    ['<cib validate-with="pacemaker-3.9">', 'Promoted'],
    ['<cib validate-with="pacemaker-4.0">', 'Promoted'],
    ['<cib>', 'Promoted'],
  ])('%s', (xml, role) => {
    expect(promotedRole(xml)).toBe(role)
  })
  const END = new Date('2026-11-23T21:00:00.500Z')
  const cibOf = (...constraints: readonly string[]): string =>
    `<cib><configuration><constraints>${constraints.join('')}</constraints></configuration></cib>`

  test('has a name of its own where somebody has made one of the usual name, and is told from that', () => {
    const persons = '<rsc_location id="cli-ban-ms-on-n1" rsc="ms" node="n1" score="-INFINITY"/>'
    const ban = makeBan(cibOf(persons), { clone: 'ms', node: 'n1', role: 'Promoted' }, END)
    expect(ban.id).toBe('cli-ban-ms-on-n1-2')
    expect(hasBan(cibOf(persons, ban.text), ban)).toBe(true)
    expect(hasBan(cibOf(persons), ban)).toBe(false)
    const other = makeBan(cibOf(persons), { clone: 'ms', node: 'n1' }, new Date(0))
    expect(other.text).not.toContain('role=')
    expect(hasBan(cibOf(persons, other.text), ban)).toBe(false)
    expect(makeBan(cibOf(persons, ban.text), { clone: 'ms', node: 'n1' }, END).id).toBe('cli-ban-ms-on-n1-3')
  })

  test('its role is in the rule, and what is in a name stays in it', () => {
    const { text } = makeBan('<cib/>', { clone: 'ms&1', node: 'n"1', role: 'Promoted' }, END)
    expect(text).toContain('<rsc_location id="cli-ban-ms&amp;1-on-n&quot;1" rsc="ms&amp;1">')
    expect(text).toContain('score="-INFINITY" boolean-op="and" role="Promoted">')
    expect(text).toContain('operation="lt" end="2026-11-23T21:00:00Z"/>')
  })
})
