import { ExitCode } from '../../lib/ocf'
import { findServer } from '../../lib/postgres/server-state'
import { type Context } from './agent'
import { controlStandbys } from './control-standbys'
import { withSession } from './session'
import { readReplicatedSite, readSiteVersion } from './site'

/** A standby has started or stopped: the primary looks at once, and does not leave writes waiting until its next monitor. */
export async function afterStandbyChange(context: Context): Promise<ExitCode> {
  const { values, deadline } = context
  const site = await readReplicatedSite(context)
  const server = findServer(site.instance)
  if (server.kind !== 'running') return ExitCode.SUCCESS
  const { pid } = server.postmaster
  const version = readSiteVersion(site)
  await withSession(site, values, { pid, pidFile: server.pidFile }, deadline, (connection) =>
    controlStandbys(context, site, version, connection, pid),
  )
  return ExitCode.SUCCESS
}
