/** How long nothing was acknowledged. */

export interface Outage {
  readonly ms: number
  readonly fromMs: number
  readonly toMs: number
  /** A row was acknowledged at its end; otherwise writes had not come back when the drill ended. */
  readonly ended: boolean
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The longest time without an acknowledgement, of those that have something to do with a span of time.
 *
 * @param acknowledgedMs - when rows were acknowledged, in order
 * @param endMs - when the writer ended: what it waited for until then counts too
 * @returns nothing where no row was ever acknowledged before the span's end
 */
export function findOutage(acknowledgedMs: readonly number[], endMs: number, span: Span): Outage | null {
  let longest: Outage | null = null
  acknowledgedMs.forEach((fromMs, index) => {
    const next = acknowledgedMs[index + 1]
    const toMs = next ?? Math.max(endMs, fromMs)
    const concerned = toMs >= span.fromMs && fromMs <= span.toMs
    if (!concerned || toMs - fromMs <= (longest?.ms ?? 0)) return
    longest = { ms: toMs - fromMs, fromMs, toMs, ended: next !== undefined }
  })
  return longest
}
