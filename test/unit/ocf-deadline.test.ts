import { expect, test } from '@jest/globals'
import { Deadline, DeadlineError } from '../../lib/ocf'

test('keeps a tenth of the timeout back, at the most five seconds', () => {
  expect(Deadline.ofAction(20_000).remainingMs).toBeCloseTo(18_000, -2)
  expect(Deadline.ofAction(600_000).remainingMs).toBeCloseTo(595_000, -2)
})

test('passes', () => {
  expect(new Deadline(0).passed).toBe(true)
  expect(new Deadline(-5).remainingMs).toBe(0)
  expect(new Deadline(60_000).passed).toBe(false)
})

test('is at the most what a timer can be set for', () => {
  // 2³¹ ms or more, and Node's timers go off at once.
  for (const ms of [40 * 86_400_000, 2 ** 31, Number.MAX_VALUE, Infinity]) {
    const { remainingMs } = new Deadline(ms)
    expect(remainingMs).toBeGreaterThan(24 * 86_400_000)
    expect(remainingMs).toBeLessThan(2 ** 31)
  }
})

test('a part of it never ends after it', () => {
  const deadline = new Deadline(10_000)
  expect(deadline.within(1000).remainingMs).toBeLessThanOrEqual(1000)
  expect(deadline.within(60_000).remainingMs).toBeLessThanOrEqual(10_000)
  expect(deadline.before(4000).remainingMs).toBeLessThanOrEqual(6000)
  expect(deadline.before(60_000).passed).toBe(true)
})

test('until gives what the probe found', async () => {
  let asked = 0
  const found = await new Deadline(5000).until('a third time', 1, () => (++asked === 3 ? 'here' : undefined))
  expect({ found, asked }).toEqual({ found: 'here', asked: 3 })
})

test('until says what it waited for, and for how long', async () => {
  const waiting = new Deadline(30).until('the standby to stream', 5, () => undefined)
  await expect(waiting).rejects.toBeInstanceOf(DeadlineError)
  await expect(waiting).rejects.toThrow('timed out after 0 s: still waiting for the standby to stream')
})

test('until asks once even when the time is up', async () => {
  expect(await new Deadline(0).until('it', 1, () => 1)).toBe(1)
})

test('holds is an answer, not an error', async () => {
  expect(await new Deadline(20).holds(5, () => false)).toBe(false)
  expect(await new Deadline(20).holds(5, () => Promise.resolve(true))).toBe(true)
})
