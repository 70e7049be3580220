/** The machine's side of the lab's fencing: it answers the questions of the fence agents. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Lab } from '../../../test/cluster/lab'
import { pause } from '../../../test/cluster/lab/wait'
import { type Events } from './events'
import { type Machines } from './machines'

/** From a fenced node's death until it has power again: what a board takes for that. */
const OFF_MS = 3000

export interface FenceQuestion {
  readonly action: string
  readonly node: string
  readonly from: string
}

/** Reads `ACTION NODE FROM`. */
export function parseQuestion(text: string): FenceQuestion {
  const [action = '', node = '', from = ''] = text.trim().split(' ')
  return { action, node, from }
}

export class Fencing {
  /** Nodes that a fault has switched off and will switch on itself. */
  readonly held = new Set<string>()
  /** How many nodes were fenced. */
  count = 0
  private ended = false
  private readonly loop: Promise<void>

  constructor(
    private readonly lab: Lab,
    private readonly dir: string,
    private readonly machines: Machines,
    private readonly events: Events,
  ) {
    this.loop = this.watch()
  }

  async end(): Promise<void> {
    this.ended = true
    await this.loop
  }

  private async watch(): Promise<void> {
    while (!this.ended) {
      for (const name of readdirSync(this.dir)) {
        if (!name.endsWith('.question')) continue
        const path = join(this.dir, name)
        const question = parseQuestion(readFileSync(path, 'utf8'))
        rmSync(path)
        void this.answer(question).then((answer) => {
          const file = path.replace(/\.question$/, '.answer')
          writeFileSync(`${file}.draft`, answer)
          renameSync(`${file}.draft`, file)
        })
      }
      await pause(30)
    }
  }

  private async answer({ action, node: name, from }: FenceQuestion): Promise<string> {
    try {
      const node = this.lab.node(name)
      if (action === 'status') return node.isOn ? 'on' : 'off'
      if (action === 'on') {
        await this.machines.powerOn(node)
        return 'done'
      }
      this.events.add(`${name} is fenced (${action}, asked by ${from})`)
      this.count += 1
      await this.machines.powerOff(node)
      if (!this.held.has(name)) void this.switchOnLater(name)
      return 'done'
    } catch (error) {
      return error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error)
    }
  }

  private async switchOnLater(name: string): Promise<void> {
    await pause(OFF_MS)
    if (this.ended || this.held.has(name)) return
    await this.machines.powerOn(this.lab.node(name)).catch((error: unknown) => {
      this.events.add(`${name} gets no power: ${String(error)}`)
    })
  }
}
