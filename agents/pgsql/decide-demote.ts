/** What a demotion has to do. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type ServerState } from '../../lib/postgres/server-state'

export type DemoteStep =
  | 'checkpoint'
  | 'publish demoted'
  | 'stop'
  | 'note shutdown'
  | 'remove lock'
  | 'publish stopped'
  | 'start as standby'

export interface DemoteFacts {
  readonly server: ServerState['kind']
  /** What the server says it is; nothing when it does not answer. */
  readonly role: 'primary' | 'standby' | undefined
  /** The cluster stops the resource here in the same transition, and does not start it again. */
  readonly stopsNext: boolean
  /** The cluster means to promote this node again in the same transition. */
  readonly promotesNext: boolean
  /**
   * Another node was promoted later, and writes a timeline of the same number: PostgreSQL would take the two for one, and
   * the data is compared before it is started.
   */
  readonly confusable: boolean
  /** Nobody was there beside this primary, neither a standby nor another primary. */
  readonly wasAlone: boolean
}

/**
 * By the standard a demoted resource runs, as a standby. Where it is stopped right afterwards - a failover, a node
 * that goes to standby or shuts down - starting it only for that would add its start and its stop to the outage.
 * A restart is another thing: what the demotion publishes makes pacemaker plan afresh, and by then the resource, as it
 * has been demoted, may need no stop any more; a server that does not run would count as failed.
 *
 * A server that has crashed and is to be the primary here again keeps all it has published: a word of it would make
 * pacemaker plan afresh, with another primary.
 */
export function decideDemote(facts: DemoteFacts): Plan<DemoteStep> {
  const { server, role, stopsNext, promotesNext, confusable, wasAlone } = facts
  if (role === 'standby') return { exit: ExitCode.SUCCESS, steps: [] }
  const unlock: DemoteStep[] = wasAlone ? ['remove lock'] : []
  if (server !== 'running' && promotesNext) {
    return { exit: ExitCode.SUCCESS, steps: server === 'stopped' ? [] : ['stop'] }
  }
  if (server === 'stopped') return { exit: ExitCode.SUCCESS, steps: [...unlock, 'publish stopped'] }
  const checkpoint: DemoteStep[] = role === 'primary' ? ['checkpoint'] : []
  const afterwards: DemoteStep[] = wasAlone ? ['remove lock'] : ['note shutdown']
  // Nobody can write meanwhile: that it is stopped is not said where it is a standby a moment later.
  const next: DemoteStep =
    stopsNext || confusable || server !== 'running' ? 'publish stopped' : 'start as standby'
  return {
    exit: ExitCode.SUCCESS,
    steps: [...checkpoint, 'publish demoted', 'stop', ...afterwards, next],
  }
}
