/** The faults of a storm are decided by its seed. */
import { describe, expect, test } from '@jest/globals'
import { FAULT_NAMES, FAULTS, type FaultKind, isFaultName } from '../../scripts/lib/storm/kinds'
import { parseOptions } from '../../scripts/lib/storm/options'
import { Random } from '../../scripts/lib/storm/random'
import { type PlannedFault, schedule } from '../../scripts/lib/storm/schedule'

function first(count: number, seed: number, only = FAULT_NAMES): readonly PlannedFault[] {
  const plans = schedule({ seed, standbys: 2, only })
  return Array.from({ length: count }, () => plans.next().value)
}

describe('schedule', () => {
  test('the same seed plays the same storm, another one another', () => {
    expect(first(100, 5)).toEqual(first(100, 5))
    expect(first(100, 5)).not.toEqual(first(100, 6))
  })

  test('there are at least 20 kinds, and every one comes before any is drawn again', () => {
    expect(FAULT_NAMES.length).toBeGreaterThanOrEqual(20)
    const names = first(FAULT_NAMES.length, 3).map(({ name }) => name)
    expect([...names].sort()).toEqual([...FAULT_NAMES].sort())
  })

  test('each lasts as long as its kind may, and hits whom its kind hits', () => {
    for (const { name, hits, standby, waitMs, durationMs } of first(500, 11)) {
      const kind: FaultKind = FAULTS[name]
      const [low, high] = kind.seconds ?? [0, 0]
      expect(durationMs).toBeGreaterThanOrEqual(low * 1000)
      expect(durationMs).toBeLessThanOrEqual(high * 1000)
      expect(kind.hits === 'any' || kind.hits === hits).toBe(true)
      expect([0, 1]).toContain(standby)
      expect(waitMs).toBeLessThanOrEqual(4000)
    }
  })

  test('a campaign is of one kind, and its lengths cover the whole range', () => {
    const plans = first(50, 1, ['sleep'])
    expect(new Set(plans.map(({ name }) => name))).toEqual(new Set(['sleep']))
    expect(plans.some(({ durationMs }) => durationMs < 12_000)).toBe(true)
    expect(plans.some(({ durationMs }) => durationMs > 50_000)).toBe(true)
  })
})

test('where the length is given, faults that are over at once stay so', () => {
  const plans = schedule({ seed: 1, standbys: 2, only: ['sleep', 'kill-primary'], seconds: [12, 16] })
  for (let i = 0; i < 40; i += 1) {
    const { name, durationMs } = plans.next().value
    if (name === 'kill-primary') expect(durationMs).toBe(0)
    else expect(Math.floor(durationMs / 4000)).toBe(3)
  }
})

describe('Random', () => {
  test('numbers are spread over the whole range', () => {
    const random = new Random(42)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 10_000; i += 1) counts[random.integer(10)] = (counts[random.integer(10)] ?? 0) + 1
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4])
    expect(() => random.pick([])).toThrow('nothing to choose from')
  })
})

describe('parseOptions', () => {
  const given = { nodes: '3', mode: 'sync', rejoin: 'rewind', fence: false }

  test('without a word about its length it takes ten minutes', () => {
    expect(parseOptions(given)).toMatchObject({ minutes: 10, rounds: Infinity, only: FAULT_NAMES })
    expect(parseOptions({ ...given, rounds: '50' })).toMatchObject({ minutes: Infinity, rounds: 50 })
    expect(parseOptions({ ...given, seconds: '12-16', deadline: '60' })).toMatchObject({
      seconds: [12, 16],
      deadlineSeconds: 60,
    })
    expect(parseOptions({ ...given, only: 'sleep,cut' }).only).toEqual(['sleep', 'cut'])
  })

  test('what it does not know it refuses', () => {
    expect(() => parseOptions({ ...given, only: 'sleep,earthquake' })).toThrow('--only earthquake')
    expect(() => parseOptions({ ...given, mode: 'fast' })).toThrow('--mode fast: it is one of sync')
    expect(() => parseOptions({ ...given, nodes: '2' })).toThrow('--nodes 2: it is a number from 3 to 9')
    expect(isFaultName('toString')).toBe(false)
  })
})
