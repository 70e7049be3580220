/** Round numbers for a chart: how wide a bucket is, where the ticks are. */

const BUCKETS_MS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000]
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]

export interface Bucket {
  readonly fromMs: number
  readonly toMs: number
  /** Acknowledged rows a second. */
  readonly perSecond: number
}

/**
 * A bucket is as short as its rows allow: it should hold some, and there should not be more of them than can be seen.
 *
 * @param rate - rows a second that the writer tries
 */
export function bucketWidth(spanMs: number, rate: number): number {
  const least = Math.max(spanMs / 150, 4000 / rate)
  return BUCKETS_MS.find((width) => width >= least) ?? 3_600_000
}

/**
 * Counts acknowledgements into buckets that are aligned with `zeroMs`.
 *
 * @param window - what is shown; a bucket that reaches beyond it is cut off there, and its rate is that of the rest
 */
export function fillBuckets(
  acknowledgedMs: readonly number[],
  window: { readonly fromMs: number; readonly toMs: number },
  widthMs: number,
  zeroMs: number,
): readonly Bucket[] {
  const first = Math.floor((window.fromMs - zeroMs) / widthMs)
  const last = Math.ceil((window.toMs - zeroMs) / widthMs) - 1
  const counts = new Map<number, number>()
  for (const atMs of acknowledgedMs) {
    if (atMs < window.fromMs || atMs >= window.toMs) continue
    const index = Math.floor((atMs - zeroMs) / widthMs)
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => {
    const index = first + offset
    const fromMs = Math.max(window.fromMs, zeroMs + index * widthMs)
    const toMs = Math.min(window.toMs, zeroMs + (index + 1) * widthMs)
    return { fromMs, toMs, perSecond: ((counts.get(index) ?? 0) * 1000) / (toMs - fromMs) }
  })
}

/** Ticks in seconds around zero, about as many as fit. */
export function secondTicks(fromS: number, toS: number, most: number): readonly number[] {
  const step = STEPS_S.find((one) => (toS - fromS) / one <= most) ?? (toS - fromS) / most
  const first = Math.ceil(fromS / step - 1e-9)
  const last = Math.floor(toS / step + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(((first + index) * step).toFixed(6)),
  )
}

/** Ticks from 0 to a round number that is not less than `highest`. */
export function countTicks(highest: number): readonly number[] {
  const wanted = Math.max(highest, 1) / 4
  const magnitude = 10 ** Math.floor(Math.log10(wanted))
  const step = ([1, 2, 5, 10].find((factor) => factor * magnitude >= wanted) ?? 10) * magnitude
  const steps = Math.ceil(Math.max(highest, 1) / step - 1e-9)
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toFixed(6)))
}
