/** A drill that is told to end (Ctrl-C, SIGTERM, a terminal or a pipe that is gone) takes back what it changed, and then ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import { whenOutputFails } from '../../lib/ocf/output'
import { CommandError, Exit } from '../exit'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const LOOK_MS = 25

export class Interruption {
  private readonly controller = new AbortController()
  private readonly interrupt = (): void => {
    this.controller.abort()
  }

  constructor() {
    // A second one ends the process at once.
    for (const signal of SIGNALS) process.once(signal, this.interrupt)
    // Elsewhere a reader that is gone ends the program at once; here there may be something to take back.
    whenOutputFails(['stdout', 'stderr'], this.interrupt)
  }

  end(): void {
    for (const signal of SIGNALS) process.removeListener(signal, this.interrupt)
  }

  /** @throws CommandError TROUBLE when it was interrupted */
  check(): void {
    if (this.controller.signal.aborted) throw new CommandError(Exit.TROUBLE, 'the drill was interrupted')
  }

  /**
   * Waits until `attempt` gives something.
   *
   * @param limitMs - how long; after that the answer is nothing
   * @throws CommandError TROUBLE when it is interrupted
   */
  async until<T>(
    limitMs: number,
    attempt: () => T | undefined | Promise<T | undefined>,
  ): Promise<T | undefined> {
    const end = performance.now() + limitMs
    for (;;) {
      this.check()
      const found = await attempt()
      if (found !== undefined) return found
      const left = end - performance.now()
      if (left <= 0) return undefined
      await sleep(Math.min(LOOK_MS, left))
    }
  }

  /** Lets some time pass. */
  async pause(ms: number): Promise<void> {
    await this.until(ms, () => undefined)
  }
}
