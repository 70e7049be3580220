/** Whether this node's server may be started, and how. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type ServerState } from '../../lib/postgres/server-state'

export type StartStep = 'publish stopped' | 'clear remains' | 'start' | 'start as standby' | 'publish standby'

export interface StartFacts {
  readonly replicated: boolean
  readonly server: ServerState['kind']
  /** The role of a server that runs already, with replication. */
  readonly running: 'primary' | 'standby' | undefined
  /** The lock file's path, when it is there. */
  readonly lock: string | undefined
  readonly masterIp: string
  readonly resource: string
}

export function decideStart(facts: StartFacts): Plan<StartStep> {
  const { replicated, server, running, lock, masterIp, resource } = facts
  if (!replicated) {
    return { exit: ExitCode.SUCCESS, steps: server === 'running' ? [] : ['clear remains', 'start'] }
  }
  if (running === 'standby') return { exit: ExitCode.SUCCESS, steps: [] }
  if (running === 'primary') {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason:
        'PostgreSQL already runs here, as a primary that the cluster did not start: stop it (pg_ctl stop -m fast), then clean the resource up',
      steps: [],
    }
  }
  if (lock !== undefined) {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason: `this node was primary, and its data may hold what the cluster's does not: ${lock} is there. Make a new base backup (pg_basebackup -h ${masterIp}), remove that file, and run: crm resource cleanup ${resource}`,
      steps: ['publish stopped'],
    }
  }
  return {
    exit: ExitCode.SUCCESS,
    steps: ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
  }
}
