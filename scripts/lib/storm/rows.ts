/** Acknowledged rows, and whether a database has them. */

/** Where a writer is: a client of the address, or a node's own. */
export interface AcknowledgedRow {
  /** Who wrote it, e.g. `outside.1` or `node2.3`. */
  readonly writer: string
  readonly id: number
  /** Just before it was sent, and just after its acknowledgement was read, on the machine's monotonic clock. */
  readonly beganMs: number
  readonly endedMs: number
  /** The node whose server acknowledged it, and on which timeline. */
  readonly server: string
  readonly timeline: number
}

/** One line of a writer's book: `ID BEGAN ENDED SERVER TIMELINE`. */
export function parseRow(writer: string, line: string): AcknowledgedRow {
  const [id, began, ended, server = '', timeline] = line.split(' ')
  return {
    writer,
    id: Number(id),
    beganMs: Number(began),
    endedMs: Number(ended),
    server,
    timeline: Number(timeline),
  }
}

export const isOutside = ({ writer }: AcknowledgedRow): boolean => writer.startsWith('outside.')

/** Ranges of ids by writer, ascending: what a database has. */
export type Present = ReadonlyMap<string, readonly (readonly [low: number, high: number])[]>

/** Reads lines of `WRITER|{[1,5),[7,9)}`, as psql prints a multirange; the upper bound is not part of a range. */
export function parsePresent(text: string): Present {
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [writer = '', ranges = ''] = line.split('|')
        const found = [...ranges.matchAll(/\[(\d+),(\d+)\)/g)]
        return [writer, found.map(([, low, end]) => [Number(low), Number(end) - 1] as const)]
      }),
  )
}

/** The rows that were acknowledged and are not there. */
export function missingRows(rows: readonly AcknowledgedRow[], present: Present): readonly AcknowledgedRow[] {
  return rows.filter(({ writer, id }) => !isIn(present.get(writer) ?? [], id))
}

function isIn(ranges: readonly (readonly [number, number])[], id: number): boolean {
  let [low, high] = [0, ranges.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const [from, to] = ranges[middle] ?? [Infinity, -Infinity]
    if (id < from) high = middle - 1
    else if (id > to) low = middle + 1
    else return true
  }
  return false
}
