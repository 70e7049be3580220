/**
 * Random schedules: what must hold holds in all of them, and what is wrong is found.
 *
 * MODEL_SECONDS says for how long (50 where it is not set), MODEL_SEED where to begin. What a failure prints begins
 * with the seed of its run: with that one it is found again at once.
 */
import { describe, expect, test } from '@jest/globals'
import { explore, report, type Exploration, type Weights } from './explore'
import { onlyFaults, withMajority } from './scenarios'
import { type Violation } from './world'

const seconds = Number(process.env['MODEL_SECONDS'] ?? 50)
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 1_000_000_000)

/** What is to be found is found in this time. */
const LIMIT_MS = 60_000

/** Acknowledged commits are gone, or about to be. */
const LOSSES: readonly Violation['kind'][] = ['lost', 'discarded', 'two primaries']

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

describe('without the proof that a primary still is one', () => {
  test.each<[string, Violation['kind'], Weights]>([
    ['a primary that slept', 'discarded', onlyFaults('sleep')],
    ['a primary that slept', 'two primaries', onlyFaults('sleep')],
    ['a network that is cut', 'lost', onlyFaults('cut')],
  ])(
    'a loss by %s is found (%s)',
    (_, kind, weights) => {
      const { finding } = explore(withMajority('before', weights), 1, LIMIT_MS, [kind])
      expect(finding?.violation.kind).toBe(kind)
    },
    2 * LIMIT_MS,
  )
})

test(
  'as long as all nodes take part, crashes of servers lose nothing that was acknowledged',
  () => {
    holds(withMajority('before', onlyFaults('crash server', 'late')), LOSSES, 1)
  },
  (seconds + 60) * 1000,
)
