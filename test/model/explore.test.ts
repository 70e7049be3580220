/**
 * Random schedules: what must hold holds in all of them, and what is wrong is found.
 *
 * MODEL_SECONDS says for how long (30 where it is not set), MODEL_SEED where to begin (1: the same runs each time). What a failure prints begins
 * with the seed of its run: with that one it is found again at once.
 */
import { describe, expect, test } from '@jest/globals'
import { explore, report, type Exploration, type Weights } from './explore'
import { ofTwo, onlyFaults, withMajority } from './scenarios'
import { type Options, type Violation } from './world'

const seconds = Number(process.env['MODEL_SECONDS'] ?? 30)
const seed = Number(process.env['MODEL_SEED'] ?? 1)

/** What is to be found is found in this time. */
const LIMIT_MS = 60_000

/** Acknowledged commits are gone, or about to be. */
const LOSSES: readonly Violation['kind'][] = ['lost', 'discarded', 'two primaries']

/** Nobody is promoted, or a person is needed for that. */
const BLOCKED: readonly Violation['kind'][] = ['no primary', 'person needed']

/** Explores for a share of the time. */
function holds(
  explorations: readonly Exploration[],
  forbidden: readonly Violation['kind'][],
  share: number,
): void {
  const { runs, moves, milliseconds, counts, finding } = explore(
    explorations,
    seed,
    seconds * share * 1000,
    forbidden,
  )
  const others = [...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')
  console.log(
    `${runs} runs, ${moves} moves, ${Math.round(moves / milliseconds)} moves/ms, from MODEL_SEED=${seed}; ended with ${others || 'nothing'}`,
  )
  if (finding !== undefined) throw new Error(report(finding))
}

function finds(explorations: readonly Exploration[], kinds: readonly Violation['kind'][]): void {
  const { finding } = explore(explorations, 1, LIMIT_MS, kinds)
  expect(kinds).toContain(finding?.violation.kind)
}

/** What a cluster with a majority must not come to. */
const FORBIDDEN: readonly Violation['kind'][] = [...LOSSES, ...BLOCKED, 'commits wait', 'node out']

describe('without the proof that a primary still is one', () => {
  test.each<[string, Violation['kind'], Weights]>([
    ['a primary that slept', 'discarded', onlyFaults('sleep')],
    ['a primary that slept', 'two primaries', onlyFaults('sleep')],
    ['a network that is cut', 'lost', onlyFaults('cut')],
  ])(
    'a loss by %s is found (%s)',
    (_, kind, weights) => {
      finds(withMajority('before', weights), [kind])
    },
    2 * LIMIT_MS,
  )
})

test(
  'without it, as long as all nodes take part, crashes of servers lose nothing that was acknowledged',
  () => {
    holds(withMajority('before', onlyFaults('crash server', 'late')), LOSSES, 0.1)
  },
  (seconds + 60) * 1000,
)

/** Nothing but that somebody promotes a standby. */
const byHand = withMajority('with proof', { ...onlyFaults('by hand'), 'by hand': 1 })

describe('with the proof', () => {
  test(
    'a majority loses nothing that was acknowledged, and becomes well without a person',
    () => {
      holds(withMajority('with proof'), FORBIDDEN, 0.8)
    },
    (seconds + 60) * 1000,
  )

  // Two nodes that were apart can be promoted with one number, on timelines of one number: neither follows the other
  // then, and under the strict policy commits wait until one of them is copied.
  test(
    'two nodes have a primary again',
    () => {
      holds(ofTwo('with proof'), BLOCKED, 0.1)
    },
    (seconds + 60) * 1000,
  )

  test(
    'a standby that somebody promotes acknowledges nothing',
    () => {
      holds(byHand, ['two primaries'], 0.1)
    },
    (seconds + 60) * 1000,
  )

  test(
    'and would, if it held no synchronous_standby_names',
    () => {
      finds(
        byHand.map((each) => ({ ...each, options: { ...each.options, acknowledges: true } })),
        ['two primaries'],
      )
    },
    2 * LIMIT_MS,
  )

  // What remains, and what a change of the agents may close: see Options.
  test.each<[string, Partial<Options>]>([
    ['a node that falls asleep right after its proof', { gap: true }],
    ['a standby of a quorum that connects to a primary of before', { reconnects: true }],
  ])(
    'a loss is found by %s',
    (_, options) => {
      finds(
        withMajority('with proof').map((each) => ({ ...each, options: { ...each.options, ...options } })),
        LOSSES,
      )
    },
    2 * LIMIT_MS,
  )
})
