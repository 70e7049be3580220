/** The parameters of ocf:ts:IPaddr2. Names, defaults and meaning are those of ocf:heartbeat:IPaddr2. */
import { ARP_SENDERS, type ArpSender } from '../../lib/network/announcement'
import { type Address, isUnicast, parseAddress } from '../../lib/network/address'
import { parsePrefixLength } from '../../lib/network/prefix'
import { boolean, choice, integer, type Parameter, text, words } from '../../lib/ocf'

/** An interface by its name or an alternative one, and the label that older configurations write behind it. */
export interface Nic {
  readonly name: string
  readonly label: string | undefined
}

/** What a cluster IP's connections can be shared out by. */
export const CLUSTER_IP_HASHES = ['sourceip', 'sourceip-sourceport', 'sourceip-sourceport-destport'] as const

const CLUSTER_IP = 'It has no effect without a cluster IP.'

const ip: Parameter<Address> = {
  type: 'string',
  required: true,
  uniqueGroup: 'address',
  shortdesc: 'IPv4 or IPv6 address',
  longdesc:
    'The virtual address, without a prefix length: for example 192.168.1.1 or 2001:db8::1. IPv6 addresses may be written in any way.',
  parse: (value) => {
    const address = parseAddress(value.trim())
    if (!address || !isUnicast(address)) throw new Error('an address such as 192.168.1.1 or 2001:db8::1')
    return address
  },
}

const nic: Parameter<Nic | undefined> = {
  type: 'string',
  shortdesc: 'Network interface',
  longdesc:
    'The interface that gets the address, for example eth0. Without it, the interface of the most specific route to the network that ip belongs to. It is required for a link-local IPv6 address. An alternative name (altname) will do, too; then each monitor runs one program more. A label behind a colon (eth0:1) is accepted and takes the place of iflabel.',
  parse: (value) => {
    const [, name, label] = /^([^\s/:]{1,127})(?::([^\s/:]*))?$/.exec(value.trim()) ?? []
    if (name === undefined) throw new Error('the name of an interface, such as eth0')
    return { name, label: label === '' ? undefined : label }
  },
}

const cidr_netmask: Parameter<number | undefined> = {
  type: 'string',
  aliases: ['netmask'],
  shortdesc: 'Prefix length',
  longdesc:
    'How many bits of the address name its network, for example 24. For IPv4 a netmask such as 255.255.255.0 is accepted too. Without it, the prefix length of the most specific route to that network.',
  parse: (value) => {
    const length = parsePrefixLength(value.trim())
    if (length === undefined) throw new Error('a prefix length such as 24 (or a netmask, 255.255.255.0)')
    return length
  },
}

const clusterip_hash_seed: Parameter<number> = {
  type: 'string',
  default: 0,
  shortdesc: 'Cluster IP: seed of the hash',
  longdesc: `Where the hash of a client's address begins, a number such as 7 or 0xdeadbeef. ${CLUSTER_IP}`,
  parse: (value) => {
    const seed = /^(0x[\da-f]{1,8}|\d{1,10})$/i.test(value.trim()) ? Number(value) : NaN
    if (!(seed <= 0xffffffff)) throw new Error('a number from 0 to 0xffffffff')
    return seed
  },
}

const arp_sender: Parameter<ArpSender | undefined> = choice(ARP_SENDERS, {
  shortdesc: 'Program that announces an IPv4 address',
  longdesc:
    'send_arp (from resource-agents), iputils_arping or libnet_arping (the two programs called arping), or ipoibarping. By default ipoibarping on InfiniBand, else send_arp, else iputils_arping, whichever is there first. IPv6 addresses are always announced by send_ua.',
})

export const parameters = {
  ip,
  nic,
  cidr_netmask,
  broadcast: text({
    shortdesc: 'Broadcast address (IPv4)',
    longdesc:
      "The broadcast address, or '+' or '-' to make it from the prefix by setting or clearing the host's bits. Without it, that of another address on the interface, of the same network or of one around it, and none if there is none.",
    check: (value) =>
      value === '+' || value === '-' || parseAddress(value)?.family === 4
        ? undefined
        : "an IPv4 address, '+' or '-'",
  }),
  proto: text({
    shortdesc: 'Protocol of the route that the place is taken from',
    longdesc:
      'Which routes count where nic or cidr_netmask is not set: those of this protocol, as "ip route show" names it behind proto, for example kernel or static. Without it, all routes do.',
    check: (value) =>
      /^\w[\w-]*$/.test(value) ? undefined : 'the name or number of a routing protocol, such as kernel',
  }),
  iflabel: text({
    shortdesc: 'Label of the address (IPv4)',
    longdesc:
      'A name that tools show beside the address, as INTERFACE:LABEL: at the most 15 characters together. It has no effect with IPv6, or when nic carries a label.',
    check: (value) => (/^[^\s/:]+$/.test(value) ? undefined : 'a word without blanks, colons and slashes'),
  }),
  lvs_support: boolean({
    default: false,
    shortdesc: 'Keep the address on loopback while stopped (IPv4, LVS direct routing)',
    longdesc:
      'For the nodes of a Linux Virtual Server with direct routing, which have the address on the loopback interface as a /32: start takes it from there, and stop puts it back.',
  }),
  lvs_ipv6_addrlabel: boolean({
    default: true,
    shortdesc: 'Do not use the address as a source (IPv6, LVS direct routing)',
    longdesc:
      'Gives the address a label of its own in the policy table (ip addrlabel), so that Linux does not choose it as the source of connections to addresses with other labels. Without that, health checks of a director that is also a real server may not get an answer. It has no effect with IPv4.',
  }),
  lvs_ipv6_addrlabel_value: integer({
    default: 99,
    min: 0,
    shortdesc: 'The number of that label',
    longdesc: 'The label that lvs_ipv6_addrlabel uses; one that "ip addrlabel list" does not show yet.',
  }),
  mac: text({
    shortdesc: 'Cluster IP: hardware address',
    longdesc: `The multicast hardware address that all nodes listen to, such as 03:00:00:00:00:01. By default each node makes the same one from ip. ${CLUSTER_IP}`,
  }),
  clusterip_hash: text({
    default: 'sourceip-sourceport',
    shortdesc: 'Cluster IP: accepted, and not used',
    longdesc: `One of ${CLUSTER_IP_HASHES.join(', ')}. It is accepted for the sake of older configurations; clients are shared out by their own address (sourceip) alone. ${CLUSTER_IP}`,
  }),
  clusterip_firewall: text({
    default: 'auto',
    shortdesc: 'Cluster IP: program that filters',
    longdesc: `The program that filters packets: nft is the one that is supported, and auto (or detect) means it. ${CLUSTER_IP}`,
  }),
  clusterip_hash_seed,
  clusterip_table: text({
    shortdesc: 'Cluster IP: table of the rules',
    longdesc: `The table that the rules are in, by default ocf-ts-IPaddr2. It goes when nothing is in it any more. ${CLUSTER_IP}`,
  }),
  clusterip_chain: text({
    shortdesc: 'Cluster IP: chain of the rules',
    longdesc: `The chain for the rules, each address its own; by default vip- and the address. Another one beside it ends in -instances. ${CLUSTER_IP}`,
  }),
  clusterip_mac_mangle: boolean({
    default: true,
    shortdesc: 'Cluster IP: answer ARP with mac',
    longdesc: `Whether ARP requests are answered with the hardware address mac, so that the network gives every packet to every node. Otherwise something else must do that; with IPv6 always. ${CLUSTER_IP}`,
  }),
  unique_clone_address: boolean({
    default: false,
    shortdesc: 'An address of its own for each instance of a clone',
    longdesc:
      'For a clone with the meta attribute globally-unique=true: each instance gets the address that is as much further on as its number says; with ip=192.168.1.10, instance 0 gets 192.168.1.10 and instance 2 gets 192.168.1.12.',
  }),
  arp_interval: integer({
    default: 200,
    min: 1,
    shortdesc: 'Milliseconds between two announcements',
    longdesc:
      'Milliseconds between two announcements. arping and ipoibarping do not know it; they announce once a second.',
  }),
  arp_count: integer({
    default: 5,
    min: 1,
    shortdesc: 'Announcements at start',
    longdesc: 'How many times the address is announced when it starts. The first one leaves at once.',
  }),
  arp_count_refresh: integer({
    default: 0,
    min: 0,
    shortdesc: 'Announcements at every monitor (IPv4)',
    longdesc:
      'How many times a monitor announces the address again. It helps against neighbours that missed the announcements at start; 0 for none.',
  }),
  arp_bg: boolean({
    default: true,
    shortdesc: 'Announce in the background',
    longdesc:
      'Whether start is done as soon as the address is there, while the announcements go on in the background. Otherwise start waits for the last one.',
  }),
  arp_sender,
  send_arp_opts: words({
    shortdesc: 'More options for the announcing program (IPv4)',
    longdesc:
      'Options for the program named by arp_sender, separated by blanks: for example -A with iputils_arping, to send ARP replies in place of requests.',
  }),
  flush_routes: boolean({
    default: false,
    shortdesc: 'Flush the route cache on stop',
    longdesc:
      'Whether stop empties the route cache, so that programs on this node do not go on using the address over the loopback interface.',
  }),
  run_arping: boolean({
    default: false,
    shortdesc: 'Ask for another owner before start (IPv4)',
    longdesc:
      'Whether start first asks the network, with arping, for another machine that has the address, and fails if there is one. It makes start take up to three seconds longer.',
  }),
  nodad: boolean({
    default: false,
    shortdesc: 'No duplicate address detection (IPv6)',
    longdesc:
      'Whether the address is used at once, without asking whether another machine has it. Otherwise start waits for the answer, which takes a second or two.',
  }),
  noprefixroute: boolean({
    default: false,
    shortdesc: 'Add no route to the network',
    longdesc:
      'Whether the address is added without a route to its network (see noprefixroute in ip-address(8)).',
  }),
  preferred_lft: text({
    default: 'forever',
    shortdesc: 'Preferred lifetime (IPv6)',
    longdesc:
      "For how many seconds the address may be chosen as the source of new connections; 'forever' for always, 0 for never.",
    check: (value) => (/^(forever|\d+)$/.test(value) ? undefined : "a number of seconds, or 'forever'"),
  }),
  network_namespace: text({
    shortdesc: 'Network namespace',
    longdesc:
      'The network namespace (ip netns) that has the interface: everything is done in there. It must be on the node before the resource starts. A monitor costs twice as much with it.',
    check: (value) => (/^[^\s/.-][^\s/]*$/.test(value) ? undefined : 'a name that "ip netns list" shows'),
  }),
  check_link_status: boolean({
    default: false,
    shortdesc: 'Fail without a link',
    longdesc:
      'Whether an interface without a link (its cable is lost, or the interface that it is made of is down; "ip link" says DOWN or LOWERLAYERDOWN) fails the monitor, so that the address moves, and a start. Mind that all nodes may lose their links at once, with a switch: a resource that failed everywhere stays stopped until its failures are cleaned up or expire.',
  }),
} as const
