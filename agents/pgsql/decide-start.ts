/** Whether this node's server may be started, and how. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type ServerState } from '../../lib/postgres/server-state'
import { decideMending, type MendingFacts } from './decide-mending'
import { type Kind } from './site'

export type StartStep =
  | 'publish stopped'
  | 'remove lock'
  | 'clear remains'
  | 'start'
  | 'start as follower'
  | 'start as standby'
  | 'recover'
  | 'rejoin'
  | 'publish standby'

export interface StartFacts extends MendingFacts {
  readonly kind: Kind
  readonly server: ServerState['kind']
  /** rejoin=manual: nothing is compared. */
  readonly manual: boolean
  /** The role of a server that runs already, with replication. */
  readonly running: 'primary' | 'standby' | undefined
  /** This node was the last primary of all: nobody has been promoted since. */
  readonly last: boolean
  /** Another node was promoted after this one, and is not the primary now; nothing where that is not known. */
  readonly later: string | undefined
  /** The cluster means to promote this node in the same transition. */
  readonly promotesNext: boolean
}

export function decideStart(facts: StartFacts): Plan<StartStep> {
  const { kind, manual, server, running, lock, primary, last, later, loss, masterIp, resource } = facts
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
  const refuse = (reason: string, detail?: string): Plan<StartStep> => ({
    exit: ExitCode.ERR_GENERIC,
    reason,
    ...(detail !== undefined && { detail }),
    steps: ['publish stopped'],
  })
  const afterwards = `then crm resource cleanup ${resource}`
  const mending = decideMending(facts)
  if (mending === 'rejoin') return { exit: ExitCode.SUCCESS, steps: ['publish stopped', 'rejoin'] }
  if (mending !== undefined) return refuse(mending.reason, mending.detail)
  // It may be promoted only if the cluster knows its data to be complete, and is compared once there is a primary.
  const compares = !manual && later !== undefined
  if (lock !== undefined && loss === undefined && !last && !compares) {
    return manual
      ? refuse(
          `${lock} is there (was primary): take a base backup, remove it, crm resource cleanup ${resource}`,
          `this node was primary, and its data may hold what the others do not; the base backup: pg_basebackup -h ${masterIp}`,
        )
      : refuse(`was primary, and there is none now to compare with: get one promoted, ${afterwards}`, lock)
  }
  if (lock !== undefined && typeof loss === 'string') {
    return refuse(`was primary, and cannot be compared with ${primary}: fix that, ${afterwards}`, loss)
  }
  if (lock !== undefined && last && facts.promotesNext) {
    // What it has published as the primary stays: a word of it, and pacemaker would plan afresh, with another primary.
    return { exit: ExitCode.SUCCESS, steps: ['clear remains', 'recover'] }
  }
  const unlock: StartStep[] = lock !== undefined && typeof loss === 'object' ? ['remove lock'] : []
  return {
    exit: ExitCode.SUCCESS,
    steps: ['publish stopped', ...unlock, 'clear remains', 'start as standby', 'publish standby'],
  }
}
