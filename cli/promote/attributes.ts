/** Node attributes that are changed for a while, and changed back where that did not lead to what was meant. */
import { setTimeout as sleep } from 'node:timers/promises'
import { attributeCommand, type AttributeChange, scoreCommand } from '../../lib/cluster/attribute-commands'
import { messageOf } from '../../lib/ocf'
import { quoteShell } from '../../lib/postgres/settings-text'
import { runTool } from '../cluster/change'

type Argv = readonly [string, ...string[]]

/** A change that was not taken back. */
export interface Remaining {
  /** The command that takes it back, as one types it. */
  readonly command: string
  readonly why: string
}

/** How often each change is tried to be taken back, and what is waited in between. */
const TRIES = 3
const PAUSE_MS = 1000

export class AttributeChanges {
  readonly #undo: Argv[] = []

  /** @param run - for tests: runs a command, and throws where it fails */
  constructor(
    private readonly featureSet: string | undefined,
    private readonly run: (...argv: Argv) => Promise<unknown> = runTool,
    private readonly pauseMs = PAUSE_MS,
  ) {}

  /** @param before - its value until now */
  async set(change: AttributeChange, before: string | undefined): Promise<void> {
    if (change.value === before) return
    this.#undo.push(attributeCommand({ ...change, value: before }, this.featureSet))
    await this.run(...attributeCommand(change, this.featureSet))
  }

  async score(resource: string, node: string, value: string, before: string | undefined): Promise<void> {
    this.#undo.push(scoreCommand(resource, node, before, this.featureSet))
    await this.run(...scoreCommand(resource, node, value, this.featureSet))
  }

  /**
   * Takes all of them back, the last one first: one that fails keeps none of the others from it, and is tried again.
   *
   * @returns those that are still as they were changed
   */
  async takeBack(): Promise<readonly Remaining[]> {
    let left = [...this.#undo].reverse()
    let remaining: readonly Remaining[] = []
    this.#undo.length = 0
    for (let tried = 0; tried < TRIES && left.length > 0; tried++) {
      if (tried > 0) await sleep(this.pauseMs)
      const failed: { readonly argv: Argv; readonly why: string }[] = []
      for (const argv of left) {
        await this.run(...argv).catch((error: unknown) => failed.push({ argv, why: messageOf(error) }))
      }
      left = failed.map(({ argv }) => argv)
      remaining = failed.map(({ argv, why }) => ({ command: argv.map(quoteShell).join(' '), why }))
    }
    return remaining
  }
}
