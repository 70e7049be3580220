/** Finding out why a server does not answer the monitor, or does not run any more: loaded only then. */
import { carryOut, ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { SqlError } from '../../lib/postgres/connection'
import { controlDataOf } from '../../lib/postgres/control-data'
import {
  describeDiskTrouble,
  diskErrorCode,
  type DiskTrouble,
  findDiskTrouble,
} from '../../lib/postgres/disk-trouble'
import { findServerSettled } from '../../lib/postgres/server-state'
import { findProcess } from '../../lib/system/processes'
import { type Context } from './agent'
import { decideTrouble, type TroubleFacts } from './decide-trouble'
import { isReplicated, readSite, type Site } from './site'

function complaintOf(error: SqlError | undefined): TroubleFacts['complaint'] {
  if (error === undefined) return 'other'
  if (error.timedOut || error.queueFull) return 'silent'
  if (error.notAccepting || error.cutOff) return 'restarting'
  return error.crowded ? 'crowded' : 'other'
}

async function controlState({ deadline, log }: Context, { instance }: Site): Promise<string | undefined> {
  try {
    return (await controlDataOf(instance, deadline)).state
  } catch (error) {
    log.warning(messageOf(error))
    return undefined
  }
}

async function observe(
  context: Context,
  site: Site,
  pid: number,
  error: OcfError,
  elapsedMs: number,
): Promise<TroubleFacts> {
  const { values, deadline } = context
  const { owner, dataDirectory } = site.instance
  const sql = error.cause instanceof SqlError ? error.cause : undefined
  const complaint = complaintOf(sql)
  const replicated = isReplicated(site)
  return {
    pid,
    complaint,
    message: sql?.cutOff ? 'one of its processes crashed' : (sql?.message ?? messageOf(error)),
    otherwise: {
      exit: error.code,
      reason: error.reason,
      ...(error.detail !== undefined && { detail: error.detail }),
    },
    server: (await findServerSettled(site.instance, deadline)).kind,
    processState: findProcess(pid)?.state,
    monitorTimeout: values.monitor_timeout > 0 && !deadline.passed ? values.monitor_timeout : undefined,
    waited: elapsedMs / 1000,
    disk: findDiskTrouble(owner, dataDirectory),
    ofDisk: sql?.perhapsDisk === true || diskErrorCode(error) !== undefined,
    replicated,
    controlState: complaint === 'crowded' && replicated ? await controlState(context, site) : undefined,
  }
}

/**
 * Says what is wrong with a server that did not answer as it should.
 *
 * @param pid - of the postmaster
 * @param error - what the monitor met
 * @param elapsedMs - how long the monitor has tried
 * @returns the code of a server that is well enough
 * @throws OcfError with what is wrong; `error` itself, where that is neither PostgreSQL's nor a disk's
 */
export async function monitorTrouble(
  context: Context,
  site: Site,
  pid: number,
  error: unknown,
  elapsedMs: number,
): Promise<ExitCode> {
  const known =
    error instanceof OcfError && (error.cause instanceof SqlError || diskErrorCode(error) !== undefined)
  if (!known) throw error
  const facts = await observe(context, site, pid, error, elapsedMs)
  const plan = decideTrouble(facts)
  if (plan.warning !== undefined) context.log.warning(plan.warning)
  return carryOut(context, facts, plan, { describe: () => '', perform: () => Promise.resolve() })
}

/**
 * Says which disk is to blame, where a server that should run does not, and its disk is full or fails.
 *
 * @throws OcfError NOT_RUNNING with the reason
 */
export async function blameDisk(context: Context): Promise<void> {
  let trouble: DiskTrouble | undefined
  try {
    const { owner, dataDirectory } = (await readSite(context)).instance
    trouble = findDiskTrouble(owner, dataDirectory)
  } catch (error) {
    context.log.warning(messageOf(error))
  }
  if (trouble === undefined) return
  throw new OcfError(ExitCode.NOT_RUNNING, `PostgreSQL is not running: ${describeDiskTrouble(trouble)}`)
}
