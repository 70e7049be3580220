import { setTimeout as sleep } from 'node:timers/promises'
import { OcfError } from './errors'
import { ExitCode } from './exit-codes'

/** Milliseconds of a clock that is never set. As `performance.now()`, which loads a good deal more of Node. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The longest that a timer of Node's can be set for, 24.8 days: one that is set for longer goes off at once. */
const LONGEST_MS = 2 ** 31 - 1

/** Waited for too long. The message says what was waited for, and for how long. */
export class DeadlineError extends OcfError {
  constructor(waitedFor: string, seconds: number) {
    super(ExitCode.ERR_GENERIC, `timed out after ${seconds.toFixed(0)} s: still waiting for ${waitedFor}`)
  }
}

/**
 * The time an action has. It ends a margin before the cluster manager's own timeout, so that the agent is the one
 * that says what went wrong, instead of being killed without a word.
 */
export class Deadline {
  readonly #start: number
  readonly #end: number

  /** @param spanMs - milliseconds from now on; more than 24.8 days are as many */
  constructor(spanMs: number) {
    this.#start = now()
    this.#end = this.#start + Math.min(spanMs, LONGEST_MS)
  }

  /** The deadline of an action whose timeout is `timeoutMs`: a tenth of it, at the most five seconds, is kept back. */
  static ofAction(timeoutMs: number): Deadline {
    return new Deadline(timeoutMs - Math.min(5000, timeoutMs / 10))
  }

  /** Milliseconds left; 0 when there are none. */
  get remainingMs(): number {
    return Math.max(0, this.#end - now())
  }

  get passed(): boolean {
    return this.remainingMs === 0
  }

  /** A deadline at the most `spanMs` from now, and never after this one. */
  within(spanMs: number): Deadline {
    return new Deadline(Math.min(spanMs, this.remainingMs))
  }

  /** This deadline less `marginMs`, for a wait after which something must still be done. */
  before(marginMs: number): Deadline {
    return new Deadline(Math.max(0, this.remainingMs - marginMs))
  }

  /**
   * Polls until `probe` returns something other than `undefined`.
   *
   * @param what - what is waited for, for the error
   * @param pollMs - milliseconds between two polls
   * @throws DeadlineError when the time is up
   */
  async until<T>(
    what: string,
    pollMs: number,
    probe: () => T | undefined | Promise<T | undefined>,
  ): Promise<T> {
    for (;;) {
      const result = await probe()
      if (result !== undefined) return result
      if (this.passed) throw new DeadlineError(what, (now() - this.#start) / 1000)
      await sleep(Math.min(pollMs, this.remainingMs))
    }
  }

  /** As `until`, but `false` when the time is up. */
  async holds(pollMs: number, probe: () => boolean | Promise<boolean>): Promise<boolean> {
    for (;;) {
      if (await probe()) return true
      if (this.passed) return false
      await sleep(Math.min(pollMs, this.remainingMs))
    }
  }
}
