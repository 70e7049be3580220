/** What a demotion has to do. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type ServerState } from '../../lib/postgres/server-state'

export type DemoteStep = 'publish demoted' | 'stop' | 'remove lock' | 'publish stopped' | 'start as standby'

export interface DemoteFacts {
  readonly server: ServerState['kind']
  /** The server runs as a standby already. */
  readonly standby: boolean
  /** The cluster stops the resource here in the same transition, and does not start it again. */
  readonly stopsNext: boolean
  /** No standby was there beside this primary. */
  readonly wasAlone: boolean
}

/**
 * By the standard a demoted resource runs, as a standby. Where it is stopped right afterwards - a failover, a node
 * that goes to standby or shuts down - starting it only for that would add its start and its stop to the outage.
 * A restart is another thing: what the demotion publishes makes pacemaker plan afresh, and by then the resource, as it
 * has been demoted, may need no stop any more; a server that does not run would count as failed.
 */
export function decideDemote({ server, standby, stopsNext, wasAlone }: DemoteFacts): Plan<DemoteStep> {
  if (standby) return { exit: ExitCode.SUCCESS, steps: [] }
  const unlock: DemoteStep[] = wasAlone ? ['remove lock'] : []
  if (server === 'stopped') return { exit: ExitCode.SUCCESS, steps: [...unlock, 'publish stopped'] }
  const comeBack: DemoteStep[] = stopsNext || server !== 'running' ? [] : ['start as standby']
  return {
    exit: ExitCode.SUCCESS,
    steps: ['publish demoted', 'stop', ...unlock, 'publish stopped', ...comeBack],
  }
}
