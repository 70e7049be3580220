/**
 * The lab's cables. Three networks, each a bridge in a network namespace of the lab's own, so that the
 * machine's network neither sees nor carries anything; every node hangs on each of them by a veth pair.
 */
import { mustRun, runCommand } from './command'

/** The document's addresses; its public 2.2.2.0/24 became 192.168.101.0/24. */
export const networks = [
  { nic: 'eth0', prefix: '192.168.100.', gateway: '192.168.100.1' },
  { nic: 'eth1', prefix: '192.168.101.', gateway: null },
  { nic: 'eth2', prefix: '192.168.2.', gateway: null },
] as const

export type Nic = (typeof networks)[number]['nic']

/** Where the write load comes from. */
export const clientAddress = '192.168.100.10'
/** Answers pings; an address on the bridge. */
export const pingTarget = '192.168.100.1'

export interface NodeAddresses {
  /** Clients and virtual addresses. */
  readonly eth0: string
  /** Cluster messages. */
  readonly eth1: string
  /** Replication. */
  readonly eth2: string
}

/** Addresses of the node at this place in the list. Numbers 3 and 4 are skipped: the virtual addresses. */
export function addressesOf(index: number): NodeAddresses {
  const number = index < 2 ? index + 1 : index + 3
  return {
    eth0: `192.168.100.${160 + number}`,
    eth1: `192.168.101.${number}`,
    eth2: `192.168.2.${number}`,
  }
}

/** Name of one of the lab's network namespaces. */
export function netnsName(labId: string, part: string): string {
  return `ocfts-${labId}-${part}`
}

/** Name of a node's end at the bridge. */
function portName(node: string, nic: Nic): string {
  return `${node}-${nic}`
}

/** Makes the bridges, and the client that talks to the cluster from outside. */
export async function createNetworks(labId: string): Promise<void> {
  const net = netnsName(labId, 'net')
  const client = netnsName(labId, 'client')
  await mustRun(['ip', 'netns', 'add', net])
  await mustRun(['ip', 'netns', 'add', client])
  await ipBatch(net, [
    'link set lo up',
    // An address of its own: otherwise a bridge takes one of its ports', and changes it with them.
    ...networks.flatMap(({ nic, gateway }, index) => [
      `link add br-${nic} address 02:00:00:00:00:0${index + 1} type bridge forward_delay 0 stp_state 0 mcast_snooping 0`,
      `link set br-${nic} up`,
      ...(gateway ? [`address add ${gateway}/24 dev br-${nic}`] : []),
    ]),
    `link add client-eth0 type veth peer name eth0 netns ${client}`,
    'link set client-eth0 master br-eth0 up',
  ])
  await ipBatch(client, [
    'link set lo up',
    `address add ${clientAddress}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${pingTarget}`,
  ])
}

/** Makes a node's network namespace and plugs all its cables in. */
export async function plugIn(labId: string, node: string, addresses: NodeAddresses): Promise<void> {
  const net = netnsName(labId, 'net')
  const own = netnsName(labId, node)
  await mustRun(['ip', 'netns', 'add', own])
  await ipBatch(
    net,
    networks.flatMap(({ nic }) => [
      `link add ${portName(node, nic)} type veth peer name ${nic} netns ${own}`,
      `link set ${portName(node, nic)} master br-${nic} up`,
    ]),
  )
  await ipBatch(own, [
    'link set lo up',
    ...networks.flatMap(({ nic }) => [`address add ${addresses[nic]}/24 dev ${nic}`, `link set ${nic} up`]),
    `route add default via ${pingTarget}`,
  ])
}

/** Takes the node's links away at once, so that its processes can say no goodbye to their peers. */
export async function tearOut(labId: string, node: string): Promise<void> {
  // Without -force the batch stops at the first port that is gone already.
  await ipBatch(
    netnsName(labId, 'net'),
    networks.map(({ nic }) => `link delete ${portName(node, nic)}`),
    { force: true },
  )
}

/** Deletes a node's network namespace, once nothing runs in it any more. */
export async function deleteNetns(labId: string, node: string): Promise<void> {
  await runCommand(['ip', 'netns', 'delete', netnsName(labId, node)])
}

/** Pulls out (down) or plugs in (up) the node's cables at the bridge; the node keeps its addresses. */
export async function setPorts(
  labId: string,
  node: string,
  nics: readonly Nic[],
  state: 'up' | 'down',
): Promise<void> {
  await ipBatch(
    netnsName(labId, 'net'),
    nics.map((nic) => `link set ${portName(node, nic)} ${state}`),
  )
}

async function ipBatch(
  netns: string,
  lines: readonly string[],
  options: { force?: boolean } = {},
): Promise<void> {
  const argv = ['ip', '-n', netns, ...(options.force ? ['-force'] : []), '-batch', '-']
  const result = await runCommand(argv, { input: lines.join('\n') + '\n' })
  if (result.code !== 0 && !options.force) throw new Error(`${argv.join(' ')}: ${result.stderr}`)
}
