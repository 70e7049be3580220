/** The end of a server's WAL after a clean shutdown, and whether somebody else has all of it. */
import { type ControlData, type Timeline } from './control-data'
import { type Lsn, readLsn, writeLsn } from './lsn'

export interface Shutdown {
  readonly timeline: Timeline
  /** Where its last record, the shutdown checkpoint, begins. */
  readonly checkpoint: Lsn
  /** Size of a page of the WAL, in bytes. */
  readonly walBlockSize: number
}

/** What the control data of a server that does not run says of its shutdown; nothing unless it was a clean one of a primary. */
export function cleanShutdown(data: ControlData): Shutdown | undefined {
  const { state, timeline, checkpoint, walBlockSize } = data
  return state === 'shut down' ? { timeline, checkpoint, walBlockSize } : undefined
}

/**
 * Whether a standby that has received the WAL up to `position` has the whole of what was written until that shutdown.
 *
 * A position is the end of a record, or the end of a page when the page was sent before its last record was
 * complete. After the beginning of the last record, and not at the end of a page, it can only be that record's end. (A
 * record that happens to end with its page is taken for one that may go on: the answer is then no, which is the safe
 * one.)
 */
export function hasReceived({ checkpoint, walBlockSize }: Shutdown, position: Lsn): boolean {
  return position > checkpoint && Number(BigInt(`0x${position}`) % BigInt(walBlockSize)) !== 0
}

export function writeShutdown(shutdown: Shutdown): string {
  return `${JSON.stringify({ ...shutdown, checkpoint: writeLsn(shutdown.checkpoint) })}\n`
}

/** Reads what `writeShutdown` wrote; nothing for anything else. */
export function readShutdown(text: string): Shutdown | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { timeline, checkpoint, walBlockSize } = (value ?? {}) as Partial<Record<keyof Shutdown, unknown>>
  const position = typeof checkpoint === 'string' ? readLsn(checkpoint) : undefined
  const whole = (number: unknown): number is number => Number.isSafeInteger(number) && Number(number) > 0
  return position !== undefined && whole(timeline) && whole(walBlockSize)
    ? { timeline, checkpoint: position, walBlockSize }
    : undefined
}
