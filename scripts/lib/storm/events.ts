/** What the storm itself did, and saw, and when. */
import { monotonicMs } from '../../../test/cluster/lab'

export interface Event {
  /** On the machine's monotonic clock, as in the writers' books. */
  readonly atMs: number
  readonly text: string
}

export class Events {
  readonly list: Event[] = []

  add(text: string): void {
    this.list.push({ atMs: monotonicMs(), text })
  }
}

/** The time of day, in milliseconds since 1970, of a moment on the monotonic clock; both tick alike here. */
export function timeOfDay(atMs: number): number {
  return Date.now() - monotonicMs() + atMs
}
