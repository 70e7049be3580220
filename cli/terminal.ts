/** Where a command's words go: pretty in a terminal, plain in a pipe. */
import Table from 'cli-table3'
import pico from 'picocolors'

type Colours = ReturnType<typeof pico.createColors>

/** A cell of a table; nothing is shown as `-`. */
export type Cell = string | number | undefined

export class Terminal {
  readonly colours: Colours

  constructor(
    private readonly stdout: NodeJS.WriteStream = process.stdout,
    private readonly stderr: NodeJS.WriteStream = process.stderr,
  ) {
    const wanted = process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb'
    // In a pipe isTTY is not even there, and undefined would leave it to picocolors, which wants colours under CI.
    this.colours = pico.createColors(stdout.isTTY ? wanted : false)
  }

  /** A person looks at it, and can be asked. */
  get isInteractive(): boolean {
    return this.stdout.isTTY && process.stdin.isTTY
  }

  get isTerminal(): boolean {
    return this.stdout.isTTY
  }

  /** As it is: for who moves the cursor. */
  write(text: string): void {
    this.stdout.write(text)
  }

  line(text = ''): void {
    this.stdout.write(`${text}\n`)
  }

  /** What is no result: progress, warnings. */
  note(text: string): void {
    this.stderr.write(`${text}\n`)
  }

  /** The whole result, for `--json`. */
  json(value: unknown): void {
    this.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
  }

  /** Columns without lines between them; the first row is the head. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
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
    for (const row of rows)
      table.push(row.map((cell) => (cell === undefined || cell === '' ? '-' : String(cell))))
    return table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
  }
}
