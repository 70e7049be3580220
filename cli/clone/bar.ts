/** How far a base backup is: a bar in a terminal, a line for each tenth everywhere else. */
import { Presets, SingleBar } from 'cli-progress'
import { rawStream, shownLine } from '../../lib/ocf/output'
import { type Terminal } from '../terminal'
import { type CloneEvent } from './on-node'

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)

export class Bar {
  private bar: SingleBar | undefined
  private told = -1

  constructor(
    private readonly terminal: Terminal,
    private readonly node: string,
  ) {}

  show(event: CloneEvent): void {
    if (event.event === 'step') {
      this.end()
      this.terminal.note(`${this.node}: ${event.text}`)
    } else if (event.event === 'progress') this.progress(event.percent, megabytes(event.totalBytes))
  }

  end(): void {
    this.bar?.stop()
    this.bar = undefined
  }

  private progress(percent: number, total: number): void {
    if (!this.terminal.isTerminal) {
      const tenth = Math.floor(percent / 10)
      if (tenth === this.told) return
      this.told = tenth
      this.terminal.note(`${this.node}: ${percent} % of ${total} MB`)
      return
    }
    if (this.bar === undefined) {
      const node = shownLine(this.node).replaceAll('{', '(')
      const format = `${node}: copies {bar} {percentage} % of ${total} MB, {eta_formatted} to go`
      this.bar = new SingleBar(
        { format, stream: rawStream('stdout'), hideCursor: true },
        Presets.shades_classic,
      )
      this.bar.start(100, 0)
    }
    this.bar.update(percent)
  }
}
