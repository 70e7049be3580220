/** Bringing this node's server up as a standby: at start, and after a demotion. */
import { basename } from 'node:path'
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { type Connection, prepareConnection } from '../../lib/postgres/connection'
import { describeDiskTrouble, findDiskTrouble, findFullDisk } from '../../lib/postgres/disk-trouble'
import { type MajorVersion, usesStandbySignal } from '../../lib/postgres/instance'
import {
  describeLow,
  lowInConfiguration,
  type LowSetting,
  withNeeded,
} from '../../lib/postgres/required-settings'
import { findServer } from '../../lib/postgres/server-state'
import { startServer } from '../../lib/postgres/start-server'
import { removeStalePidFile, stopServer } from '../../lib/postgres/stop-server'
import { findStrayTimeline } from '../../lib/postgres/stray-timeline'
import { type Context } from './agent'
import { refuseLogicalSlots } from './logical-slots'
import { findLeftovers, withoutTargets } from './recovery-targets'
import { claimTmpdir, makeTmpdir } from './make-tmpdir'
import { makeRuntimeDirectories } from './runtime-directories'
import { type Server, withSession } from './session'
import { isReplicated, readSiteVersion, type Site } from './site'
import { refuseHalf } from './rewinding'
import { sortOutSlots } from './sibling-slots'
import { writeStandbySettings } from './standby-settings'
import { standbySetting } from './sync-policy'

/** Clears away what an earlier server left: processes without a postmaster, a pid file without a process. */
export async function clearRemains(context: Context, site: Site): Promise<void> {
  const { deadline, log } = context
  await stopServer(site.instance, { escalateSeconds: 0, deadline, log })
  removeStalePidFile(site.instance)
}

/**
 * Starts the server with whatever settings it has.
 *
 * @throws OcfError ERR_GENERIC when it does not come up; at once where its file systems are full
 */
export async function startPlain({ deadline }: Context, site: Site): Promise<void> {
  const { instance } = site
  const { owner, dataDirectory } = instance
  refuseHalf(site)
  const full = findFullDisk(owner, dataDirectory)
  if (full) throw new OcfError(ExitCode.ERR_GENERIC, `not started: ${describeDiskTrouble(full)}`)
  makeRuntimeDirectories(instance, readSiteVersion(site))
  try {
    await startServer(instance, deadline)
  } catch (error) {
    const trouble = error instanceof OcfError ? findDiskTrouble(owner, dataDirectory) : undefined
    if (trouble === undefined) throw error
    throw new OcfError(ExitCode.ERR_GENERIC, `PostgreSQL did not start: ${describeDiskTrouble(trouble)}`, {
      detail: messageOf(error),
      cause: error,
    })
  }
}

/**
 * Why a standby did not start, where that is a timeline that its data does not come to: one that somebody promoted, or
 * a primary that was apart from the others, has left it in the archive.
 */
async function explainStart({ deadline, log }: Context, site: Site, error: unknown): Promise<unknown> {
  if (!(error instanceof OcfError) || error.code !== ExitCode.ERR_GENERIC) return error
  try {
    const stray = await findStrayTimeline(site.instance, deadline)
    if (stray === undefined) return error
    const { timeline, file } = stray
    return new OcfError(
      ExitCode.ERR_GENERIC,
      `not started: the archive has timeline ${timeline}, where this data cannot go: take ${basename(file)} out of it and out of pg_wal`,
      { detail: `also the WAL of that timeline; in pg_wal it is ${file}. ${messageOf(error)}`, cause: error },
    )
  } catch (failure) {
    log.warning(messageOf(failure))
    return error
  }
}

/** What is wrong with a standby that has just been started; nothing when all is well. */
async function refuse(connection: Connection, site: Site): Promise<string | undefined> {
  const [row] = await connection.rows<{
    recovering: boolean
    names: string
    source: string | null
    slots: string
  }>(
    `select pg_catalog.pg_is_in_recovery() as recovering, setting as names,
            sourcefile || ', line ' || sourceline as source,
            (select setting from pg_catalog.pg_settings where name = 'max_replication_slots') as slots
       from pg_catalog.pg_settings where name = 'synchronous_standby_names'`,
  )
  if (row?.recovering !== true) {
    return `PostgreSQL did not start as a standby: see that ${site.instance.configFile} is the file it reads`
  }
  if (!isReplicated(site)) return undefined
  if (row.names !== standbySetting(site.mode)) {
    return `synchronous_standby_names is set${row.source === null ? '' : ` in ${row.source}`}: take it out (ALTER SYSTEM RESET); the agent sets it`
  }
  const needed = site.slotPrefix === '' ? 0 : site.nodeList.length - 1
  return Number(row.slots) < needed
    ? `max_replication_slots is ${row.slots}: set it to ${needed} or more in ${site.instance.configFile}, one slot a standby`
    : undefined
}

/** The site, whose server is started without the recovery targets that somebody has left. */
function overrideTargets({ log }: Context, site: Site, version: MajorVersion): Site {
  const leftovers = usesStandbySignal(version) ? findLeftovers(site.instance) : []
  if (leftovers.length === 0) return site
  const list = leftovers.map(({ name, file, line }) => `${name} (${file}, line ${line})`).join(', ')
  log.warning(
    `left over from a restore, and without effect on a standby of the cluster: ${list}; take it out: ALTER SYSTEM RESET ${leftovers[0]?.name ?? ''}`,
  )
  return { ...site, instance: withoutTargets(site.instance, leftovers) }
}

/** Settings with which the server cannot replay its WAL: looked at where it did not start. */
async function lowSettings({ deadline, log }: Context, site: Site): Promise<readonly LowSetting[]> {
  try {
    return findServer(site.instance).kind === 'stopped'
      ? await lowInConfiguration(site.instance, deadline)
      : []
  } catch (error) {
    log.warning(`whether its settings are lower than the primary's is not known: ${messageOf(error)}`)
    return []
  }
}

/**
 * Starts the server with the values that were in force on the primary, for this once: on a node with lower ones it
 * cannot go on, neither as a standby nor to be promoted.
 *
 * @throws OcfError ERR_GENERIC when it does not come up
 */
export async function startWithNeeded(
  context: Context,
  site: Site,
  low: readonly LowSetting[],
): Promise<void> {
  const { configFile } = site.instance
  context.log.warning(
    `${describeLow(low)}: PostgreSQL is started with the primary's values; set them in ${configFile} on this node`,
  )
  await startPlain(context, { ...site, instance: withNeeded(site.instance, low) })
}

/**
 * Starts the server with the settings of a standby, and asks it nothing.
 *
 * @throws OcfError ERR_GENERIC when it does not come up
 */
export async function bringUp(context: Context, site: Site, version: MajorVersion): Promise<Server> {
  makeTmpdir(site)
  claimTmpdir(site)
  writeStandbySettings(site, context.values, version)
  const wanted = overrideTargets(context, site, version)
  try {
    await startPlain(context, wanted)
  } catch (error) {
    const low = await lowSettings(context, wanted)
    if (low.length === 0) throw await explainStart(context, site, error)
    await startWithNeeded(context, wanted, low)
  }
  const server = findServer(site.instance)
  if (server.kind === 'running') return { pid: server.postmaster.pid, pidFile: server.pidFile }
  throw new OcfError(ExitCode.ERR_GENERIC, 'PostgreSQL ended right after it was started: see its log')
}

/**
 * Starts the server as a standby and makes sure that it is one.
 *
 * @throws OcfError ERR_ARGS when somebody else has set synchronous_standby_names, there are too few slots, or wal_level is
 * too low
 */
export async function startStandby(context: Context, site: Site, version: MajorVersion): Promise<void> {
  const { values, deadline, log } = context
  // The server takes a while, and what is asked of it then is made ready meanwhile.
  const [server] = await Promise.all([bringUp(context, site, version), prepareConnection()])
  const refusal = await withSession(site, values, server, deadline, async (connection) => {
    const refusal = (await refuse(connection, site)) ?? (await refuseLogicalSlots(connection, site, values))
    if (refusal === undefined) await sortOutSlots(context, site, version, connection)
    return refusal
  })
  if (refusal === undefined) return
  await stopServer(site.instance, {
    escalateSeconds: values.stop_escalate_in_slave,
    deadline,
    log,
  })
  throw new OcfError(ExitCode.ERR_ARGS, refusal)
}
