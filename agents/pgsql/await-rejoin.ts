/** `start` and the process that makes the data a copy of the primary's. */
import { ExitCode, OcfError } from '../../lib/ocf'
import { spawnDetached } from '../../lib/system/background-program'
import { sessionProcesses, signalOwned } from '../../lib/system/processes'
import { type Context } from './agent'
import { describeFailed, describeRunning } from './describe-rejoin'
import { makeTmpdir } from './make-tmpdir'
import {
  abandonRejoin,
  announceWaiter,
  bootId,
  isAlive,
  markOf,
  readRejoin,
  rejoinIsTold,
  type RejoinMethod,
  retractWaiter,
} from './rejoin-note'
import { type Site } from './site'

const POLL_MS = 100
/** The worker says at once that it is there. */
const BEGIN_MS = 20_000

/** The part of the time that is left for starting the server afterwards. */
const START_SHARE = 1 / 4

/** What a worker that was killed has left running still writes to the data. */
function endRemains(site: Site): void {
  const before = readRejoin(site)
  if (before === undefined || before.worker.boot !== bootId() || isAlive(before.worker)) return
  // Only the owner's: the note's word is not enough to end anything else.
  for (const { pid } of sessionProcesses(before.worker.pid)) signalOwned(site.instance.owner, pid, 'SIGKILL')
}

/**
 * Begins a rejoin, in a process that outlives this one.
 *
 * @param program - the argument vector of this agent
 */
export async function beginRejoin(
  { variables, deadline }: Pick<Context, 'variables' | 'deadline'>,
  site: Site,
  program: readonly [string, ...string[]],
): Promise<void> {
  makeTmpdir(site)
  endRemains(site)
  const [node, ...args] = program
  const pid = await spawnDetached(node, [...args, 'rejoin'], {
    ...variables,
    OCF_RESKEY_CRM_meta_timeout: undefined,
    OCF_RESKEY_CRM_meta_interval: undefined,
    OCF_TS_BEHIND: '1',
  })
  if (pid === undefined) throw new OcfError(ExitCode.ERR_GENERIC, 'the rejoin could not be begun')
  const worker = markOf(pid)
  const begun = (): boolean => {
    const { worker: noted, state } = readRejoin(site) ?? {}
    return (noted?.pid === pid && noted.started === worker.started) || state === 'running'
  }
  const gone = (): boolean => !isAlive(worker)
  await deadline.within(BEGIN_MS).holds(POLL_MS, () => begun() || gone())
  if (!begun()) {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `the rejoin could not be begun: process ${pid} did nothing; see the log`,
    )
  }
}

/**
 * Waits for the rejoin that runs, or begins one.
 *
 * @throws OcfError ERR_GENERIC when it fails, and when it has not ended shortly before the deadline; then it goes on
 */
export async function awaitRejoin(context: Context, site: Site, method?: RejoinMethod): Promise<void> {
  const { deadline } = context
  const patience = deadline.before(deadline.remainingMs * START_SHARE)
  makeTmpdir(site)
  announceWaiter(site)
  try {
    if (method !== undefined) await beginRejoin(context, site, [process.execPath, process.argv[1] ?? ''])
  } catch (error) {
    retractWaiter(site)
    throw error
  }
  await patience.holds(POLL_MS, () => readRejoin(site)?.state !== 'running')
  // First the one and then the other: the worker looks whether it is left alone after it has written how it ended.
  abandonRejoin(site)
  const rejoin = readRejoin(site)
  if (rejoin?.state !== 'running') retractWaiter(site)
  if (rejoin === undefined || rejoin.state === 'done') return
  rejoinIsTold(site)
  const reason = rejoin.state === 'running' ? describeRunning(rejoin) : describeFailed(rejoin)
  throw new OcfError(ExitCode.ERR_GENERIC, reason)
}
