/** Where timelines fork (PostgreSQL manual, "Timelines"). */
import { readOwned } from '../system/owned-files'
import { type Timeline } from './control-data'
import { type Instance } from './instance'
import { type Lsn, readLsn } from './lsn'
import { walDirectory } from './wal-segments'

/** A timeline that was left, and the position up to which it was followed. */
export interface Fork {
  readonly timeline: Timeline
  readonly end: Lsn
}

/**
 * Reads a history file: one line for each timeline before this one. What is neither such a line nor a comment counts
 * as damage.
 *
 * @returns nothing when it cannot be read
 */
export function readTimelineHistory(text: string): readonly Fork[] | undefined {
  const forks: Fork[] = []
  for (const line of text.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, timeline, position] = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)(?:\s|$)/.exec(line) ?? []
    const end = readLsn(position)
    if (timeline === undefined || end === undefined) return undefined
    forks.push({ timeline: Number(timeline), end })
  }
  return forks
}

/** The file that PostgreSQL writes when a timeline begins; there is none of the first. */
export function historyFile(instance: Instance, timeline: Timeline): string {
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`
  return `${walDirectory(instance)}/${name}`
}

/** The timelines that one of a server comes from, as its own history file has them; none where there is no such file. */
export function ancestors(instance: Instance, timeline: Timeline | undefined): readonly Timeline[] {
  if (timeline === undefined) return []
  const text = readOwned(instance.owner, historyFile(instance, timeline))
  return (readTimelineHistory(text ?? '') ?? []).map((fork) => fork.timeline)
}
