import { ExitCode, messageOf } from '../../lib/ocf'
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Context } from './agent'
import { isLocked, unlockIfReceived } from './lock-file'
import { publish } from './publish'
import { followNewPrimary } from './end-receiver'
import { readReplicatedSite, type ReplicatedSite } from './site'

/**
 * There is a primary elsewhere: this node's position in the election is of no more use, nor is its baseline. The
 * addresses wait for this, and so do those who want to write: all of it is done side by side.
 */
export async function afterPromote(context: Context): Promise<ExitCode> {
  const site = await readReplicatedSite(context)
  const [promoted] = context.env.members.promoting
  await Promise.all([
    promoted !== undefined && isLocked(site) && unlockFor(context, site, promoted),
    publish(site, site.node, { position: null, baseline: null }),
    followNewPrimary(context, site).catch((error: unknown) => {
      context.log.warning(`whether this standby waits for the old primary is not known: ${messageOf(error)}`)
    }),
  ])
  return ExitCode.SUCCESS
}

async function unlockFor(context: Context, site: ReplicatedSite, promoted: string): Promise<void> {
  const snapshot = await takeSnapshot(context.deadline)
  const received = findNode(snapshot, promoted)?.transient[site.attributes.baseline]
  unlockIfReceived(site, promoted, received, context.log)
}
