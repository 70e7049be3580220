/** Where the data of the other nodes ended when the primary was lost: what a primary that returns is measured by. */
import { type ClusterSnapshot, findNode, sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Context } from './agent'
import { type NodePosition } from './decide-promote'
import { isLocked } from './lock-file'
import { isDisconnected } from './mode'
import { attributeNames } from './names'
import { saysPrimary } from './primaries'
import { type ReplicatedSite } from './site'

/** How long a standby may take to say it; it has been told to before this node was stopped and started. */
const PATIENCE_MS = 1000
const POLL_MS = 50

/**
 * What the nodes that are there have said of where their data ended, as far as it came from the primary that returns.
 * One that the promotion of that primary barred, and that it has not waited for since, has what it has from a primary
 * of before: that it is more says nothing.
 */
export function baselinesOf(
  snapshot: ClusterSnapshot,
  others: readonly string[],
  resource: string,
): readonly NodePosition[] {
  const names = attributeNames(resource)
  return others.flatMap((other) => {
    const node = findNode(snapshot, other)
    const position = node?.online ? node.transient[names.baseline] : undefined
    return position === undefined || isDisconnected(node?.permanent[names.dataStatus])
      ? []
      : [{ node: other, position }]
  })
}

/**
 * The cluster, as soon as its standbys have said where their data ends. That of a primary which is recovered in place
 * is said while it is started (shortcut.sh): before it is promoted, it must be there.
 *
 * @param snapshot - the cluster as it was last seen
 */
export async function awaitBaselines(
  { env, deadline, log }: Context,
  site: ReplicatedSite,
  snapshot: ClusterSnapshot,
): Promise<ClusterSnapshot> {
  const self = findNode(snapshot, site.node)
  if (self === undefined || !saysPrimary(self, site.resource) || !isLocked(site)) return snapshot
  let latest = snapshot
  const silent = (): readonly string[] =>
    env.members.unpromoted.filter((name) => {
      const state = findNode(latest, name)
      return (
        !sameNode(name, site.node) &&
        state?.online === true &&
        state.transient[site.attributes.baseline] === undefined
      )
    })
  if (silent().length === 0) return latest
  await deadline.within(PATIENCE_MS).holds(POLL_MS, async () => {
    latest = await takeSnapshot(deadline)
    return silent().length === 0
  })
  for (const name of silent()) log.warning(`${name} did not say in time how much WAL it has`)
  return latest
}
