/** What a promotion does with this node's own server, but for the promotion itself. */
import { ExitCode, type Deadline, messageOf, OcfError } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion, usesStandbySignal } from '../../lib/postgres/instance'
import { type Lsn } from '../../lib/postgres/lsn'
import { checkpointerRests, readRole } from '../../lib/postgres/replication'
import { isReplayPaused, lowInServer } from '../../lib/postgres/required-settings'
import { findServer } from '../../lib/postgres/server-state'
import { stopServer } from '../../lib/postgres/stop-server'
import { removeOwned, writeOwned } from '../../lib/system/owned-files'
import { signalOwned } from '../../lib/system/processes'
import { type Context } from './agent'
import { synchronizedSlotsText } from './logical-slots'
import { type Server, withSession } from './session'
import { type Site } from './site'
import { startPlain, startWithNeeded } from './start-standby'
import { repModeText } from './steps'

/** Milliseconds between two looks at what a server has put in force. */
const POLL_MS = 20

export function runningServer({ instance }: Site): Pick<Server, 'pid' | 'pidFile'> {
  const server = findServer(instance)
  if (server.kind === 'running') return { pid: server.postmaster.pid, pidFile: server.pidFile }
  throw new OcfError(ExitCode.ERR_GENERIC, 'PostgreSQL does not run here: there is nothing to promote')
}

/**
 * Has a standby go on whose replay stands still because the primary had higher settings: it would never end its recovery,
 * and so never be promoted. It cannot be told to go on as it is (that ends it), and is restarted with those values.
 *
 * @returns where its data ended before that; nothing where it was not restarted
 */
export async function raiseLowSettings(
  context: Context,
  site: Site,
  version: MajorVersion,
  connection: Connection,
): Promise<{ readonly position: Lsn | undefined } | undefined> {
  const { values, deadline, log } = context
  const { instance } = site
  if (!(await isReplayPaused(connection, version))) return undefined
  const low = await lowInServer(instance, connection, deadline).catch((error: unknown) => {
    log.warning(`why the replay is paused is not known: ${messageOf(error)}`)
    return []
  })
  if (low.length === 0) return undefined
  const { position } = await readRole(connection, version)
  const escalateSeconds = values.stop_escalate_in_slave
  await stopServer(instance, { escalateSeconds, deadline, log })
  await startWithNeeded(context, site, low)
  return { position }
}

/** Promotion with the timeline it has: without standby.signal (before version 12, recovery.conf) it is a primary. */
export async function restartAsPrimary(context: Context, site: Site, version: MajorVersion): Promise<void> {
  const { values, deadline, log } = context
  const { instance } = site
  const escalateSeconds = values.stop_escalate_in_slave
  await stopServer(instance, { escalateSeconds, deadline, log })
  const signal = usesStandbySignal(version) ? 'standby.signal' : 'recovery.conf'
  removeOwned(instance.owner, `${instance.dataDirectory}/${signal}`)
  await startPlain(context, site)
  const role = await withSession(site, values, runningServer(site), deadline, (connection) =>
    readRole(connection, version),
  )
  if (role.inRecovery) {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `PostgreSQL was restarted to be the primary, and is a standby: see what else makes it one`,
      { detail: `${signal} was removed` },
    )
  }
}

/**
 * Puts synchronous_standby_names in force in a standby, for the time after its promotion: it is the checkpointer that
 * makes all sessions wait, and a standby has one, too.
 */
export async function requireStandbys(
  site: Site,
  version: MajorVersion,
  connection: Connection,
  setting: string,
  deadline: Deadline,
): Promise<void> {
  const { instance, files } = site
  const server = findServer(instance)
  if (server.kind !== 'running') return
  writeOwned(instance.owner, files.repMode, repModeText(setting) + synchronizedSlotsText(site, setting))
  signalOwned(instance.owner, server.postmaster.pid, 'SIGHUP')
  await deadline.until('PostgreSQL to put synchronous_standby_names in force', POLL_MS, async () => {
    const { synchronousStandbyNames } = await readRole(connection, version)
    const inForce = synchronousStandbyNames === setting && (await checkpointerRests(connection, version))
    return inForce || undefined
  })
}
