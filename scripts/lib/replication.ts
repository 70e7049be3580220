/** What the demo and the bench do with the document's cluster. */
import { type ClusterStatus, type Lab, vipRep } from '../../test/cluster/lab'

/** Whether a node is the primary, and has the addresses of the writers and of its standbys. */
export function serves(node: string): (status: ClusterStatus) => boolean {
  return (status) =>
    status.attribute(node, 'pgsql-status') === 'PRI' &&
    status.promoted('pgsql').includes(node) &&
    ['vip-master', 'vip-rep'].every((vip) => status.nodeOf(vip) === node)
}

/**
 * Whether both nodes have their part: one serves, the other replicates synchronously, may be promoted, and serves
 * readers. Right after a promotion the standby still bears the status of before, and may not be promoted.
 */
export function isInSync(primary: string, standby: string): (status: ClusterStatus) => boolean {
  return (status) =>
    serves(primary)(status) &&
    status.attribute(standby, 'pgsql-status') === 'HS:sync' &&
    status.attribute(standby, 'pgsql-data-status') === 'STREAMING|SYNC' &&
    status.attribute(standby, 'master-pgsql') === '100' &&
    status.nodeOf('vip-slave') === standby
}

/** Who is the primary now, and who is not. */
export async function findParts(lab: Lab): Promise<[primary: string, standby: string]> {
  const status = await lab.status()
  const primary = lab.record.nodes.find((node) => status.attribute(node, 'pgsql-status') === 'PRI')
  const standby = lab.record.nodes.find((node) => node !== primary)
  if (primary === undefined || standby === undefined) throw new Error('there is no primary')
  return [primary, standby]
}

/** Chapter 5.3, step by step: the old primary becomes a standby of the new one. */
export async function bringBack(
  lab: Lab,
  nodes: { readonly primary: string; readonly returning: string },
  onStep: (text: string) => void,
): Promise<ClusterStatus> {
  const { primary, returning } = nodes
  const node = lab.node(returning)
  onStep(`stop the cluster on ${returning}`)
  await node.stopCluster()
  onStep(`copy the database of ${primary} to ${returning}`)
  await node.baseBackup(vipRep)
  await node.removeLock()
  onStep(`start the cluster on ${returning}`)
  await node.boot()
  onStep(`wait until ${returning} replicates synchronously`)
  return lab.waitFor(`${returning} is HS:sync and has vip-slave`, isInSync(primary, returning), {
    timeoutMs: 120_000,
  })
}
