/** How far a standby is behind, as the cluster is told. */

/** Up to this much WAL, in bytes, is always under way while the primary writes. */
const NOTHING = 1024 * 1024

/**
 * The value of the attribute: 0, or the lag rounded up to a power of two, so that it is seldom written: every change is
 * one of the CIB, and has pacemaker calculate again. It follows a growing lag at once (a rule `gt 16777216` holds as
 * soon as the lag is more than that, for powers of two), and a falling one only when that is a fourth of it or less.
 *
 * @param bytes - the lag now
 * @param shown - the value so far
 */
export function shownLag(bytes: number, shown: number | undefined): number {
  const rounded = bytes <= NOTHING ? 0 : 2 ** Math.ceil(Math.log2(bytes))
  if (shown === undefined || rounded > shown) return rounded
  return bytes <= Math.max(shown / 4, NOTHING / 2) ? rounded : shown
}

/**
 * Whether a standby lacks more than max_lag of what the primary has on disk. One that did counts until it lacks half of
 * that or less.
 *
 * @param bytes - nothing where it is not known
 * @param max - in bytes; 0 for no limit
 */
export function isBehind(bytes: number | undefined, wasBehind: boolean, max: number): boolean {
  if (max <= 0) return false
  return bytes === undefined ? wasBehind : bytes > (wasBehind ? max / 2 : max)
}
