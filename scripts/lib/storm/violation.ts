/** What must not be, and was. */
export interface Violation {
  readonly kind: 'lost rows' | 'two primaries' | 'not healthy' | 'no primary' | 'blocked' | 'a person'
  /** The fault after which it was found. */
  readonly index: number
  readonly text: string
  readonly details: readonly string[]
  /** The time that shows how it came, on the monotonic clock. */
  readonly fromMs: number
  readonly toMs: number
}
