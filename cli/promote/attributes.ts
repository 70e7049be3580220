/** Node attributes that are changed for a while, and changed back when that was in vain. */
import { attributeCommand, type AttributeChange, scoreCommand } from '../../lib/cluster/attribute-commands'
import { runTool } from '../cluster/change'

export class AttributeChanges {
  readonly #undo: (() => Promise<unknown>)[] = []

  constructor(private readonly featureSet: string | undefined) {}

  /** @param before - its value until now */
  async set(change: AttributeChange, before: string | undefined): Promise<void> {
    if (change.value === before) return
    this.#undo.push(() => this.#write({ ...change, value: before }))
    await this.#write(change)
  }

  async score(resource: string, node: string, value: string, before: string | undefined): Promise<void> {
    this.#undo.push(() => runTool(...scoreCommand(resource, node, before, this.featureSet)))
    await runTool(...scoreCommand(resource, node, value, this.featureSet))
  }

  /** The last one first. */
  async takeBack(): Promise<void> {
    for (const undo of [...this.#undo].reverse()) await undo()
    this.#undo.length = 0
  }

  #write(change: AttributeChange): Promise<string> {
    return runTool(...attributeCommand(change, this.featureSet))
  }
}
