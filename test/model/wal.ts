/** Write-ahead logs as chains of records that share what they have in common. */
import { type Lsn } from '../../lib/postgres/lsn'
import { type Fork } from '../../lib/postgres/timeline-history'

export interface WalRecord {
  readonly timeline: number
  /** The position at its end, counted in records. */
  readonly lsn: number
  /** A client waits for it; the others are PostgreSQL's own: a promotion, a checkpoint. */
  readonly commit: boolean
  readonly previous: WalRecord | undefined
}

/** What all nodes have when a run begins. */
export const ORIGIN: WalRecord = { timeline: 1, lsn: 1, commit: false, previous: undefined }

export function append(tip: WalRecord, timeline: number, commit: boolean): WalRecord {
  return { timeline, lsn: tip.lsn + 1, commit, previous: tip }
}

/** The record of a log at a position that it reaches. */
export function recordAt(tip: WalRecord, lsn: number): WalRecord | undefined {
  let at: WalRecord | undefined = tip
  while (at !== undefined && at.lsn > lsn) at = at.previous
  return at
}

/** Whether a log contains the record, and with it all before it. */
export function holds(tip: WalRecord, record: WalRecord): boolean {
  return recordAt(tip, record.lsn) === record
}

/** The timelines before the last one, and where each was left. */
export function historyOf(tip: WalRecord): readonly Fork[] {
  const forks: Fork[] = []
  let next = tip
  for (let at = tip.previous; at !== undefined; at = at.previous) {
    if (at.timeline !== next.timeline) forks.unshift({ timeline: at.timeline, end: lsnText(at.lsn) })
    next = at
  }
  return forks
}

const texts: Lsn[] = []

/** A position as the agents see it. */
export function lsnText(lsn: number): Lsn {
  return (texts[lsn] ??= lsn.toString(16).toUpperCase().padStart(16, '0'))
}
