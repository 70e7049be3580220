/**
 * Time that goes on while nothing runs. The clock that programs measure with stands still while a machine is suspended,
 * and some virtual machines stop more than that one: so two are looked at, and the one that says more counts.
 */
import { readFileSync } from 'node:fs'

/** Milliseconds of two clocks: since the machine was started, sleep included; and of the day. */
export interface Moment {
  readonly boot: number
  readonly real: number
}

export function thisMoment(): Moment {
  const [seconds = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ')
  return { boot: Number(seconds) * 1000, real: Date.now() }
}

/** Milliseconds from one moment to another. */
export function between(before: Moment, after: Moment): number {
  return Math.max(after.boot - before.boot, after.real - before.real)
}

/** Milliseconds since then. */
export function since(before: Moment): number {
  return between(before, thisMoment())
}
