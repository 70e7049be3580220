import { ExitCode, messageOf } from '../../lib/ocf'
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Context } from './agent'
import { isLocked, unlockIfReceived } from './lock-file'
import { publish } from './publish'
import { followNewPrimary } from './end-receiver'
import { readReplicatedSite } from './site'

/** There is a primary elsewhere: this node's position in the election is of no more use, nor is its baseline. */
export async function afterPromote(context: Context): Promise<ExitCode> {
  const site = await readReplicatedSite(context)
  const [promoted] = context.env.members.promoting
  if (promoted !== undefined && isLocked(site)) {
    const snapshot = await takeSnapshot(context.deadline)
    const received = findNode(snapshot, promoted)?.transient[site.attributes.baseline]
    unlockIfReceived(site, promoted, received, context.log)
  }
  await publish(site, site.node, { position: null, baseline: null })
  try {
    await followNewPrimary(context, site)
  } catch (error) {
    context.log.warning(`whether this standby waits for the old primary is not known: ${messageOf(error)}`)
  }
  return ExitCode.SUCCESS
}
