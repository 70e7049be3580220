/** Ctrl-C, and a terminal that goes away, while a command has changed something that it must take back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError, Exit } from './exit'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** From its making until `release()` these signals end what is waited for, and no longer the process. */
export class Interruption {
  readonly #stop = new AbortController()
  readonly #listener = (): void => {
    this.#stop.abort()
  }

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#listener)
  }

  get happened(): boolean {
    return this.#stop.signal.aborted
  }

  /** @throws CommandError TROUBLE once a signal has come */
  check(): void {
    if (this.happened) throw new CommandError(Exit.TROUBLE, 'interrupted')
  }

  /** Lets some time pass, no longer than until a signal comes. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }

  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener)
  }
}
