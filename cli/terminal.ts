/** Where a command's words go: pretty in a terminal, plain in a pipe, and never more than words (lib/ocf/output.ts). */
import Table from 'cli-table3'
import { isTerminal, print, printError } from '../lib/ocf'
import { rawStream, shownLine } from '../lib/ocf/output'
import { jsonText } from '../lib/ocf/printable'
import { withoutSecrets } from '../lib/ocf/secrets'
import { makeStyles, type Styles } from '../lib/ocf/styles'

/** A cell of a table; nothing is shown as `-`. */
export type Cell = string | number | undefined

/** What a terminal is told beside text (ECMA-48, and xterm's private modes). */
const CONTROL = {
  otherScreen: '\x1b[?1049h\x1b[?25l',
  firstScreen: '\x1b[?25h\x1b[?1049l',
  home: '\x1b[H',
  clearLine: '\x1b[K',
  clearBelow: '\x1b[J',
} as const

/** Whether colours are wanted, where there is a terminal. */
export const wantsColours = (): boolean =>
  process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb'

export class Terminal {
  readonly colours: Styles = makeStyles(wantsColours() && isTerminal('stdout'))

  /** A person looks at it, and can be asked. */
  get isInteractive(): boolean {
    return this.isTerminal && process.stdin.isTTY
  }

  get isTerminal(): boolean {
    return isTerminal('stdout')
  }

  /** Text of any number of lines that is the tool's own. */
  write(text: string): void {
    print(text)
  }

  /** One line; a line break in it is shown, and begins none. */
  line(text = ''): void {
    print(`${shownLine(text)}\n`)
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.line(text)
  }

  /** What is no result: progress, warnings. A line each. */
  note(...texts: readonly string[]): void {
    for (const text of texts) printError(`${shownLine(text)}\n`)
  }

  /** The whole result, for `--json`: a reader of it gets every character, and a terminal none that steers it. */
  json(value: unknown): void {
    this.jsonWithSecrets(withoutSecrets(value))
  }

  /** As `json`, for a result whose passwords are what it is asked for. */
  jsonWithSecrets(value: unknown): void {
    rawStream('stdout').write(`${jsonText(value, 2)}\n`)
  }

  /** One value as a line of JSON. */
  jsonLine(value: unknown): void {
    rawStream('stdout').write(`${jsonText(withoutSecrets(value))}\n`)
  }

  /** A result as it is, with its passwords; it must be known to be fit for a terminal. */
  textWithSecrets(text: string): void {
    rawStream('stdout').write(text)
  }

  /** From now on `draw` does not touch what is on the screen, until `endDrawing`. */
  beginDrawing(): void {
    if (this.isTerminal) rawStream('stdout').write(CONTROL.otherScreen)
  }

  endDrawing(): void {
    if (this.isTerminal) rawStream('stdout').write(CONTROL.firstScreen)
  }

  /** Lines over what was drawn before, with no rest of it left; in a pipe, below it. */
  draw(texts: readonly string[]): void {
    if (!this.isTerminal) {
      this.lines(texts)
      return
    }
    const stream = rawStream('stdout')
    stream.write(CONTROL.home)
    for (const text of texts) {
      print(shownLine(text))
      stream.write(`${CONTROL.clearLine}\n`)
    }
    stream.write(CONTROL.clearBelow)
  }

  /** Columns without lines between them; the first row is the head. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[] {
    const nothing = Object.fromEntries(
      ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
        ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
      ),
    )
    const table = new Table({
      head: head.map((title) => this.colours.dim(title)),
      chars: { ...nothing, middle: '  ' },
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    })
    // Before their width is taken.
    for (const row of rows)
      table.push(row.map((cell) => (cell === undefined || cell === '' ? '-' : shownLine(String(cell)))))
    return table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
  }
}
