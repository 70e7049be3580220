/** What a node whose data may not fit the cluster's has, compared with the primary. */
import { type ControlData, type Timeline } from '../../lib/postgres/control-data'
import { type Lsn, writeLsn } from '../../lib/postgres/lsn'
import { type Upstream } from '../../lib/postgres/upstream'
import { describeMissing, type MissingWal } from './describe-missing'

/** Where the data of a stopped server and the primary's part. */
export type Fork =
  /** The primary came from this timeline, and left it at `end`. */
  | { readonly kind: 'left'; readonly end: Lsn }
  /** The primary is on this timeline itself. */
  | { readonly kind: 'shared' }
  /** The primary was never on this timeline. */
  | { readonly kind: 'unknown timeline' }
  | { readonly kind: 'another database' }

export function findFork(
  mine: Pick<ControlData, 'systemIdentifier' | 'timeline'>,
  primary: Pick<Upstream, 'systemIdentifier' | 'timeline' | 'history'>,
): Fork {
  if (mine.systemIdentifier !== primary.systemIdentifier) return { kind: 'another database' }
  if (mine.timeline === primary.timeline) return { kind: 'shared' }
  const left = primary.history.find(({ timeline }) => timeline === mine.timeline)
  return left ? { kind: 'left', end: left.end } : { kind: 'unknown timeline' }
}

/** What would be given up if this node followed the primary. */
export type Loss =
  | { readonly kind: 'nothing' }
  /** The WAL of `timeline` from `fork` on. */
  | {
      readonly kind: 'diverged'
      readonly timeline: Timeline
      readonly fork: Lsn
      readonly bytes: number | undefined
    }
  /** The primary is on it too: nothing shows whether both wrote the same. */
  | { readonly kind: 'same timeline'; readonly timeline: Timeline }
  | { readonly kind: 'unknown timeline'; readonly timeline: Timeline; readonly primaryTimeline: Timeline }
  | { readonly kind: 'another database' }
  /** Nothing, but the node cannot follow all the same. */
  | MissingWal

/** What this node has that the primary has not; nothing where there is nothing of the kind. */
export function whatIsLost(loss: Loss): string | undefined {
  switch (loss.kind) {
    case 'nothing':
      return undefined
    case 'diverged': {
      const bytes = loss.bytes === undefined ? 'the WAL' : `${loss.bytes} bytes of WAL`
      return `the primary lacks ${bytes} after ${writeLsn(loss.fork)} (timeline ${loss.timeline}) of this node`
    }
    case 'same timeline':
      return `was primary on timeline ${loss.timeline}, as the primary is now, and may have diverged`
    case 'unknown timeline':
      return `is on timeline ${loss.timeline}, which the primary (on ${loss.primaryTimeline}) does not come from`
    case 'wal removed':
      return describeMissing(loss)
    case 'another database':
      return 'pgdata holds another database than the primary (system identifiers differ)'
  }
}

/** What keeps a node from following the primary, and what fixes it. */
export function describeLoss(
  loss: Exclude<Loss, { readonly kind: 'nothing' }>,
  site: { readonly masterIp: string; readonly lock: string | undefined; readonly resource: string },
): { readonly reason: string; readonly detail: string } {
  const backup = 'take a base backup'
  const detail = [
    `pg_basebackup -h ${site.masterIp} into an empty directory in place of pgdata`,
    ...(site.lock === undefined ? [] : [`rm ${site.lock}`]),
    `crm resource cleanup ${site.resource}`,
  ].join(', then ')
  return { reason: `${whatIsLost(loss)}: ${backup}`, detail }
}
