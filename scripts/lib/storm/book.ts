/** The books of all writers, read as they grow. */
import { closeSync, openSync, readSync } from 'node:fs'
import { type AcknowledgedRow, isOutside, parseRow } from './rows'

interface Source {
  readonly writer: string
  readonly fd: number
  /** A line that is being written. */
  rest: string
}

export class Book {
  /** Every row so far, in the order of reading: a writer's own are in their order. */
  readonly rows: AcknowledgedRow[] = []
  /** Those that came through the address. */
  readonly outside: AcknowledgedRow[] = []
  private readonly sources: Source[] = []

  add(writer: string, path: string): void {
    this.sources.push({ writer, fd: openSync(path, 'r'), rest: '' })
  }

  /** Reads what was written since. */
  read(): void {
    const buffer = Buffer.alloc(1 << 16)
    for (const source of this.sources) {
      for (;;) {
        const length = readSync(source.fd, buffer)
        if (length === 0) break
        const lines = (source.rest + buffer.toString('latin1', 0, length)).split('\n')
        source.rest = lines.pop() ?? ''
        for (const line of lines) this.keep(parseRow(source.writer, line))
      }
    }
  }

  close(): void {
    for (const { fd } of this.sources) closeSync(fd)
    this.sources.length = 0
  }

  private keep(row: AcknowledgedRow): void {
    this.rows.push(row)
    if (isOutside(row)) this.outside.push(row)
  }
}
