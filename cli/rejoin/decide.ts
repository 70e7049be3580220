/** How a node that stays out may come back. */
import { type RejoinMethod } from '../../agents/pgsql/rejoin-note'
import { hard, type Problem } from '../act/refuse'
import { type Standing } from './own-side'

export type Way =
  /** Nothing to be given up: it only has to be let in. */
  | { readonly kind: 'let in' }
  /** It is being done already. */
  | { readonly kind: 'follow'; readonly method: RejoinMethod }
  | { readonly kind: 'copy'; readonly method: RejoinMethod; readonly given: string }
  | { readonly kind: 'refuse'; readonly problem: Problem }

export interface WayFacts {
  readonly node: string
  readonly standing: Standing
  /** `--method`. */
  readonly wanted: RejoinMethod | undefined
  /** The parameter `rejoin` of the resource. */
  readonly configured: string | undefined
  /** `pgsql-data-status` of a standby that runs. */
  readonly dataStatus: string | null
}

/** A standby that runs has found that no waiting helps. */
const PROVEN = /^DISCONNECT\|(?:FORKED|WAL_REMOVED|OTHER_DATABASE)$/

const refuse = (text: string): Way => ({ kind: 'refuse', problem: hard(text) })

/** Why pg_rewind would not do. */
function whyNoRewind({ standing }: WayFacts): string | undefined {
  const { loss, rewindable, rewinding } = standing
  if (rewinding === 'not repeatable') return 'pg_rewind was cut off, and cannot be repeated'
  if (rewinding === 'repeatable') return undefined
  if (loss === 'same timeline') return 'pg_rewind does nothing within one timeline'
  if (loss === 'wal removed') return 'pg_rewind brings no WAL that the primary has removed'
  if (loss === 'another database') return 'pg_rewind cannot make one database another'
  return rewindable === true
    ? undefined
    : 'pg_rewind needs data checksums or wal_log_hints=on, which this data has not'
}

function whatIsGiven({ standing, dataStatus }: WayFacts): string | undefined {
  if (standing.rewinding !== null) return 'the data is not whole: pg_rewind was cut off'
  if (standing.running) return `it runs, and cannot follow the primary (${dataStatus ?? 'not known why'})`
  return standing.lost ?? undefined
}

export function decideWay(facts: WayFacts): Way {
  const { node, standing, wanted, configured } = facts
  if (standing.note?.state === 'running') return { kind: 'follow', method: standing.note.method }
  if (standing.running && wanted === undefined && !PROVEN.test(facts.dataStatus ?? '')) {
    return refuse(
      `${node} runs, and nothing says that its data does not fit (${facts.dataStatus ?? 'not said'}): fix what keeps it from the primary, and it follows by itself (--method replaces its data all the same)`,
    )
  }
  if (standing.unknown !== null && wanted !== 'basebackup') {
    return refuse(
      `the data of ${node} cannot be compared with the primary's: ${standing.unknown} (--method basebackup gives it up all the same)`,
    )
  }
  const given =
    standing.unknown === null
      ? whatIsGiven(facts)
      : `what would be discarded is not known: ${standing.unknown}`
  if (given === undefined) return { kind: 'let in' }
  const whyNot = whyNoRewind(facts)
  if (wanted === 'rewind' && whyNot !== undefined) return refuse(`${node}: ${whyNot}: --method basebackup`)
  if (standing.loss === 'another database' && wanted === undefined) {
    return refuse(`${node}: ${given}: --method basebackup replaces it`)
  }
  const preferred = configured === 'basebackup' ? 'basebackup' : 'rewind'
  const method = wanted ?? (whyNot === undefined ? preferred : 'basebackup')
  return { kind: 'copy', method, given }
}
