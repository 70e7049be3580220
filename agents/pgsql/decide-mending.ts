/** Whether the data of a node that is about to start has to be made a copy of the primary's first, and may be. */
import { describeLoss, type Loss } from './decide-rejoin'
import { describeFailed } from './describe-rejoin'
import { type Rejoin, type RejoinMethod } from './rejoin-note'

export interface MendingFacts {
  /** How that may be done where something would be given up; nothing where it may not. */
  readonly heals: RejoinMethod | undefined
  /** The last rejoin, unless the server has been started since. */
  readonly rejoin: Rejoin | undefined
  /** The file in which that is noted. */
  readonly rejoinFile: string
  /** It was done by this same start. */
  readonly rejoined: boolean
  /** pg_rewind was cut off: until it is done again, the data is not whole. */
  readonly rewinding: { readonly repeatable: boolean; readonly because: string } | undefined
  /** The data has checksums, or wal_log_hints was on; nothing where that was not asked. */
  readonly rewindable: boolean | undefined
  /** The lock file's path, when it is there. */
  readonly lock: string | undefined
  /** The node that is the primary now. */
  readonly primary: string | undefined
  /** What would be given up by following the primary; an error's message where that could not be found out. */
  readonly loss: Loss | string | undefined
  readonly masterIp: string
  readonly resource: string
}

/** How often a rejoin is begun that fails again and again. */
export const ATTEMPTS = 3

/** What crm_mon shows of a reason. */
const REASON_MAX = 127

/** Why it is refused. */
interface Refusal {
  readonly reason: string
  readonly detail?: string
}

/** Why a loss cannot be mended by the method that is allowed; nothing where it can. */
function obstacle(loss: Loss, { heals, rewindable }: MendingFacts): string | undefined {
  if (heals !== 'rewind') return undefined
  if (loss.kind === 'same timeline') return 'pg_rewind does nothing within one timeline'
  if (loss.kind === 'wal removed') return 'pg_rewind brings no WAL that the primary has removed'
  return rewindable === false
    ? 'pg_rewind needs data checksums or wal_log_hints=on, which this data has not: take a base backup'
    : undefined
}

function begin({ rejoin, rejoinFile, heals, resource }: MendingFacts): 'rejoin' | Refusal {
  if (rejoin?.state === 'failed' && rejoin.method === heals && !rejoin.told) {
    return {
      reason: describeFailed(rejoin).slice(0, REASON_MAX),
      detail: `crm resource cleanup ${resource} starts it again`,
    }
  }
  if (!rejoin || rejoin.state === 'done' || rejoin.method !== heals || rejoin.attempts < ATTEMPTS)
    return 'rejoin'
  return {
    reason: `stopped after ${rejoin.attempts} attempts: ${describeFailed(rejoin)}`.slice(0, REASON_MAX),
    detail: `fix that, then rm ${rejoinFile}, then crm resource cleanup ${resource}`,
  }
}

/** Nothing where the data can be started as it is, as far as this goes. */
export function decideMending(facts: MendingFacts): 'rejoin' | Refusal | undefined {
  const { heals, rejoined, rewinding, primary, loss, resource } = facts
  if (rewinding) {
    const what = 'pg_rewind was cut off, the data is not whole'
    const { detail } = describeLoss({ kind: 'another database' }, facts)
    if (heals === undefined)
      return { reason: `${what}: set rejoin=basebackup, or take a base backup`, detail }
    if (heals === 'rewind' && !rewinding.repeatable) {
      return {
        reason: `${what}, and pg_rewind cannot be repeated: set rejoin=basebackup`,
        detail: `${rewinding.because}; or ${detail}`,
      }
    }
    if (primary !== undefined) return begin(facts)
    return {
      reason: `${what}, with no primary to copy: get one promoted, then crm resource cleanup ${resource}`,
    }
  }
  if (typeof loss !== 'object' || loss.kind === 'nothing') return undefined
  const refusal = describeLoss(loss, facts)
  if (heals === undefined || rejoined || loss.kind === 'another database') return refusal
  const why = obstacle(loss, facts)
  if (why === undefined) return begin(facts)
  return loss.kind === 'same timeline' || loss.kind === 'wal removed'
    ? { ...refusal, detail: `${why}; ${refusal.detail}` }
    : { reason: why, detail: `${refusal.reason}; ${refusal.detail}` }
}
