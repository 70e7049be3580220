import { describe, expect, test } from '@jest/globals'
import { decideDemote, type DemoteFacts } from '../../agents/pgsql/decide-demote'
import { decideProbe } from '../../agents/pgsql/decide-probe'
import { decideStop, type StopFacts } from '../../agents/pgsql/decide-stop'
import { decideStart, type StartFacts } from '../../agents/pgsql/decide-start'
import { decideBeforePromote } from '../../agents/pgsql/decide-before-promote'
import { decidePromote, type PromoteFacts } from '../../agents/pgsql/decide-promote'
import { mayBecomePrimary } from '../../agents/pgsql/mode'
import { NO_PROMOTION } from '../../agents/pgsql/promotions'
import { type NodeState } from '../../lib/cluster/snapshot'
import { cluster, clusterNode } from './support/cluster'

describe('start', () => {
  const facts: StartFacts = {
    kind: 'member',
    server: 'stopped',
    running: undefined,
    lock: undefined,
    manual: false,
    heals: undefined,
    rejoin: undefined,
    rejoined: false,
    rewinding: undefined,
    rewindable: undefined,
    rejoinFile: '/var/lib/pgsql/tmp/rejoin.json',
    primary: undefined,
    last: false,
    later: undefined,
    promotesNext: false,
    loss: undefined,
    masterIp: '192.168.2.3',
    resource: 'pgsql',
  }

  test('comes up as a standby, and says it is stopped until it has', () => {
    expect(decideStart(facts)).toEqual({
      exit: 0,
      steps: ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
    })
  })

  test('was primary, and another one was promoted later that is not there: waits for it as a standby', () => {
    const was = { lock: '/var/lib/pgsql/tmp/PGSQL.lock', later: 'node2' }
    const steps = ['publish stopped', 'clear remains', 'start as standby', 'publish standby']
    expect(decideStart({ ...facts, ...was })).toEqual({ exit: 0, steps })
    // With rejoin=manual it is a person who compares.
    expect(decideStart({ ...facts, ...was, manual: true }).exit).toBe(1)
  })

  test('with rejoin=manual, refuses a node with a lock file, with what to do, and lets nobody promote it', () => {
    const plan = decideStart({ ...facts, manual: true, lock: '/var/lib/pgsql/tmp/PGSQL.lock' })
    expect(plan.exit).toBe(1)
    expect(plan.steps).toEqual(['publish stopped'])
    expect(plan.reason).toContain('/var/lib/pgsql/tmp/PGSQL.lock is there')
    expect(plan.detail).toContain('pg_basebackup -h 192.168.2.3')
    expect(plan.reason?.length).toBeLessThanOrEqual(127)
    expect(plan.reason).toContain('crm resource cleanup pgsql')
  })

  test.each<[string, Partial<StartFacts>, readonly string[]]>([
    [
      'was primary, and everything it has is in the primary’s data',
      { lock: '/tmp/PGSQL.lock', primary: 'node2', loss: { kind: 'nothing' } },
      ['publish stopped', 'remove lock', 'clear remains', 'start as standby', 'publish standby'],
    ],
    [
      'was primary, and nobody has been since: its lock file stays until it is known what became of it',
      { lock: '/tmp/PGSQL.lock', last: true },
      ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
    ],
    [
      'has crashed as the primary, and is to be it again',
      { lock: '/tmp/PGSQL.lock', last: true, promotesNext: true },
      ['clear remains', 'recover'],
    ],
    [
      'is to be promoted, and was not the last primary',
      { promotesNext: true },
      ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
    ],
    [
      'a standby beside a primary',
      { primary: 'node2', loss: { kind: 'nothing' } },
      ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
    ],
    [
      'a standby that cannot reach the primary just now',
      { primary: 'node2', loss: 'no answer' },
      ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
    ],
  ])('starts a node that %s', (_, more, steps) => {
    expect(decideStart({ ...facts, ...more })).toEqual({ exit: 0, steps })
  })

  test.each<[string, Partial<StartFacts>, RegExp]>([
    [
      'has what the primary has not',
      { primary: 'node2', loss: { kind: 'diverged', timeline: 2, fork: '0000000003000098', bytes: 93 } },
      /^the primary lacks 93 bytes of WAL after 0\/3000098 \(timeline 2\) of this node: take a base backup$/,
    ],
    [
      'was primary, with no primary to compare with, whatever the cluster means to do',
      { lock: '/tmp/PGSQL.lock', promotesNext: true },
      /there is none now to compare with: get one promoted, then crm resource cleanup pgsql$/,
    ],
    [
      'was primary, with a primary that does not answer',
      { lock: '/tmp/PGSQL.lock', primary: 'node2', loss: 'psql failed: no route to host' },
      /cannot be compared with node2: fix that, then crm resource cleanup pgsql$/,
    ],
  ])('refuses a node that %s, and removes nothing', (_, more, reason) => {
    const plan = decideStart({ ...facts, ...more })
    expect(plan).toMatchObject({ exit: 1, steps: ['publish stopped'] })
    expect(plan.reason).toMatch(reason)
    expect(plan.reason?.length).toBeLessThanOrEqual(127)
  })

  test('is done when the server runs as a standby already', () => {
    expect(decideStart({ ...facts, server: 'running', running: 'standby' })).toEqual({ exit: 0, steps: [] })
  })

  test('does not take over a primary that somebody else started', () => {
    const plan = decideStart({ ...facts, server: 'running', running: 'primary' })
    expect(plan).toMatchObject({ exit: 1, steps: [] })
    expect(plan.reason).toContain('already runs here as a primary')
  })

  test.each<[StartFacts['server'], readonly string[]]>([
    ['stopped', ['clear remains', 'start']],
    ['orphaned', ['clear remains', 'start']],
    ['running', []],
  ])('without replication, a server that is %s', (server, steps) => {
    expect(decideStart({ ...facts, kind: 'alone', server })).toEqual({ exit: 0, steps })
  })

  test('a server that follows another is made a standby each time it is started', () => {
    expect(decideStart({ ...facts, kind: 'follower' })).toEqual({
      exit: 0,
      steps: ['clear remains', 'start as follower'],
    })
    expect(decideStart({ ...facts, kind: 'follower', server: 'running' })).toEqual({ exit: 0, steps: [] })
  })
})

describe('demote', () => {
  const facts: DemoteFacts = {
    server: 'running',
    role: 'primary',
    stopsNext: false,
    promotesNext: false,
    confusable: false,
    wasAlone: false,
  }

  test.each<[string, Partial<DemoteFacts>, readonly string[]]>([
    [
      'a primary that goes on as a standby',
      {},
      ['checkpoint', 'publish demoted', 'stop', 'note shutdown', 'start as standby'],
    ],
    [
      'a primary that is stopped next',
      { stopsNext: true },
      ['checkpoint', 'publish demoted', 'stop', 'note shutdown', 'publish stopped'],
    ],
    [
      'a primary that is restarted and promoted again',
      { stopsNext: true, promotesNext: true },
      ['checkpoint', 'publish demoted', 'stop', 'note shutdown', 'publish stopped'],
    ],
    [
      'a primary without a standby leaves no lock file',
      { stopsNext: true, wasAlone: true },
      ['checkpoint', 'publish demoted', 'stop', 'remove lock', 'publish stopped'],
    ],
    [
      'a server that does not answer is not asked for a checkpoint',
      { role: undefined, stopsNext: true },
      ['publish demoted', 'stop', 'note shutdown', 'publish stopped'],
    ],
    ['a primary that has crashed', { server: 'stopped', role: undefined }, ['publish stopped']],
    [
      'a primary that has crashed, and is to be it again',
      { server: 'stopped', role: undefined, promotesNext: true },
      [],
    ],
    [
      'what is left of a crashed primary',
      { server: 'orphaned', role: undefined },
      ['publish demoted', 'stop', 'note shutdown', 'publish stopped'],
    ],
    [
      'what is left of a crashed primary that is to be it again',
      { server: 'orphaned', role: undefined, promotesNext: true },
      ['stop'],
    ],
    ['a standby', { role: 'standby' }, []],
    [
      'a primary that PostgreSQL could take for the next one is compared before it is started',
      { confusable: true },
      ['checkpoint', 'publish demoted', 'stop', 'note shutdown', 'publish stopped'],
    ],
  ])('%s', (_, change, steps) => {
    expect(decideDemote({ ...facts, ...change })).toEqual({ exit: 0, steps })
  })
})

describe('stop', () => {
  const facts: StopFacts = {
    server: 'running',
    node: 'node1',
    publishes: false,
    locked: false,
    rejoins: false,
    successor: undefined,
  }

  test.each<[string, Partial<StopFacts>, readonly string[]]>([
    ['a standby', {}, ['stop', 'publish stopped']],
    ['a standby while another is promoted', { successor: 'node2' }, ['stop', 'publish stopped']],
    ['what does not run', { server: 'stopped' }, ['publish stopped']],
    [
      'a primary that has been demoted for another',
      { server: 'stopped', locked: true, successor: 'node2' },
      ['compare', 'publish stopped'],
    ],
    ['a primary that has been demoted for nobody', { server: 'stopped', locked: true }, ['publish stopped']],
    [
      'a primary that has crashed, and is to be it again',
      { server: 'stopped', locked: true, successor: 'NODE1' },
      [],
    ],
    [
      'a standby that has crashed, and is to be promoted',
      { server: 'stopped', successor: 'node1' },
      ['publish stopped'],
    ],
    ['without replication', { node: undefined }, ['stop']],
    ['without replication, that does not run', { node: undefined, server: 'stopped' }, []],
    [
      'without replication, with a receiver',
      { node: undefined, publishes: true },
      ['stop', 'publish stopped'],
    ],
  ])('%s', (_, change, steps) => {
    expect(decideStop({ ...facts, ...change })).toEqual({ exit: 0, steps })
  })
})

describe('a probe of a server that runs', () => {
  const node = (name: string, score?: string, status?: string): NodeState =>
    clusterNode(name, {
      transient: {
        ...(score !== undefined && { 'master-pgsql': score }),
        ...(status !== undefined && { 'pgsql-status': status }),
      },
    })
  const primary = node('node2', '1000', 'PRI')
  const standby = node('node2', '100', 'HS:sync')

  test.each<[string, boolean, NodeState, NodeState, number, string | undefined]>([
    ['a primary is to stay one', false, node('node1'), standby, 8, '1000'],
    ['a primary that is known as one', false, node('node1', '1000', 'PRI'), standby, 8, undefined],
    ['a standby nobody knows may not be promoted', true, node('node1'), primary, 0, '-INFINITY'],
    ['a standby keeps the score its primary gave it', true, node('node1', '100'), primary, 0, undefined],
    ['promoted by hand: it comes after the primary', false, node('node1', '100'), primary, 8, undefined],
    ['the same, and it was barred', false, node('node1', '-INFINITY', 'HS:alone'), primary, 8, '100'],
    [
      'promoted by hand, and the primary has left',
      false,
      node('node1', '100', 'HS:sync'),
      { ...primary, online: false },
      8,
      '1000',
    ],
    ['two were primaries apart', false, node('node1', '1000', 'PRI'), primary, 8, undefined],
  ])('%s', (_, inRecovery, self, other, exit, written) => {
    const snapshot = cluster([self, other])
    const plan = decideProbe({
      resource: 'pgsql',
      node: 'node1',
      inRecovery,
      timeline: undefined,
      history: [],
      snapshot,
    })
    expect(plan).toEqual({
      exit,
      steps: written === undefined ? [] : [{ step: 'score', node: 'node1', score: written }],
    })
  })
})

const OLDER = '0000000003000000'
const NEWER = '0000000003000148'

describe('promote', () => {
  const facts: PromoteFacts = {
    resource: 'pgsql',
    mode: 'sync',
    inRecovery: true,
    node: 'node2',
    dataStatus: 'STREAMING|SYNC',
    complete: true,
    unproven: undefined,
    own: 0,
    latest: NO_PROMOTION,
    quorums: [],
    required: 0,
    position: OLDER,
    others: [],
    returning: false,
    baselines: [],
    followers: [],
    reachable: false,
    restart: false,
    slots: false,
  }
  const usual = ['lock', 'wait until proven', 'bar others', 'promote', 'stop waiting', 'publish primary']
  const asynchronous = ['lock', 'bar others', 'promote', 'publish primary']
  /** Complete or not by what is said of the data alone. */
  const decide = (change: Partial<PromoteFacts>) => {
    const all = { ...facts, ...change }
    return decidePromote({ ...all, complete: mayBecomePrimary(all.mode, all.dataStatus), ...change })
  }

  test.each<[string, Partial<PromoteFacts>, readonly string[]]>([
    ['a standby in sync', {}, usual],
    ['the first primary of all', { dataStatus: undefined }, usual],
    ['what is primary already only says so', { inRecovery: false }, ['publish primary']],
    [
      'what is a primary of before says nothing',
      { inRecovery: false, own: 7, latest: { number: 8, node: 'node3' } },
      [],
    ],
    [
      'by a restart',
      { restart: true },
      ['lock', 'wait until proven', 'bar others', 'restart as primary', 'stop waiting', 'publish primary'],
    ],
    [
      'with slots',
      { slots: true, mode: 'async' },
      ['lock', 'bar others', 'promote', 'make slots', 'publish primary'],
    ],
    [
      'an asynchronous standby in asynchronous replication',
      { mode: 'async', dataStatus: 'STREAMING|ASYNC' },
      asynchronous,
    ],
    [
      'the newest of them',
      { mode: 'async', position: NEWER, others: [{ node: 'node3', position: OLDER }] },
      asynchronous,
    ],
    [
      'in synchronous replication, one with newer data has nothing more that was acknowledged',
      { others: [{ node: 'node3', position: NEWER }] },
      usual,
    ],
    [
      'the last primary, when it returns with all that its standbys have',
      { dataStatus: 'LATEST', returning: true, baselines: [{ node: 'node2', position: OLDER }] },
      usual,
    ],
    [
      'another than the last primary, which has every acknowledged commit',
      { baselines: [{ node: 'node3', position: NEWER }] },
      usual,
    ],
    [
      'one that still sends to a node which followed it once',
      { mode: 'async', followers: ['node1'] },
      ['lock', 'bar others', 'end old connections', 'promote', 'publish primary'],
    ],
    ['one that has the address over which it sends', { followers: ['node1'], reachable: true }, usual],
    [
      'a restart ends them by itself',
      { mode: 'async', followers: ['node1'], restart: true },
      ['lock', 'bar others', 'restart as primary', 'publish primary'],
    ],
    [
      'under the strict policy, the wait for the standbys holds on',
      { required: 1 },
      ['lock', 'wait for standbys', 'bar others', 'promote', 'publish primary'],
    ],
    [
      'the last primary, whatever another says of it',
      { dataStatus: 'DISCONNECT', complete: true, own: 7, latest: { number: 7, node: 'node2' } },
      usual,
    ],
  ])('%s', (_, change, steps) => {
    expect(decide(change)).toEqual({ exit: 0, steps })
  })

  test.each<[string, Partial<PromoteFacts>, RegExp]>([
    [
      'a standby that was not in sync',
      { dataStatus: 'STREAMING|POTENTIAL' },
      /pgsql-data-status is STREAMING\|POT/,
    ],
    ['a standby that was cut off', { dataStatus: 'DISCONNECT' }, /commits may be missing here/],
    [
      'the same in asynchronous replication',
      { mode: 'async', dataStatus: 'DISCONNECT' },
      /commits may be missing/,
    ],
    [
      'an older one in asynchronous replication',
      { mode: 'async', others: [{ node: 'node3', position: NEWER }] },
      /node3 has newer data/,
    ],
    [
      'the last primary, when it has lost what a standby has',
      { dataStatus: 'LATEST', returning: true, baselines: [{ node: 'node2', position: NEWER }] },
      /node2 has newer data/,
    ],
    [
      'a primary of before, which calls itself the latest still',
      { dataStatus: 'LATEST', complete: false, own: 7, latest: { number: 8, node: 'node3' } },
      /^not promoted: node3 was promoted later \(promotion 8, this node: 7\): start that one$/,
    ],
    [
      'without the proof that it belongs to the part that decides',
      { unproven: 'node2 is in a part of the cluster without quorum (1 of 3 nodes)' },
      /^not promoted: node2 is in a part of the cluster without quorum/,
    ],
  ])('refuses %s', (_, change, reason) => {
    const plan = decide(change)
    expect(plan.exit).toBe(1)
    // What is known of its data rules its score out.
    const ruledOut = /commits may be missing|pgsql-data-status is|start that one$/.test(plan.reason ?? '')
    expect(plan.steps).toEqual(ruledOut ? ['withdraw'] : [])
    expect(plan.reason).toMatch(reason)
  })
})

describe('before another node is promoted', () => {
  const facts = {
    resource: 'pgsql',
    mode: 'sync',
    promoting: 'node2',
    baseline: OLDER,
    node: 'node3',
    complete: false,
    promotable: true,
    heals: false,
    ofQuorum: false,
    position: OLDER,
  } as const

  test.each([
    ['the same data', {}],
    ['older data', { baseline: NEWER }],
    ['the other did not say what it has', { baseline: undefined, position: NEWER }],
    ['this one does not know', { position: undefined }],
  ])('%s: goes on', (_, change) => {
    expect(decideBeforePromote({ ...facts, ...change })).toEqual({ exit: 0, steps: [] })
  })

  test('newer data: refuses, with what to do', () => {
    const plan = decideBeforePromote({ ...facts, position: NEWER })
    expect(plan).toMatchObject({ exit: 1, steps: ['refuse'] })
    expect(plan.reason).toBe(
      'newer data than node2: take a base backup, then crm_resource --clear -r pgsql -N node3',
    )
    expect(plan.detail).toContain('node2 is promoted at 0/3000000, this node has WAL up to 0/3000148')
  })

  test('newer data than a node that is promoted by a score of before: that one refuses by itself', () => {
    expect(decideBeforePromote({ ...facts, position: NEWER, promotable: false })).toEqual({
      exit: 0,
      steps: [],
    })
  })

  test('newer data, where rejoin heals it: no ban, which a person would have to clear', () => {
    expect(decideBeforePromote({ ...facts, position: NEWER, heals: true })).toEqual({ exit: 0, steps: [] })
  })

  test('newer data in asynchronous replication: claims the promotion', () => {
    const newer = { ...facts, mode: 'async', position: NEWER, complete: true } as const
    expect(decideBeforePromote(newer)).toEqual({ exit: 0, steps: ['claim'] })
    expect(decideBeforePromote({ ...newer, complete: false }).steps).toEqual(['refuse'])
  })
})
