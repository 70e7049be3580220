/** What it means that a server which was found running did not answer the monitor as it should. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { describeDiskTrouble, type DiskTrouble } from '../../lib/postgres/disk-trouble'
import { type ServerState } from '../../lib/postgres/server-state'

export interface TroubleFacts {
  /** The postmaster's process number. */
  readonly pid: number
  /**
   * silent: no answer in the time given. restarting: it takes no connections for now, because one of its processes
   * crashed, or because it has just been started. crowded: all connections are taken. other: an error of any other kind.
   */
  readonly complaint: 'silent' | 'restarting' | 'crowded' | 'other'
  /** The server's own words, or the system's. */
  readonly message: string
  /** What the monitor would have ended with, where nothing better can be said. */
  readonly otherwise: { readonly exit: ExitCode; readonly reason: string; readonly detail?: string }
  /** How the server is found now, afterwards. */
  readonly server: ServerState['kind']
  /** The postmaster's state, a letter as in proc(5). */
  readonly processState: string | undefined
  /** `monitor_timeout` in seconds, where that is what ran out, and not the time of the operation. */
  readonly monitorTimeout: number | undefined
  /** How long it was waited for, in seconds. */
  readonly waited: number
  readonly disk: DiskTrouble | undefined
  /** The error may be one of a disk that is full, or that fails. */
  readonly ofDisk: boolean
  readonly replicated: boolean
  /** The state in the control file, where it was looked at: `in production`, `in archive recovery`, … */
  readonly controlState: string | undefined
}

export interface TroublePlan extends Plan<never> {
  /** For the log, of a server that is well enough. */
  readonly warning?: string
}

/** A server that says that all its connections are taken lives: in which role, its control file says. */
function decideCrowded({ message, replicated, controlState, otherwise }: TroubleFacts): TroublePlan {
  const exit = !replicated
    ? ExitCode.SUCCESS
    : controlState === 'in production'
      ? ExitCode.RUNNING_PROMOTED
      : controlState === 'in archive recovery'
        ? ExitCode.SUCCESS
        : undefined
  if (exit === undefined) return { ...otherwise, steps: [] }
  const warning = `PostgreSQL lives, but has no connection left for the monitor (${message}): until it has, nothing is looked after; keep clients below max_connections less superuser_reserved_connections, and none of them a superuser`
  return { exit, steps: [], warning }
}

/** The message of a monitor_sql that takes too long: the server itself may be well. */
export const UNENDED = 'monitor_sql has not ended'

function whyItIsSilent(processState: string | undefined, message: string): string {
  if (processState === 'T') return ': it is suspended (SIGSTOP)'
  if (processState === 'D') return ': it waits for a disk (state D)'
  if (message === UNENDED) return `: ${message}`
  return /EAGAIN/.test(message) ? ': more connections wait than its socket holds' : ''
}

export function decideTrouble(facts: TroubleFacts): TroublePlan {
  const { pid, complaint, message, otherwise, server, processState, monitorTimeout, waited, disk } = facts
  const fail = (reason: string, exit: ExitCode = ExitCode.ERR_GENERIC): TroublePlan => ({
    exit,
    reason,
    detail: otherwise.reason,
    steps: [],
  })
  if (server === 'stopped') {
    const said = complaint === 'restarting' ? '' : `: ${message}`
    const why = disk ? describeDiskTrouble(disk) : `it ended while it was asked${said}`
    return fail(`PostgreSQL is not running: ${why}`, ExitCode.NOT_RUNNING)
  }
  if (server === 'orphaned') {
    return fail('the postmaster is gone, but processes of it still run: stop the resource to end them')
  }
  if (complaint === 'crowded') return decideCrowded(facts)
  // That there is little room left explains no other error.
  const toBlame = facts.ofDisk || complaint === 'restarting' || disk?.kind === 'failing'
  if (disk && toBlame) return fail(`PostgreSQL fails: ${describeDiskTrouble(disk)}`)
  switch (complaint) {
    case 'silent': {
      const limit =
        monitorTimeout === undefined
          ? 'before the timeout of the monitor'
          : `within ${monitorTimeout} s (monitor_timeout)`
      const why = whyItIsSilent(processState, message)
      return fail(`PostgreSQL runs (process ${pid}) but does not answer ${limit}${why}`)
    }
    case 'restarting':
      return fail(
        `waited ${waited.toFixed(0)} s for PostgreSQL (process ${pid}) to take connections again: ${message}`,
      )
    case 'other':
      return { ...otherwise, steps: [] }
  }
}
