import { describe, expect, test } from '@jest/globals'
import { knowsDegraded } from '../../agents/pgsql/degraded'
import { isBehind, shownLag } from '../../agents/pgsql/lag'

const MB = 1024 * 1024

describe('the lag that is shown', () => {
  test.each<[lag: number, shown: number | undefined, then: number]>([
    [0, undefined, 0],
    [MB, undefined, 0],
    [MB + 1, undefined, 2 * MB],
    [16 * MB, undefined, 16 * MB],
    [16 * MB + 1, undefined, 32 * MB],
    // It grows at once,
    [2 * MB, 0, 2 * MB],
    [17 * MB, 16 * MB, 32 * MB],
    // stays while it goes up and down a little,
    [9 * MB, 32 * MB, 32 * MB],
    [MB, 2 * MB, 2 * MB],
    // and shrinks when it is much less.
    [8 * MB, 32 * MB, 8 * MB],
    [1000, 32 * MB, 0],
    [MB / 2, 2 * MB, 0],
    [0, 0, 0],
  ])('%d bytes, where %p is shown: %d', (lag, shown, then) => {
    expect(shownLag(lag, shown)).toBe(then)
  })

  test('a rule with a power of two holds exactly when the lag is more than that, as long as it grows', () => {
    let shown: number | undefined
    for (let lag = 0; lag < 64 * MB; lag += 100_000) {
      shown = shownLag(lag, shown)
      expect(shown > 16 * MB).toBe(lag > 16 * MB)
    }
  })
})

test.each<[bytes: number | undefined, was: boolean, max: number, behind: boolean]>([
  [17, false, 16, true],
  [16, false, 16, false],
  [9, true, 16, true],
  [8, true, 16, false],
  [17, true, 0, false],
  [undefined, true, 16, true],
  [undefined, false, 16, false],
  [undefined, true, 0, false],
])('%p bytes, behind before: %p, max_lag %d: %p', (bytes, was, max, behind) => {
  expect(isBehind(bytes, was, max)).toBe(behind)
})

test.each<[string | undefined, boolean]>([
  ['3.16.1', true],
  ['3.1.0', true],
  ['4.0.0', true],
  ['3.0.14', false],
  [undefined, false],
])('pacemaker with feature set %p knows degraded: %p', (featureSet, knows) => {
  expect(knowsDegraded(featureSet)).toBe(knows)
})
