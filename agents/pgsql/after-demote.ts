import { ExitCode } from '../../lib/ocf'
import { type Lsn } from '../../lib/postgres/lsn'
import { readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { type Context } from './agent'
import { publish } from './publish'
import { withSession } from './session'
import { readReplicatedSite, readSiteVersion } from './site'
import { hasReturned, isBehind, publishForPromotion } from './while-down'

/**
 * The primary is gone: a standby says how much WAL it has, which is what a new primary is measured by.
 *
 * @param returns - the same node is to be the primary again: then the readers stay where they are, which a status of
 * `HS:alone` would move, and the cluster is left to its plan
 */
export async function afterDemote(
  context: Context,
  { returns }: { readonly returns: boolean },
): Promise<ExitCode> {
  const { values, deadline } = context
  const site = await readReplicatedSite(context)
  const server = findServer(site.instance)
  if (server.kind !== 'running') return ExitCode.SUCCESS
  const handle = { pid: server.postmaster.pid, pidFile: server.pidFile }
  // The next primary is not promoted before this ends: what waits for nothing is said meanwhile.
  const alone = returns ? Promise.resolve() : publish(site, site.node, { status: 'HS:alone' })
  alone.catch(() => undefined)
  return withSession(site, values, handle, deadline, async (connection) => {
    const { position } = await readRole(connection, readSiteVersion(site))
    const say = (baseline: Lsn | null): Promise<void> => publish(site, site.node, { baseline })
    const tell = async (baseline: Lsn): Promise<void> => {
      if (!returns || !isBehind(context)) return say(baseline)
      await publishForPromotion({
        returned: () => hasReturned(context, site),
        publish: () => say(baseline),
        takeBack: () => say(null),
        log: context.log,
      })
    }
    await Promise.all([alone, position !== undefined && tell(position)])
    if (values.sync_method === 'quorum') {
      const { electAtOnce } = await import('./elect-at-once')
      await electAtOnce(context, site, connection)
    }
    return ExitCode.SUCCESS
  })
}
