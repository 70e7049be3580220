/** What a standby says for the promotion of a primary that returns, behind the cluster's back: it holds until that. */
import { findNode, hasRole, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Log } from '../../lib/ocf'
import { type Context } from './agent'
import { type ReplicatedSite } from './site'

/** The cluster's own note of the demotion may come a moment after its notification. */
const NOTED_MS = 500
const POLL_MS = 50

/** Whether this action was put into the background, and nobody waits for it (shortcut.sh). */
export function isBehind({ variables }: Pick<Context, 'variables'>): boolean {
  return variables['OCF_TS_BEHIND'] !== undefined
}

/** Whether the cluster has promoted the node that is to be the primary again. */
export async function hasReturned(
  { env, deadline }: Context,
  { resource }: ReplicatedSite,
): Promise<boolean> {
  let promoted = true
  await deadline.within(NOTED_MS).holds(POLL_MS, async () => {
    const snapshot = await takeSnapshot(deadline)
    promoted = env.members.promoting.some((name) => {
      const node = findNode(snapshot, name)
      return node !== undefined && hasRole(node, resource, 'Promoted')
    })
    return !promoted
  })
  return promoted
}

export interface ForPromotion {
  readonly returned: () => Promise<boolean>
  readonly publish: () => Promise<void>
  readonly takeBack: () => Promise<void>
  readonly log: Pick<Log, 'warning'>
}

/**
 * Publishes it unless the promotion is over, and takes it back where that has come meanwhile: what is left after it would
 * be taken for the end of this standby's data at the next one.
 */
export async function publishForPromotion({ returned, publish, takeBack, log }: ForPromotion): Promise<void> {
  const late = 'where the WAL of this standby ends was known only after the primary was promoted again'
  if (await returned()) {
    log.warning(`${late}: it is not published`)
    return
  }
  await publish()
  if (!(await returned())) return
  await takeBack()
  log.warning(`${late}: it is taken back`)
}
