import { ExitCode, messageOf } from '../../lib/ocf'
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Context } from './agent'
import { isLocked, unlockIfReceived } from './lock-file'
import { publish } from './publish'
import { followNewPrimary } from './end-receiver'
import { isHeldOff } from './hold-off'
import { readReplicatedSite, type ReplicatedSite } from './site'

/**
 * There is a primary elsewhere: this node's position in the election is of no more use, nor is its baseline. The
 * addresses wait for this, and so do those who want to write: all of it is done side by side.
 */
export async function afterPromote(context: Context): Promise<ExitCode> {
  const site = await readReplicatedSite(context)
  await Promise.all([
    forgetElection(context, site),
    follow(context, site).catch((error: unknown) => {
      context.log.warning(`whether this standby waits for the old primary is not known: ${messageOf(error)}`)
    }),
  ])
  return ExitCode.SUCCESS
}

async function follow(context: Context, site: ReplicatedSite): Promise<void> {
  await followNewPrimary(context, site)
  if (isHeldOff(site)) await (await import('./receive-again')).beginReceiving(context)
}

async function forgetElection(context: Context, site: ReplicatedSite): Promise<void> {
  const { env, deadline, log } = context
  const { attributes, node } = site
  const snapshot = await takeSnapshot(deadline)
  const [promoted] = env.members.promoting
  if (promoted !== undefined && isLocked(site)) {
    unlockIfReceived(site, promoted, findNode(snapshot, promoted)?.transient[attributes.baseline], log)
  }
  const said = findNode(snapshot, node)?.transient ?? {}
  await publish(site, node, {
    ...(said[attributes.position] !== undefined && { position: null }),
    ...(said[attributes.baseline] !== undefined && { baseline: null }),
  })
}
