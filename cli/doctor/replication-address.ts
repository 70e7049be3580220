/** Where a node's server is reached by its peers. */
import { type InterfaceFacts } from './facts'
import { isInNetwork } from './networks'

/**
 * A node's own address in the network of the replication: the one that it connects from, and that others connect to
 * when it is no primary.
 *
 * @param masterIp - the address of the primary
 * @param moving - the virtual addresses: they are nobody's own
 */
export function replicationAddress(
  interfaces: readonly InterfaceFacts[],
  masterIp: string,
  moving: readonly string[],
): string | undefined {
  const all = interfaces.flatMap(({ addresses }) => addresses)
  // A virtual address may have come with a prefix of its own: only a node's own address tells the network.
  const own = all.filter((cidr) => !moving.includes(cidr.split('/')[0] ?? ''))
  return own.find((cidr) => isInNetwork(masterIp, cidr))?.split('/')[0]
}
