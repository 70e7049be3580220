/** What is lost when a node is promoted by force, and what speaks against it. */
import { describe, expect, test } from '@jest/globals'
import {
  type Candidate,
  decidePromote,
  describeDanger,
  describeLoss,
  type PromoteFacts,
} from '../../cli/promote/candidates'

const candidate = (node: string, change: Partial<Candidate> = {}): Candidate => ({
  node,
  state: 'online',
  server: 'standby',
  timeline: 2,
  end: '0000000003000000',
  dataStatus: 'DISCONNECT',
  locked: false,
  down: false,
  why: undefined,
  ...change,
})
const ahead = candidate('node1', { end: '0000000003000800' })
const gone = candidate('node1', { state: 'offline', end: undefined, timeline: undefined, why: 'it is off' })

describe('what is lost', () => {
  test.each<[string, readonly Candidate[], readonly string[]]>([
    ['nothing that is known', [candidate('node1')], ['no node that answers has more than node2']],
    [
      'bytes of the same timeline',
      [ahead],
      ['lost: 2048 bytes of WAL (2.0 kB, up to 0/3000800 of timeline 2), which node1 has'],
    ],
    [
      'a timeline',
      [candidate('node1', { timeline: 3, end: '0000000002000000' })],
      ['lost: all that was written on timeline 3 (up to 0/2000000 of timeline 3), which node1 has'],
    ],
    [
      'what nobody can ask',
      [gone],
      [
        'no node that answers has more than node2',
        'not known, and lost too: what only node1 has (it is off)',
      ],
    ],
  ])('%s', (_, others, lines) => {
    const named = candidate('node2')
    expect(describeLoss([...others, named], named)).toEqual(lines)
  })
})

describe('what speaks against a promotion by force', () => {
  const facts = (change: Partial<PromoteFacts>): PromoteFacts => ({
    resource: 'pgsql',
    candidates: [gone, candidate('node2')],
    node: 'node2',
    despite: [],
    promoted: [],
    maintenance: false,
    acts: true,
    dc: true,
    blocked: false,
    bans: [],
    manual: false,
    ...change,
  })
  test.each<[string, Partial<PromoteFacts>, RegExp | undefined]>([
    ['nothing', {}, undefined],
    ['a primary, as the cluster says', { promoted: ['node1'] }, /^node1 is the primary, and serves/],
    [
      'a primary that the cluster does not know of',
      { candidates: [candidate('node1', { server: 'primary' }), candidate('node2')] },
      /^node1 is the primary, and serves/,
    ],
    ['maintenance', { maintenance: true }, /^the cluster is in maintenance mode/],
    ['no quorum', { acts: false }, /no quorum/],
    ['a node that is away', { node: 'node1' }, /^node1 is offline$/],
    [
      'a node that does not say what it has',
      { candidates: [candidate('node2', { end: undefined, why: 'it hangs' })] },
      /^it is not known what node2 has: it hangs$/,
    ],
    ['a node that has more', { candidates: [ahead, candidate('node2')] }, /--despite node1$/],
    [
      'a node that has more, and is given up',
      { candidates: [ahead, candidate('node2')], despite: ['NODE1'] },
      undefined,
    ],
    ['a ban', { bans: ['cli-ban-x'] }, /^the constraint cli-ban-x keeps it off node2/],
    [
      'the lock file, which rejoin=manual minds',
      { manual: true, candidates: [candidate('node2', { server: 'stopped', locked: true })] },
      /^PGSQL.lock is on node2/,
    ],
  ])('%s', (_, change, text) => {
    const problems = decidePromote(facts(change))
    if (text === undefined) expect(problems).toEqual([])
    else expect(problems).toEqual([{ text: expect.stringMatching(text), soft: false }])
  })
})

test('a node that nobody sees may still be a primary, unless it is known to be down', () => {
  const named = candidate('node2')
  expect(describeDanger([gone, named])).toEqual([
    'node1 is not known to be down: if PostgreSQL still takes writes there, there will be two primaries; switch node1 off first',
  ])
  expect(describeDanger([{ ...gone, down: true }, named])).toEqual([])
})
