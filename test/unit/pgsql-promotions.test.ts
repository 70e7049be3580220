/** The numbers of the promotions, and the proof that a primary needs. */
import { describe, expect, test } from '@jest/globals'
import { baselinesOf } from '../../agents/pgsql/baselines'
import { decideProof, type ProofFacts } from '../../agents/pgsql/decide-proof'
import {
  continues,
  epochToPublish,
  isLatest,
  laterElsewhere,
  latestPromotion,
  mayBePromoted,
  ownPromotion,
  readPromotion,
  writeOwn,
  writePromotion,
} from '../../agents/pgsql/promotions'
import { holdsStill } from '../../agents/pgsql/prove'
import { elapsed, isLate } from '../../agents/pgsql/slept'
import { readQuorumStatus, readValues } from '../../lib/cluster/total-order'
import { cluster, clusterNode } from './support/cluster'

const node = (name: string, own: string | undefined, known: string | undefined, dataStatus?: string) =>
  clusterNode(name, {
    transient: { 'pgsql-epoch': known },
    permanent: {
      ...(own !== undefined && { 'pgsql-promotion': own }),
      ...(dataStatus !== undefined && { 'pgsql-data-status': dataStatus }),
    },
  })

describe('what is published', () => {
  test.each([
    [{ number: 0, node: '' }, '0'],
    [{ number: 8, node: 'node-2.example' }, '8 node-2.example'],
  ])('%j is written %s, and read again', (promotion, text) => {
    expect(writePromotion(promotion)).toBe(text)
    expect(readPromotion(text)).toEqual(promotion)
  })

  test.each([undefined, '', 'node2', '8 node2 x', '-1', '8  node2', '1e3', '9'.repeat(16)])(
    '%s is no promotion',
    (text) => {
      expect(readPromotion(text)).toBeUndefined()
    },
  )

  test('a node knows of its own promotion by either attribute', () => {
    const snapshot = cluster([
      node('node1', '7 timeline 11', '8 node2'),
      node('Node2', undefined, '8 node2'),
      node('node3', 'nonsense', '8 node2'),
      node('node4', writeOwn(5, undefined), undefined),
    ])
    expect(
      ['node1', 'node2', 'node3', 'node4', 'node5'].map((name) => ownPromotion(snapshot, name, 'pgsql')),
    ).toEqual([7, 8, 0, 5, 0])
  })

  test('the latest is known also where its node is gone, and its timeline where that is said', () => {
    const gone = cluster([node('node1', '7 timeline 11', '7 node1'), node('node3', undefined, '8 node2')])
    expect(latestPromotion(gone, 'pgsql')).toEqual({ number: 8, node: 'node2' })
    expect(isLatest(gone, 'node1', 'pgsql')).toBe(false)
    const there = cluster([...gone.nodes, node('node2', '8 timeline 12', '8 node2')])
    expect(latestPromotion(there, 'pgsql')).toEqual({ number: 8, node: 'node2', timeline: 12 })
    expect(isLatest(there, 'node2', 'pgsql')).toBe(true)
    expect(epochToPublish(there, 'node1', 'pgsql')).toBe('8 node2')
    expect(epochToPublish(there, 'node3', 'pgsql')).toBeUndefined()
  })

  test('another promotion that is not older than a node of its own', () => {
    const snapshot = cluster([
      node('node1', '7 timeline 11', '8 node2'),
      node('node2', '8 timeline 12', '8 node2'),
      node('node3', '8 timeline 12', '8 node3'),
    ])
    expect(laterElsewhere(snapshot, 'node1', 'pgsql')).toEqual({ number: 8, node: 'node2', timeline: 12 })
    expect(laterElsewhere(snapshot, 'node2', 'pgsql')).toEqual({ number: 8, node: 'node3', timeline: 12 })
    const settled = cluster(snapshot.nodes.slice(0, 2))
    expect(laterElsewhere(settled, 'node2', 'pgsql')).toBeUndefined()
    expect(laterElsewhere(cluster([node('node1', undefined, '0')]), 'node1', 'pgsql')).toBeUndefined()
  })

  test('where nobody has been promoted yet, everybody is the latest', () => {
    const snapshot = cluster([node('node1', undefined, '0'), node('node2', undefined, undefined)])
    expect(isLatest(snapshot, 'node1', 'pgsql')).toBe(true)
    expect(epochToPublish(snapshot, 'node1', 'pgsql')).toBeUndefined()
    expect(epochToPublish(snapshot, 'node2', 'pgsql')).toBe('0')
  })

  test.each([
    ['the last primary', '8', 'DISCONNECT', true],
    ['the last primary, which calls itself so', '8', 'LATEST', true],
    ['one of before, which calls itself the latest', '7', 'LATEST', false],
    ['one of before that was in sync since', '7', 'STREAMING|SYNC', true],
    ['one that never was, and that somebody has declared the latest', undefined, 'LATEST', true],
    ['one that never was, and is behind', undefined, 'STREAMING|POTENTIAL', false],
  ])('who may be promoted: %s', (_, own, dataStatus, may) => {
    const snapshot = cluster([node('node1', own, '8 node2', dataStatus), node('node3', undefined, '8 node2')])
    expect(mayBePromoted(snapshot, 'node1', 'pgsql', 'sync')).toBe(may)
  })

  test.each<[string, string | undefined, boolean]>([
    ['another node, which is away, has the latest data', 'LATEST', false],
    ['nothing is said of any node: the first start of all', undefined, true],
    ['another node does not follow', 'DISCONNECT', true],
  ])('a node of whose data nothing is said, where %s', (_, other, may) => {
    const away = { ...node('node2', undefined, undefined, other), online: false }
    const snapshot = cluster([node('node1', undefined, undefined), away])
    expect(mayBePromoted(snapshot, 'node1', 'pgsql', 'sync')).toBe(may)
    expect(mayBePromoted(snapshot, 'node1', 'pgsql', 'async')).toBe(may)
  })

  test('a server that comes from the latest promotion, and is on a later timeline', () => {
    const latest = { number: 8, node: 'node2', timeline: 12 }
    expect(continues(latest, 13, [11, 12])).toBe(true)
    expect(continues(latest, 12, [11])).toBe(false)
    expect(continues(latest, 13, [10, 11])).toBe(false)
    expect(continues({ number: 8, node: 'node2' }, 13, [11, 12])).toBe(false)
  })
})

describe('the proof', () => {
  const facts: ProofFacts = {
    node: 'node1',
    own: 7,
    unique: false,
    words: { node1: '7 node1', node2: '7 node1', node3: '7 node1' },
    claims: {},
    voters: ['node1', 'node2', 'node3'],
    membership: undefined,
    needsQuorum: true,
    settled: false,
  }
  const alone = { words: { node1: '7 node1' } }
  const two = { voters: ['node1', 'node2'] }
  const ring = (members: number, quorate = true) => ({ members, quorate, ring: '1.d' })

  test.each<[string, Partial<ProofFacts>, string]>([
    ['all have spoken', {}, 'proven'],
    ['a majority has', { words: { node1: '7 node1', node3: '7 node1' } }, 'proven'],
    [
      'they know of an earlier promotion only',
      { words: { node1: '7 node1', node2: '6 node2', node3: '0' } },
      'proven',
    ],
    ['nobody has been promoted yet', { own: 0, words: { node1: '0', node2: '0' } }, 'proven'],
    ['names differ in case', { words: { NODE1: '7 node1', Node2: '7 node1' } }, 'proven'],
    ['it wakes up, and nobody has told it anything yet', alone, 'unproven'],
    [
      'it wakes up, and one that saw the promotion tells it',
      { words: { node1: '7 node1', node3: '8 node2' } },
      'superseded',
    ],
    ['one word is enough to lose', { words: { node3: '8 node2' } }, 'superseded'],
    [
      'a word has been written over: the one that was promoted says so itself',
      { claims: { node1: '7 timeline 11', node2: '8 timeline 12' } },
      'superseded',
    ],
    [
      'of two that take one number the second finds the first, though it has written over its word',
      { unique: true, claims: { node1: '7', node3: '7 timeline 11' } },
      'superseded',
    ],
    ['what makes no sense as a number of its own does not count', { claims: { node2: '8 node2' } }, 'proven'],
    [
      'a majority of the nodes, and not of the votes',
      { membership: { members: 3, quorate: false, ring: '1.d' } },
      'unproven',
    ],
    ['a word that makes no sense does not count', { words: { node1: '7 node1', node2: 'x' } }, 'unproven'],
    [
      'a member that is no voter does not make a majority',
      { words: { node1: '7 node1', remote1: '7 node1' } },
      'unproven',
    ],
    [
      'one that is to be promoted takes the number after the largest',
      { own: undefined, words: { node1: '7 node1', node2: '8 node2' } },
      'proven',
    ],
    [
      'the same number elsewhere is no later promotion',
      { words: { node1: '7 node1', node2: '7 node2' } },
      'proven',
    ],
    [
      'but must not be while PostgreSQL is not promoted yet',
      { unique: true, words: { node1: '7 node1', node2: '7 node2' } },
      'superseded',
    ],
    ['cut off, in the minority', { ...alone, membership: ring(1, false) }, 'unproven'],
    [
      'cut off, where quorum does not count',
      { ...alone, membership: ring(1, false), needsQuorum: false },
      'proven',
    ],
    ['of two nodes the other is gone', { ...two, ...alone, membership: ring(1) }, 'proven'],
    [
      'of two nodes the other is there, and has not spoken',
      { ...two, ...alone, membership: ring(2) },
      'unproven',
    ],
    ['it has nothing to say', { ...two, ...alone, membership: ring(2), settled: true }, 'proven'],
    [
      'it has nothing to say, and there is no quorum',
      { ...alone, membership: ring(2, false), settled: true },
      'unproven',
    ],
  ])('%s', (_, change, kind) => {
    expect(decideProof({ ...facts, ...change }).kind).toBe(kind)
  })

  test('says who was promoted later, and the latest promotion that is known', () => {
    const later = { words: { node1: '7 node1', node2: '8 node2', node3: '9 node3' } }
    expect(decideProof({ ...facts, ...later })).toEqual({
      kind: 'superseded',
      by: { number: 9, node: 'node3' },
    })
    expect(decideProof({ ...facts, ...later, own: undefined })).toEqual({
      kind: 'proven',
      latest: { number: 9, node: 'node3' },
    })
  })

  test('says why it is not there', () => {
    expect(decideProof({ ...facts, ...alone, membership: ring(1, false) })).toEqual({
      kind: 'unproven',
      why: 'node1 is in a part of the cluster without quorum (1 of 3 nodes)',
    })
  })
})

describe('what was observed before a proof', () => {
  const ring = (id: string | undefined, members = 3) => ({ quorate: true, members, ring: id })
  test.each([
    ['a quick proof, the first of its action', true, undefined, ring('1.5'), true],
    ['a slow one, the first', false, undefined, ring('1.5'), false],
    ['a slow one after another, in the same membership', false, ring('1.5'), ring('1.5'), true],
    ['a node has left and come back meanwhile', false, ring('1.5'), ring('1.d'), false],
    ['a node has left', false, ring('1.5'), ring('1.9', 2), false],
    ['corosync does not say which membership it is', false, ring(undefined), ring(undefined), false],
    ['the last one did not come about', false, ring('1.5'), undefined, false],
  ])('still holds: %s', (_, steady, before, now, expected) => {
    expect(holdsStill(steady, before, now)).toBe(expected)
  })
})

describe('a node that has slept', () => {
  const note = '0000000000100000 0001796026466866\n'

  test.each([
    ['both clocks', { boot: 113_600, real: 1_796_026_480_466 }, 13_600],
    ['only the time of day was set after the sleep', { boot: 102_000, real: 1_796_026_480_466 }, 13_600],
    ['the time of day was set back', { boot: 113_600, real: 1_796_026_000_000 }, 13_600],
  ])('how long ago the last monitor was: %s', (_, moment, ms) => {
    expect(elapsed(note, moment)).toBe(ms)
  })

  test.each(['', 'nonsense', '1 2 3', '\0\0'])('a note that makes no sense says nothing: %j', (text) => {
    expect(elapsed(text, { boot: 1, real: 1 })).toBeUndefined()
    expect(isLate(undefined, 2000)).toBe(false)
  })

  test.each([
    [2000, 2100, false],
    [2000, 4900, false],
    [2000, 5100, true],
    [10_000, 19_000, false],
    [10_000, 21_000, true],
  ])('a monitor every %d ms, the last one %d ms ago: %s', (interval, ms, late) => {
    expect(isLate(ms, interval)).toBe(late)
  })
})

describe('what the tools print', () => {
  test('attrd_updater --query --all', () => {
    const text =
      'name="pgsql-epoch" host="node3" value="8 node2"\nname="pgsql-epoch" host="node1" value="0"\n'
    expect(readValues(text)).toEqual({ node3: '8 node2', node1: '0' })
  })

  test('corosync-quorumtool -s', () => {
    const text = `Quorum information
------------------
Date:             Mon Nov 30 07:44:18 2026
Quorum provider:  corosync_votequorum
Nodes:            3
Node ID:          3
Ring ID:          1.d
Quorate:          Yes

Votequorum information
----------------------
Expected votes:   3
Quorum:           2
Flags:            Quorate
`
    expect(readQuorumStatus(text)).toEqual({ members: 3, quorate: true, ring: '1.d' })
    expect(readQuorumStatus(text.replace('Yes', 'No'))?.quorate).toBe(false)
    expect(readQuorumStatus('Cannot initialize QUORUM service')).toBeUndefined()
  })
})

test('a primary that returns is measured by the standbys that it had, and not by what others have of a primary of before', () => {
  const said = (name: string, dataStatus: string, baseline: string) =>
    clusterNode(name, {
      transient: { 'pgsql-master-baseline': baseline },
      permanent: { 'pgsql-data-status': dataStatus },
    })
  const nodes = [
    said('node1', 'DISCONNECT', '0000000000000003'),
    said('node2', 'LATEST', '0000000000000002'),
    said('node3', 'STREAMING|SYNC', '0000000000000004'),
    said('node4', 'DISCONNECT|FORKED', '0000000000000005'),
  ]
  expect(baselinesOf(cluster(nodes), ['node1', 'node3', 'node4'], 'pgsql')).toEqual([
    { node: 'node3', position: '0000000000000004' },
  ])
})
