/** What is to be done about an old primary that is not back yet. */
import { type ClusterStatus } from '../../lib/cluster/status'
import { sameNode } from '../../lib/cluster/snapshot'
import { describeFailedAction, isBack, type Subject } from './sights'

export interface ReturnFacts {
  readonly status: ClusterStatus
  readonly subject: Subject
  /** The cluster forgets failures by itself (`failure-timeout`). */
  readonly forgets: boolean
  /** How often the drill has cleaned up. */
  readonly cleanups: number
  /** Milliseconds since the last cleanup; there may have been none. */
  readonly sinceCleanupMs: number
}

export type ReturnStep =
  | { readonly step: 'done' }
  | { readonly step: 'wait' }
  /** The failure that the drill has made keeps it out: an operator would clean it up. */
  | { readonly step: 'clean up' }
  /** It will not come back without a person. */
  | { readonly step: 'give up'; readonly reason: string }

/** A rejoin that goes on in the background fails one start, and needs another when it is done. */
const CLEANUPS = 3
/** What a cleanup brings about is not judged before. */
const SETTLE_MS = 10_000

export function nextStep({ status, subject, forgets, cleanups, sinceCleanupMs }: ReturnFacts): ReturnStep {
  const { resource, oldPrimary } = subject
  if (isBack(status, subject)) return { step: 'done' }
  const failures = status.failures.filter(
    (failure) => failure.resource === resource && sameNode(failure.node, oldPrimary),
  )
  const online = status.online.some((name) => sameNode(name, oldPrimary))
  const isStopped = status.role(resource, oldPrimary) === 'Stopped'
  const [failure] = failures
  if (!online || !isStopped || failure === undefined || forgets) return { step: 'wait' }
  if (cleanups === 0) return { step: 'clean up' }
  if (sinceCleanupMs < SETTLE_MS) return { step: 'wait' }
  const goesOn = failures.some(({ exitReason }) => exitReason.includes('goes on by itself'))
  if (goesOn && cleanups < CLEANUPS) return { step: 'clean up' }
  const last = failures.at(-1) ?? failure
  return { step: 'give up', reason: describeFailedAction(last) }
}
