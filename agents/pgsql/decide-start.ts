/** Whether this node's server may be started, and how. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type ServerState } from '../../lib/postgres/server-state'
import { type Kind } from './site'

export type StartStep =
  'publish stopped' | 'clear remains' | 'start' | 'start as follower' | 'start as standby' | 'publish standby'

export interface StartFacts {
  readonly kind: Kind
  readonly server: ServerState['kind']
  /** The role of a server that runs already, with replication. */
  readonly running: 'primary' | 'standby' | undefined
  /** The lock file's path, when it is there. */
  readonly lock: string | undefined
  readonly masterIp: string
  readonly resource: string
}

export function decideStart(facts: StartFacts): Plan<StartStep> {
  const { kind, server, running, lock, masterIp, resource } = facts
  if (kind !== 'member') {
    const start = kind === 'follower' ? 'start as follower' : 'start'
    return { exit: ExitCode.SUCCESS, steps: server === 'running' ? [] : ['clear remains', start] }
  }
  if (running === 'standby') return { exit: ExitCode.SUCCESS, steps: [] }
  if (running === 'primary') {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason:
        'PostgreSQL already runs here as a primary, not started by the cluster: pg_ctl stop -m fast, then clean up',
      steps: [],
    }
  }
  if (lock !== undefined) {
    return {
      exit: ExitCode.ERR_GENERIC,
      reason: `${lock} is there (was primary): take a base backup, remove it, crm resource cleanup ${resource}`,
      detail: `this node was primary, and its data may hold what the others do not; the base backup: pg_basebackup -h ${masterIp}`,
      steps: ['publish stopped'],
    }
  }
  return {
    exit: ExitCode.SUCCESS,
    steps: ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
  }
}
