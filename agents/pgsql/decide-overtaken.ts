/**
 * What a monitor of a standby answers that finds the primary which the cluster has just promoted here.
 *
 * When the coordinator (DC) changes while a node is being promoted, the new one does not know yet how the promotion ended:
 * it asks for a monitor of the standby, which runs after the promotion. "Promoted" would count as a failure of the new
 * primary then, and with migration-threshold=1 no node could be promoted until failure-timeout is over.
 */
import { ExitCode } from '../../lib/ocf'

/** For how long after a promotion such a monitor is expected: seconds. Later, the cluster has to learn of a primary. */
const RECENT_SECONDS = 60

export interface OvertakenFacts {
  /** What the monitor would answer. */
  readonly exit: ExitCode
  /** The cluster has promoted this node, and nobody after it: the number of its promotion is the largest. */
  readonly latest: boolean
  /** The timeline of that promotion. */
  readonly promotedTo: number | undefined
  /** The timeline that the server writes. */
  readonly timeline: number | undefined
  /** Seconds since that timeline began; nothing where that is not known. */
  readonly age: number | undefined
}

/** A server that somebody has promoted by hand writes another timeline than the one of the promotion. */
export function decideOvertaken(facts: OvertakenFacts): ExitCode {
  const { exit, latest, promotedTo, timeline, age } = facts
  const promoted = exit === ExitCode.RUNNING_PROMOTED || exit === ExitCode.DEGRADED_PROMOTED
  const recent = age !== undefined && age >= 0 && age <= RECENT_SECONDS
  if (!promoted || !latest || promotedTo === undefined || promotedTo !== timeline || !recent) return exit
  return exit === ExitCode.RUNNING_PROMOTED ? ExitCode.SUCCESS : ExitCode.DEGRADED
}
