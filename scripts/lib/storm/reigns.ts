/**
 * Who was the primary when, as the acknowledged rows prove it: two servers that both acknowledged in one time are two
 * primaries.
 *
 * A row's acknowledgement was given at some moment between its sending and the reading of the answer: a writer that
 * slept reads late what was said early. So a reign (one server on one timeline) is certain only from the first row that
 * was read until the last row that was sent, and two reigns are said to overlap only where a row of one was sent and
 * read, from beginning to end, within what is certain of the other. What cannot be proved in this way is not said; a
 * primary that acknowledged too late without this proof shows as lost rows.
 */
import { type AcknowledgedRow } from './rows'

export interface Reign {
  readonly server: string
  readonly timeline: number
  readonly rows: readonly AcknowledgedRow[]
  /** When it had certainly started, and when it certainly had not ended. */
  readonly fromMs: number
  readonly toMs: number
  /** When it may have started, and when it may have ended. */
  readonly earliestMs: number
  readonly latestMs: number
}

export interface Overlap {
  readonly one: Reign
  readonly other: Reign
  /** The rows of one of them that were acknowledged within the other's reign. */
  readonly rows: readonly AcknowledgedRow[]
}

/** In the order in which they began. */
export function reigns(rows: readonly AcknowledgedRow[]): readonly Reign[] {
  const byServer = new Map<string, AcknowledgedRow[]>()
  for (const row of rows) {
    const key = `${row.server} ${row.timeline}`
    const found = byServer.get(key)
    if (found) found.push(row)
    else byServer.set(key, [row])
  }
  return [...byServer.values()]
    .map((own) => ({
      server: own[0]?.server ?? '',
      timeline: own[0]?.timeline ?? 0,
      rows: own,
      fromMs: own.reduce((least, { endedMs }) => Math.min(least, endedMs), Infinity),
      toMs: own.reduce((most, { beganMs }) => Math.max(most, beganMs), -Infinity),
      earliestMs: own.reduce((least, { beganMs }) => Math.min(least, beganMs), Infinity),
      latestMs: own.reduce((most, { endedMs }) => Math.max(most, endedMs), -Infinity),
    }))
    .sort((a, b) => a.fromMs - b.fromMs)
}

export function overlaps(all: readonly Reign[]): readonly Overlap[] {
  return all.flatMap((one, index) =>
    all.slice(index + 1).flatMap((other) => {
      if (one.server === other.server) return []
      if (one.latestMs < other.earliestMs || other.latestMs < one.earliestMs) return []
      const rows = [...within(one, other), ...within(other, one)]
      return rows.length > 0 ? [{ one, other, rows }] : []
    }),
  )
}

const within = ({ rows }: Reign, { fromMs, toMs }: Reign): readonly AcknowledgedRow[] =>
  rows.filter(({ beganMs, endedMs }) => beganMs >= fromMs && endedMs <= toMs)

/** The longest time within a window in which none of these rows was acknowledged. */
export function longestSilence(
  rows: readonly AcknowledgedRow[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number {
  let longest = 0
  let last = fromMs
  for (const { endedMs } of rows) {
    if (endedMs < fromMs || endedMs > toMs) {
      continue
    }
    longest = Math.max(longest, endedMs - last)
    last = endedMs
  }
  return Math.max(longest, toMs - last)
}
