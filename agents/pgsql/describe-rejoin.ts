/** A rejoin in the operator's words. */
import { type Rejoin, type RejoinMethod } from './rejoin-note'

const NAMES: Record<RejoinMethod, string> = { rewind: 'pg_rewind', basebackup: 'base backup' }

/** The time of day, as crm_mon writes it. */
function clock(iso: string): string {
  const date = new Date(iso)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}

/** Where a rejoin is that has not ended in time. */
export function describeRunning({
  method,
  phase,
  startedAt,
}: Pick<Rejoin, 'method' | 'phase' | 'startedAt'>): string {
  return `rejoins as a standby by ${NAMES[method]} (${phase}, started ${clock(startedAt)}): goes on by itself, and is started then`
}

/** What a rejoin that has ended without success has left to say. */
export function describeFailed({ state, reason, method, phase, attempts }: Rejoin): string {
  const times = attempts > 1 ? ` (attempt ${attempts})` : ''
  return state === 'cut off'
    ? `the rejoin by ${NAMES[method]} was killed${times} (${phase}): crm resource cleanup starts it again`
    : `${NAMES[method]} failed${times}: ${reason ?? 'see the log'}`
}
