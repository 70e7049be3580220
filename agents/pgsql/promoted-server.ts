/** What a promotion does with this node's own server, but for the promotion itself. */
import { ExitCode, type Deadline, OcfError } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion, usesStandbySignal } from '../../lib/postgres/instance'
import { checkpointerRests, readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { stopServer } from '../../lib/postgres/stop-server'
import { removeOwned, writeOwned } from '../../lib/system/owned-files'
import { signalOwned } from '../../lib/system/processes'
import { type Context } from './agent'
import { synchronizedSlotsText } from './logical-slots'
import { type Server, withSession } from './session'
import { type Site } from './site'
import { startPlain } from './start-standby'
import { repModeText } from './steps'

/** Milliseconds between two looks at what a server has put in force. */
const POLL_MS = 20

export function runningServer({ instance }: Site): Pick<Server, 'pid' | 'pidFile'> {
  const server = findServer(instance)
  if (server.kind === 'running') return { pid: server.postmaster.pid, pidFile: server.pidFile }
  throw new OcfError(ExitCode.ERR_GENERIC, 'PostgreSQL does not run here: there is nothing to promote')
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
