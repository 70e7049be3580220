/** The drill's decisions: may it begin, where does it write, what is seen of a failover, how long was the outage. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { notWhole, objectionsTo } from '../../cli/drill/checks'
import { findOutage } from '../../cli/drill/outage'
import { describeMs } from '../../cli/drill/result'
import { nextStep, type ReturnFacts } from '../../cli/drill/returning'
import { look, NOTHING_SEEN, type Sights, type Subject } from '../../cli/drill/sights'
import { describeTarget, makeTarget } from '../../cli/drill/target'
import { Records } from '../../cli/drill/watch'
import { writerAddresses } from '../../cli/drill/writer-address'
import { CommandError } from '../../cli/exit'
import { type DatabaseReport, type StatusReport } from '../../cli/status/report'
import { readConfiguration } from '../../lib/cluster/configuration'
import { ClusterStatus, type FailedAction, type ResourceStatus } from '../../lib/cluster/status'
import { member } from './support/member'

const fixture = (name: string): string => readFileSync(join(__dirname, '../fixtures', name), 'utf8')

describe('the outage', () => {
  test.each([
    [
      'a gap that the fault is in',
      [0, 50, 100, 3100, 3150],
      120,
      2000,
      { fromMs: 100, toMs: 3100, ms: 3000, ended: true },
    ],
    [
      'writes go on for a while after a fault that takes time to bite',
      [0, 50, 100, 150, 200, 2200, 2250],
      60,
      1500,
      { fromMs: 200, toMs: 2200, ms: 2000, ended: true },
    ],
    [
      'a longer gap that has nothing to do with it',
      [0, 50, 1050, 1100, 9000],
      60,
      1000,
      { fromMs: 50, toMs: 1050, ms: 1000, ended: true },
    ],
    [
      'writes that do not come back',
      [0, 50, 100],
      120,
      5000,
      { fromMs: 100, toMs: 10_000, ms: 9900, ended: false },
    ],
  ])('%s', (_, acknowledged, fromMs, toMs, outage) => {
    expect(findOutage(acknowledged, 10_000, { fromMs, toMs })).toEqual(outage)
  })

  test('without any row there is nothing to measure', () => {
    expect(findOutage([], 10_000, { fromMs: 0, toMs: 10_000 })).toBeNull()
  })

  test.each([
    [0, '0.00 s'],
    [3214, '3.21 s'],
    [61_540, '61.5 s'],
    [125_000, '2 min 5 s'],
    [179_800, '3 min 0 s'],
  ])('%d ms is written %s', (ms, text) => {
    expect(describeMs(ms)).toBe(text)
  })
})

const database = (change: Partial<DatabaseReport> = {}): DatabaseReport => ({
  resource: 'pgsql',
  agent: 'ocf:ts:pgsql',
  clone: 'msPostgresql',
  mode: 'sync',
  primary: 'node1',
  members: [member('node1', { role: 'primary' }), member('node2')],
  risk: { level: 'none', text: 'a failover now would lose no commit' },
  ...change,
})

const report = (change: Partial<StatusReport> = {}, of = database()): StatusReport => ({
  asked: 'node1',
  quorate: true,
  maintenance: false,
  fencing: false,
  dc: 'node1',
  nodes: [],
  databases: [of],
  addresses: [],
  failures: [],
  upcoming: [],
  ...change,
})

const failure = { resource: 'pgsql', action: 'monitor', node: 'node2', result: 'error', reason: 'it hangs' }

describe('what stands against a drill', () => {
  test('nothing, in a cluster that is well', () => {
    expect(objectionsTo(report(), database())).toEqual({ final: [], others: [] })
  })

  const some = { level: 'some', text: 'a failover now may lose commits' } as const
  const nobody = { level: 'no failover', text: 'a failover now would find nobody' } as const
  test.each<[string, StatusReport, 'final' | 'others', string]>([
    ['no quorum', report({ quorate: false }), 'final', 'this part of the cluster has no quorum'],
    ['nobody to take over', report({}, database({ risk: nobody })), 'final', nobody.text],
    ['no primary', report({}, database({ primary: null, risk: nobody })), 'final', nobody.text],
    ['commits that would be lost', report({}, database({ risk: some })), 'others', some.text],
    [
      'a failure',
      report({ failures: [failure] }),
      'others',
      'pgsql monitor on node2 failed (error): it hangs',
    ],
    [
      'a move',
      report({ upcoming: ['stop pgsql on node2'] }),
      'others',
      'the cluster is about to stop pgsql on node2',
    ],
    [
      'a node that is away',
      report({}, database({ members: [...database().members, member('node3', { state: 'offline' })] })),
      'others',
      'node3 is offline',
    ],
    [
      'a server that is blocked',
      report({}, database({ members: [...database().members, member('node3', { blocked: true })] })),
      'final',
      'pgsql is blocked on node3: its stop has failed',
    ],
    [
      'a server that is stopped',
      report({}, database({ members: [...database().members, member('node3', { role: 'stopped' })] })),
      'others',
      'pgsql is stopped on node3',
    ],
  ])('%s', (_, now, kind, text) => {
    const [of = database()] = now.databases
    const objections = objectionsTo(now, of)
    expect(objections[kind]).toEqual([text])
    expect(objections[kind === 'final' ? 'others' : 'final']).toEqual([])
  })

  test('afterwards: whole is what was whole before', () => {
    expect(notWhole(database(), report())).toEqual([])
    expect(notWhole(database(), report({}, database({ risk: some })))).toEqual([some.text])
    expect(notWhole(database({ risk: some }), report({}, database({ risk: some })))).toEqual([])
    expect(notWhole(database(), report({ failures: [failure] }))).toEqual([
      'pgsql monitor on node2 failed (error): it hangs',
    ])
    expect(notWhole(database(), report({}, database({ primary: null, risk: nobody })))).toEqual([
      'there is no primary',
    ])
  })
})

describe('the address that writers use', () => {
  const addressesIn = (xml: string) => {
    const [pgsql] = readConfiguration(xml).primitives.filter(({ id }) => id === 'pgsql')
    if (pgsql === undefined) throw new Error('there is no pgsql')
    return writerAddresses(xml, pgsql)
  }
  const both = [
    { resource: 'vip-master', address: '192.168.100.163' },
    { resource: 'vip-rep', address: '192.168.2.3' },
  ]

  test('is in the group that is colocated with the promoted role, and not that of the replication', () => {
    expect(addressesIn(fixture('cib-2.1.5-in-sync.xml'))).toEqual(both)
  })

  const colocation = /<rsc_colocation id="rsc_colocation-2"[^>]*\/>/
  test.each([
    [
      'the new name of the role',
      '<rsc_colocation id="c" rsc="master-group" with-rsc="msPostgresql" with-rsc-role="Promoted"/>',
      both,
    ],
    [
      'the address alone',
      '<rsc_colocation id="c" rsc="vip-master" with-rsc="msPostgresql" with-rsc-role="Master"/>',
      [both[0]],
    ],
    [
      'a set',
      `<rsc_colocation id="c"><resource_set id="s1"><resource_ref id="vip-master"/></resource_set>
       <resource_set id="s2" role="Promoted"><resource_ref id="msPostgresql"/></resource_set></rsc_colocation>`,
      [both[0]],
    ],
    ['with any instance', '<rsc_colocation id="c" rsc="master-group" with-rsc="msPostgresql"/>', []],
  ])('%s', (_, xml, expected) => {
    expect(addressesIn(fixture('cib-2.1.5-in-sync.xml').replace(colocation, xml))).toEqual(expected)
  })
})

describe('where and as whom', () => {
  const target = (conninfo?: string, env: Record<string, string> = {}, address?: string, port?: string) =>
    makeTarget(conninfo, { HOME: '/root', ...env }, address, port)

  test.each<[string, Parameters<typeof target>, string]>([
    ['what the cluster has', [undefined, {}, '10.0.0.1', '5433'], 'postgres@10.0.0.1:5433/postgres'],
    [
      'the environment',
      [undefined, { PGUSER: 'drill', PGDATABASE: 'app', PGPORT: '6000' }, '10.0.0.1', '5433'],
      'drill@10.0.0.1:6000/app',
    ],
    [
      '--conninfo before all',
      ["host=db.example port=7000 user='a user' dbname=app", { PGUSER: 'drill' }, '10.0.0.1'],
      'a user@db.example:7000/app',
    ],
    ['IPv6', ['host=2001:db8::1'], 'postgres@[2001:db8::1]:5432/postgres'],
  ])('%s', (_, [conninfo, env, address, port], text) => {
    expect(describeTarget(target(conninfo, env, address, port))).toBe(text)
  })

  test('the password file is where libpq looks for it', () => {
    expect(target('host=a').passfile).toBe('/root/.pgpass')
    expect(target('host=a', { PGPASSFILE: '/etc/pass' }).passfile).toBe('/etc/pass')
    expect(target('host=a passfile=/own', { PGPASSFILE: '/etc/pass' }).passfile).toBe('/own')
  })

  test.each([
    [undefined, 'it is not known where applications write'],
    ['host=a password=secret', 'a password on the command line'],
    ['postgresql://u:secret@host/db', 'it is a URI'],
    ['host=a target_session_attrs=any', "the drill does not know 'target_session_attrs'"],
    ['host=a,b', 'is several hosts'],
    ['host=a port=http', "'http' is no port"],
    ['host=a sslmode=maybe', "there is no sslmode 'maybe'"],
  ])('%s is refused', (conninfo, message) => {
    const make = (): unknown => target(conninfo)
    expect(make).toThrow(CommandError)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ exit: 2, message: expect.not.stringContaining('secret') }))
  })
})

test('records are cut at null bytes, wherever the stream is cut', () => {
  const records = new Records()
  expect(records.add('<a/>')).toEqual([])
  expect(records.add('\0\0<b')).toEqual(['<a/>'])
  expect(records.add('/>\0<c/>\0')).toEqual(['<b/>', '<c/>'])
})

const SUBJECT: Subject = { resource: 'pgsql', oldPrimary: 'node1', address: 'vip', mode: 'sync' }

interface Picture {
  readonly roles?: Readonly<Record<string, string>>
  readonly address?: string
  readonly dataStatus?: string
  readonly offline?: readonly string[]
  readonly failures?: readonly Partial<FailedAction>[]
}

function picture({ roles = {}, address, dataStatus, offline = [], failures = [] }: Picture): ClusterStatus {
  const instance = (id: string, node: string, role: string): ResourceStatus => ({
    ...{
      id,
      agent: '',
      role,
      node,
      active: true,
      failed: false,
      blocked: false,
      managed: true,
      orphaned: false,
    },
    pending: undefined,
  })
  return new ClusterStatus(
    'node2',
    'node2',
    true,
    ['node1', 'node2'].map((name) => ({
      ...{ name, online: !offline.includes(name), standby: false, maintenance: false, pending: false },
      ...{ unclean: false, isDc: name === 'node2' },
      attributes: name === 'node1' && dataStatus !== undefined ? { 'pgsql-data-status': dataStatus } : {},
    })),
    [
      ...Object.entries(roles).map(([node, role]) => instance('pgsql', node, role)),
      ...(address === undefined ? [] : [instance('vip', address, 'Started')]),
    ],
    failures.map((one) => ({
      ...{ resource: 'pgsql', task: 'monitor', intervalMs: 2000, node: 'node1', exitCode: 7 },
      ...{ exitStatus: 'not running', exitReason: '', status: 'complete' },
      ...one,
    })),
    [],
  )
}

/** What is told of a sequence of looks: `kind: text`. */
function story(pictures: readonly Picture[], subject = SUBJECT, begin = NOTHING_SEEN): readonly string[] {
  let sights: Sights = begin
  return pictures.flatMap((one) => {
    const looked = look(sights, picture(one), subject)
    sights = looked.sights
    return looked.news.map(({ kind, text }) => `${kind}: ${text}`)
  })
}

const before: Picture = { roles: { node1: 'Promoted', node2: 'Unpromoted' }, address: 'node1' }

describe('what is seen of a failover', () => {
  test('a primary that is killed, and comes back', () => {
    const failures = [{ exitReason: 'no process &apos;postgres&apos;' }]
    expect(
      story([
        before,
        { ...before, failures },
        { roles: { node2: 'Unpromoted' }, failures },
        { roles: { node2: 'Promoted' }, failures },
        { roles: { node2: 'Promoted' }, address: 'node2', failures },
        { roles: { node2: 'Promoted' }, address: 'node2' },
        { roles: { node2: 'Promoted', node1: 'Unpromoted' }, address: 'node2' },
        {
          roles: { node2: 'Promoted', node1: 'Unpromoted' },
          address: 'node2',
          dataStatus: 'STREAMING|ASYNC',
        },
        { roles: { node2: 'Promoted', node1: 'Unpromoted' }, address: 'node2', dataStatus: 'STREAMING|SYNC' },
      ]),
    ).toEqual([
      "lost: pgsql monitor on node1 failed (not running): no process 'postgres'",
      'promoted: node2 is the primary',
      "moved: the writers' address is on node2",
      'running: PostgreSQL runs on node1, as a standby',
      'back: node1 is a standby that may take over',
    ])
  })

  test('a node that is gone', () => {
    expect(
      story([
        before,
        { roles: { node2: 'Unpromoted' }, offline: ['node1'] },
        { roles: { node2: 'Promoted' }, offline: ['node1'], address: 'node2' },
      ]),
    ).toEqual([
      'lost: node1 is offline',
      'promoted: node2 is the primary',
      "moved: the writers' address is on node2",
    ])
  })

  test('a switchover, in async mode', () => {
    expect(
      story(
        [
          before,
          { roles: { node1: 'Unpromoted', node2: 'Unpromoted' } },
          { roles: { node1: 'Unpromoted', node2: 'Promoted' }, dataStatus: 'STREAMING|ASYNC' },
        ],
        { ...SUBJECT, mode: 'async' },
      ),
    ).toEqual([
      'lost: pgsql on node1 is not primary any more',
      'promoted: node2 is the primary',
      'running: PostgreSQL runs on node1, as a standby',
      'back: node1 is a standby that may take over',
    ])
  })

  test('a primary that is recovered where it is', () => {
    const failures = [{}]
    expect(
      story([
        before,
        { ...before, failures },
        { ...before, failures },
        { roles: { node2: 'Unpromoted' }, failures },
        { ...before, failures },
      ]),
    ).toEqual(['lost: pgsql monitor on node1 failed (not running)', 'promoted: node1 is the primary'])
  })

  test('failures that were there before are no news; one that comes again is', () => {
    const known = { ...NOTHING_SEEN, failures: ['pgsql start on node2 failed (error)'] }
    const old = [{ task: 'start', node: 'node2', exitStatus: 'error' }]
    expect(
      story([{ ...before, failures: old }, before, { ...before, failures: old }], SUBJECT, known),
    ).toEqual(['failed: pgsql start on node2 failed (error)'])
  })
})

describe('the return of the old primary', () => {
  const stopped: Picture = { roles: { node2: 'Promoted' } }
  const failed: Picture = { ...stopped, failures: [{ exitReason: 'gone' }] }
  const later = { cleanups: 1, sinceCleanupMs: 15_000 }
  test.each<[string, Picture, Partial<ReturnFacts>, ReturnType<typeof nextStep>]>([
    ['it is there', { roles: { node1: 'Unpromoted' }, dataStatus: 'STREAMING|SYNC' }, {}, { step: 'done' }],
    [
      'it catches up',
      { roles: { node1: 'Unpromoted' }, dataStatus: 'STREAMING|ASYNC' },
      {},
      { step: 'wait' },
    ],
    ['its node is away', { ...failed, offline: ['node1'] }, {}, { step: 'wait' }],
    ['it is stopped, and nothing has failed', stopped, {}, { step: 'wait' }],
    ['its failure keeps it out', failed, {}, { step: 'clean up' }],
    ['the cluster forgets failures', failed, { forgets: true }, { step: 'wait' }],
    ['a cleanup takes its time', failed, { cleanups: 1, sinceCleanupMs: 500 }, { step: 'wait' }],
    [
      'it fails again',
      failed,
      later,
      { step: 'give up', reason: 'pgsql monitor on node1 failed (not running): gone' },
    ],
    [
      'a rejoin goes on in the background',
      {
        ...stopped,
        failures: [{ exitReason: 'rejoins (copies 30 %): goes on by itself, and is started then' }],
      },
      later,
      { step: 'clean up' },
    ],
  ])('%s', (_, now, facts, step) => {
    const state = { forgets: false, cleanups: 0, sinceCleanupMs: Infinity, ...facts }
    expect(nextStep({ status: picture(now), subject: SUBJECT, ...state })).toEqual(step)
  })
})
