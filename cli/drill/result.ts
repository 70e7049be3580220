/** What came of a drill: what `--json` prints, and what the report is made of. */
import { type Kind } from './kinds'
import { type Outage } from './outage'

export type EventKind =
  | 'fault'
  /** The cluster sees that the old primary is not any more. */
  | 'lost'
  | 'promoted'
  /** The writers' address. */
  | 'moved'
  /** The first row that was acknowledged after the outage. */
  | 'write'
  /** What the drill had changed in the cluster was taken back. */
  | 'undone'
  | 'cleanup'
  /** An action failed. */
  | 'failed'
  /** The old primary runs again. */
  | 'running'
  /** The old primary is a standby that may take over. */
  | 'back'

export interface DrillEvent {
  /** Milliseconds since the first row was written. */
  readonly atMs: number
  readonly kind: EventKind
  /** A few words, for the chart. */
  readonly label: string
  /** One sentence. */
  readonly text: string
}

/** How the old primary came back. */
export type ReturnHow =
  | 'by itself'
  /** The failure that the drill had made was cleaned up, as an operator would. */
  | 'after a cleanup'
  | 'not'
  /** It was primary again before another node could be. */
  | 'recovered in place'
  | 'not waited for'

export interface DrillReturn {
  readonly how: ReturnHow
  /** From the fault until it was a standby that may take over, in milliseconds. */
  readonly afterMs: number | null
  /** Why it is not back, and what it needs. */
  readonly reason: string | null
}

export interface MemberRoles {
  readonly node: string
  readonly before: string
  readonly after: string
}

export interface DrillWrites {
  /** Times of all acknowledgements, in milliseconds since the first row was written. */
  readonly acknowledgedMs: readonly number[]
  readonly acknowledged: number
  /** Rows that were acknowledged and are not in the new primary. */
  readonly lost: readonly number[]
  /** The rows have been looked for. */
  readonly checked: boolean
  /** Rows whose insert ended without an answer, and that are there. */
  readonly unanswered: number
  /** What the writer met, and how often. */
  readonly errors: Readonly<Record<string, number>>
}

export interface DrillResult {
  readonly kind: Kind
  readonly resource: string
  readonly agent: string
  readonly mode: string | null
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  readonly oldPrimary: string
  readonly newPrimary: string | null
  readonly members: readonly MemberRoles[]
  /** Rows a second that were tried. */
  readonly rate: number
  readonly parameters: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  readonly faultMs: number | null
  readonly events: readonly DrillEvent[]
  readonly writes: DrillWrites
  readonly outage: Outage | null
  /** The longest time without an acknowledgement after that. */
  readonly laterPause: Outage | null
  readonly return: DrillReturn
  /** What the drill did, in order. */
  readonly did: readonly string[]
  /** What is wrong at the end; nothing where all is well. */
  readonly problems: readonly string[]
}

/** `1.24 s`, `2 min 5 s`. */
export function describeMs(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** The sentence that says how it went. */
export function verdictOf({ problems, outage, writes, newPrimary, oldPrimary }: DrillResult): string {
  if (problems.length > 0) return problems[0] ?? ''
  const who = newPrimary === oldPrimary ? `${oldPrimary} recovered` : `${newPrimary ?? 'nobody'} took over`
  const rows = `all ${writes.acknowledged} acknowledged rows are there`
  return `${who}; writes stood still for ${outage === null ? '?' : describeMs(outage.ms)}; ${rows}`
}
