/** ocf:ts:IPaddr2: one virtual IPv4 or IPv6 address that moves between nodes. */
import {
  type Context as AnyContext,
  defineAgent,
  type ExitCode,
  type Values as AnyValues,
} from '../../lib/ocf'
import { VERSION } from '../../lib/version'
import { forInstance } from './instance'
import { parameters } from './parameters'
import { isClusterIp, validateConfiguration } from './validate-configuration'

export type Values = AnyValues<typeof parameters>
export type Context = AnyContext<typeof parameters>

type Handler = (context: Context) => Promise<ExitCode>

/** A handler that acts on the address of the clone's instance, where this process is. */
function forOwnInstance(handler: (context: Context) => ExitCode): (context: Context) => ExitCode {
  return (context) => handler(forInstance(context))
}

/** A handler that acts in the network namespace of the configuration, on the address or the share of the clone's instance. */
function inPlace(handler: Handler): Handler {
  return async (context) => {
    if (context.values.network_namespace !== '') {
      const { actInNamespace } = await import('./in-namespace')
      const code = await actInNamespace(context)
      if (code !== undefined) return code
    }
    if (isClusterIp(context.values, context.env)) {
      const { SHARED_ACTIONS } = await import('./cluster-ip/actions')
      return (SHARED_ACTIONS[context.action] ?? handler)(context)
    }
    return handler(forInstance(context))
  }
}

export const agent = defineAgent({
  name: 'IPaddr2',
  version: VERSION,
  shortdesc: 'Virtual IPv4 or IPv6 address (Linux)',
  longdesc: `Puts a virtual address on a network interface of the node where the resource runs, and takes it away again. Clients follow at once: the neighbours are told where the address is now, by gratuitous ARP for IPv4 and by unsolicited neighbour advertisements for IPv6.

Without nic and cidr_netmask, both are taken from the most specific route to the network that the address belongs to.

The address counts as running when it is on an interface that is up. A lost cable does not stop it, unless check_link_status says so: ocf:ts:ping watches over more of the way to the clients.

In a clone with unique_clone_address each instance has an address of its own. Without, the instances of a clone have one address together, a cluster IP, and each serves its share of the clients: every node gets every packet, by a multicast hardware address, and nftables drops those of clients that are another instance's. Set globally-unique=true, and clone-node-max to as many instances as a node may have to serve when others have gone. It needs the program nft. A client belongs to an instance by its own address. With nic=lo, a clone puts the address on the loopback interface of each node and announces it to nobody: for the servers of a Linux Virtual Server with direct routing.

Keep an address of the node's own, which the cluster does not manage, on the same interface: when the first IPv4 address of a network is removed, Linux takes all others of that network along, unless the kernel parameter net.ipv4.conf.all.promote_secondaries is 1.`,
  parameters,
  explains: true,
  identity: ['ip'],
  actions: {
    start: { timeout: 20, load: async () => inPlace((await import('./start')).start) },
    stop: { timeout: 20, load: async () => inPlace((await import('./stop')).stop) },
    status: {
      timeout: 20,
      recurring: [{ interval: 10, depth: 0 }],
      load: async () => inPlace((await import('./monitor')).status),
    },
    monitor: {
      timeout: 20,
      recurring: [{ interval: 10, depth: 0 }],
      load: async () => inPlace((await import('./monitor')).monitor),
    },
    announced: {
      timeout: 20,
      internal: true,
      load: async () => forOwnInstance((await import('./announced')).announced),
    },
    'validate-all': { timeout: 20, load: async () => inPlace((await import('./validate-all')).validateAll) },
  },
  validate: validateConfiguration,
})
