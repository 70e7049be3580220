import { type Deadline, ExitCode, type Log, OcfError } from '../ocf'
import { findProcess, type Process, signalOwned, signalProcess } from '../system/processes'
import { removeOwned } from '../system/owned-files'
import { type Instance } from './instance'
import { findServer, namedProcess, serverProcesses, type ServerPlace, type ServerState } from './server-state'

/** How a server ended. */
export type StopMethod = 'already stopped' | 'fast' | 'immediate' | 'killed'

export interface StopOptions {
  /** Seconds that a fast shutdown may take before an immediate one; 0 for an immediate one at once. */
  readonly escalateSeconds: number
  readonly deadline: Deadline
  readonly log: Log
  /**
   * Is given the postmaster when the fast shutdown begins. What that returns is asked again and again whether the
   * shutdown is complete and only the rest of the server does not end. Default: it is waited for to the last process.
   */
  readonly watch?: (postmaster: number) => () => Promise<boolean>
}

/**
 * An immediate shutdown is over in little more than the five seconds after which the postmaster kills what is left of
 * its children; one that takes longer hangs.
 */
const IMMEDIATE_MS = 10_000
/** What is kept of the deadline for SIGKILL and the kernel's clearing up after it. */
const KILL_MS = 4000

/** A postmaster notes in its pid file at once that it was told to stop; one that does not in this time does not react. */
const REACTION_MS = 5000

const POLL_MS = 20

/** Whether the process still lives, and not another one that has been given its number. */
function isStill({ pid, started }: Process): boolean {
  return findProcess(pid)?.started === started
}

/** To a process that was found to be the server's. */
function signalServer({ owner }: ServerPlace, pid: number, signal: NodeJS.Signals): void {
  if (owner === undefined) signalProcess(pid, signal)
  else signalOwned(owner, pid, signal)
}

/** What is to be stopped: also a server under another program's name, where postmaster.pid names it. */
function findToStop(place: ServerPlace): ServerState {
  const found = findServer(place)
  if (found.kind === 'running') return found
  const named = namedProcess(place)
  // A pid file of before a reboot names any process.
  return named?.wrote === true ? { kind: 'running', postmaster: named.process, pidFile: undefined } : found
}

/** What is left of the server: its processes, and the postmaster whatever its program is. */
function remaining(place: ServerPlace, state: ServerState): readonly Process[] {
  const processes = serverProcesses(place)
  if (state.kind !== 'running') return processes
  const { pid, started } = state.postmaster
  // As it is now: what it waits for is said.
  const postmaster = findProcess(pid)
  if (postmaster?.started !== started) return processes
  return [postmaster, ...processes.filter((other) => other.pid !== pid)]
}

/** The server's processes that still live: none when it has stopped. */
function alive(place: ServerPlace, state: ServerState): boolean {
  // As long as the postmaster lives there is no need to look through all processes.
  if (state.kind === 'running' && isStill(state.postmaster)) return true
  return serverProcesses(place).length > 0
}

function isSuspended(state: ServerState): boolean {
  return state.kind === 'running' && findProcess(state.postmaster.pid)?.state === 'T'
}

/** Whether the postmaster has taken notice of the signal to stop; unless it is known that it has not, it has. */
function hasNoticed(place: ServerPlace, state: ServerState): boolean {
  if (state.kind !== 'running' || state.pidFile?.status === undefined) return true
  const now = findServer(place)
  return now.kind !== 'running' || now.pidFile?.status === undefined || now.pidFile.status === 'stopping'
}

/**
 * Stops the server on a data directory, whatever state it and its files are in: a fast shutdown first, then an
 * immediate one, and at last SIGKILL to the postmaster and to every process of that data directory (PostgreSQL
 * manual, "Shutting Down the Server"). It needs neither configuration file nor data directory, only the processes.
 *
 * @throws OcfError ERR_GENERIC when even SIGKILL does not end them
 */
export async function stopServer(
  place: ServerPlace,
  { escalateSeconds, deadline, log, watch }: StopOptions,
): Promise<StopMethod> {
  const { dataDirectory } = place
  const state = findToStop(place)
  if (state.kind === 'stopped') return 'already stopped'
  const gone = (): boolean => !alive(place, state)

  if (state.kind === 'running') {
    const { pid } = state.postmaster
    // A suspended process takes no signal but SIGKILL: waiting for a shutdown would only cost time.
    let futile = isSuspended(state)
    const attempts = [
      {
        method: 'fast',
        signal: 'SIGINT',
        limitMs: escalateSeconds * 1000,
        reserveMs: IMMEDIATE_MS + KILL_MS,
      },
      { method: 'immediate', signal: 'SIGQUIT', limitMs: IMMEDIATE_MS, reserveMs: KILL_MS },
    ] as const
    for (const { method, signal, limitMs, reserveMs } of attempts) {
      const patience = deadline.before(reserveMs).within(limitMs)
      if (patience.passed || futile) continue
      log.info(`stopping PostgreSQL (process ${pid}): ${method} shutdown`)
      signalServer(place, pid, signal)
      const noticed = await patience
        .within(REACTION_MS)
        .holds(POLL_MS, () => gone() || isSuspended(state) || hasNoticed(place, state))
      const isComplete = (method === 'fast' && watch?.(pid)) || undefined
      if (noticed) {
        await patience.holds(
          POLL_MS,
          async () => gone() || isSuspended(state) || ((await isComplete?.()) ?? false),
        )
      }
      if (gone()) return method
      futile = isSuspended(state) || (!noticed && !patience.passed)
      log.warning(`PostgreSQL (process ${pid}) did not end by a ${method} shutdown`)
    }
  }

  log.warning(`killing every process of ${dataDirectory}`)
  // Looked for again each time: a process may have forked while the others were killed.
  const killed = await deadline.holds(POLL_MS, () => {
    const left = remaining(place, state)
    for (const { pid } of left) signalServer(place, pid, 'SIGKILL')
    return left.length === 0
  })
  if (killed) return 'killed'
  const left = remaining(place, state).map(({ pid, state: letter }) => `${pid} (state ${letter})`)
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `processes of ${dataDirectory} do not end even by SIGKILL: ${left.join(', ')}`,
    { detail: 'state D is a disk or a file system that does not answer' },
  )
}

/**
 * Removes a postmaster.pid that a server left behind. Only to be called when no server runs there.
 *
 * @throws OcfError ERR_GENERIC where the process that it names may be a server all the same: without the file, another
 * one would start on the same data
 */
export function removeStalePidFile(instance: Pick<Instance, 'owner' | 'dataDirectory'>): void {
  const { owner, dataDirectory } = instance
  const named = namedProcess(instance)
  if (named !== undefined) {
    const { pid, name } = named.process
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `postmaster.pid names process ${pid} (${name}), which is ${owner.name}'s and works in ${dataDirectory}: end it`,
    )
  }
  removeOwned(owner, `${dataDirectory}/postmaster.pid`)
}
