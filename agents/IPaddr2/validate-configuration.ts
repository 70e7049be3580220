/** Checks between the parameters; the same on every node. */
import { addressAfter, bitsOf, isLinkLocal } from '../../lib/network/address'
import { type OcfEnvironment, type ParameterProblem } from '../../lib/ocf'
import { type Values } from './agent'
import { CLUSTER_IP_HASHES } from './parameters'

type Check = (values: Values, env: OcfEnvironment) => string | undefined

/** By the parameter that is to be changed; each says what is wrong and how to fix it. */
const CHECKS: readonly (readonly [keyof Values, Check])[] = [
  [
    'cidr_netmask',
    ({ ip, cidr_netmask: length }) =>
      length !== undefined && length > bitsOf(ip.family)
        ? `cidr_netmask: ${length} is too long for the IPv${ip.family} address ${ip.text}; set it to 1 to ${bitsOf(ip.family)}`
        : undefined,
  ],
  [
    'nic',
    ({ ip, nic }) =>
      isLinkLocal(ip) && nic === undefined
        ? `nic is not set: the link-local address ${ip.text} needs it; set nic to an interface`
        : undefined,
  ],
  [
    'iflabel',
    (values) => {
      // Behind the shortest of names: nic may be another one than the label will have. Start knows which.
      const label = labelOf(values, '?')
      return label !== undefined && label.length > MAX_LABEL
        ? `iflabel: '${label.slice(2)}' with an interface's name before it is longer than ${MAX_LABEL} characters; shorten it`
        : undefined
    },
  ],
  [
    'broadcast',
    ({ ip, broadcast }) =>
      ip.family === 6 && broadcast !== ''
        ? `broadcast: IPv6 has no broadcast; leave broadcast empty for ip=${ip.text}`
        : undefined,
  ],
  [
    'lvs_support',
    ({ ip, lvs_support }) =>
      ip.family === 6 && lvs_support
        ? `lvs_support is for IPv4 only; use lvs_ipv6_addrlabel instead for ip=${ip.text}`
        : undefined,
  ],
  [
    'unique_clone_address',
    ({ unique_clone_address }, { globallyUnique }) =>
      unique_clone_address && !globallyUnique
        ? 'unique_clone_address: only instances with numbers have addresses of their own; set meta globally-unique=true'
        : undefined,
  ],
  [
    'unique_clone_address',
    ({ ip, unique_clone_address }, { cloneMax = 1, cloneInstance = 0 }) => {
      const last = Math.max(cloneMax - 1, cloneInstance)
      return unique_clone_address && addressAfter(ip, last) === undefined
        ? `unique_clone_address: there are no ${last} addresses after ${ip.text}; lower ip, or clone-max`
        : undefined
    },
  ],
]

/** For a cluster IP, one address that the instances of a clone have together. Without one, they mean nothing. */
const CLUSTER_IP_CHECKS: readonly (readonly [keyof Values, Check])[] = [
  [
    'lvs_support',
    ({ lvs_support }) =>
      lvs_support
        ? 'lvs_support: it does not go together with a cluster IP; make the resource a primitive'
        : undefined,
  ],
  [
    'mac',
    ({ mac }) =>
      mac === '' || /^[\da-f][13579bdf]([:-][\da-f]{2}){5}$/i.test(mac)
        ? undefined
        : `mac: '${mac}' is not allowed; set mac to a multicast hardware address such as 01:00:5e:00:00:01`,
  ],
  ['clusterip_hash', ({ clusterip_hash: hash }) => notOneOf('clusterip_hash', hash, CLUSTER_IP_HASHES)],
  [
    'clusterip_firewall',
    ({ clusterip_firewall: firewall }) => notOneOf('clusterip_firewall', firewall, ['auto', 'detect', 'nft']),
  ],
  [
    'clusterip_mac_mangle',
    ({ ip, clusterip_mac_mangle: mangle }) =>
      ip.family === 6 && mangle
        ? 'clusterip_mac_mangle: there is no ARP with IPv6; set it to false, and have each node get every packet otherwise'
        : undefined,
  ],
  ['clusterip_table', ({ clusterip_table }) => notName('clusterip_table', clusterip_table)],
  ['clusterip_chain', ({ clusterip_chain }) => notName('clusterip_chain', clusterip_chain)],
  [
    'ip',
    (_, { globallyUnique }) =>
      globallyUnique
        ? undefined
        : 'ip: only instances with numbers share an address; set meta globally-unique=true, or nic=lo, or use a primitive',
  ],
]

function notOneOf(name: string, value: string, words: readonly string[]): string | undefined {
  return words.includes(value)
    ? undefined
    : `${name}: '${value}' is not allowed; set ${name} to one of ${words.join(', ')}`
}

function notName(name: string, value: string): string | undefined {
  return /^([a-z][\w./-]*)?$/i.test(value)
    ? undefined
    : `${name}: '${value}' is not allowed; set ${name} to a name of letters, digits, '_', '-', '.' and '/'`
}

/**
 * Whether the instances of a clone have one address together. On loopback each node has it for itself, as the servers
 * of a Linux Virtual Server with direct routing do: nobody else asks for it there.
 */
export function isClusterIp(
  { unique_clone_address, nic }: Values,
  { cloneMax = 1, anonymousClone }: OcfEnvironment,
): boolean {
  return cloneMax > 1 && !unique_clone_address && !(anonymousClone && nic?.name === 'lo')
}

/** The kernel keeps 15 characters of `INTERFACE:LABEL`. */
export const MAX_LABEL = 15

/** What follows the interface's name and a colon in the label of the address; nothing without a label. */
export function labelPartOf({ ip, nic, iflabel }: Values): string | undefined {
  const label = nic?.label ?? iflabel
  return ip.family === 6 || label === '' ? undefined : label
}

/** The label of the address on an interface, as the kernel wants it; nothing without a label. */
export function labelOf(values: Values, name: string): string | undefined {
  const label = labelPartOf(values)
  return label === undefined ? undefined : `${name}:${label}`
}

export function validateConfiguration(values: Values, env: OcfEnvironment): readonly ParameterProblem[] {
  const clusterIp = isClusterIp(values, env)
  return [...CHECKS, ...(clusterIp ? CLUSTER_IP_CHECKS : [])].flatMap(([name, check]) => {
    const reason = check(values, env)
    return reason === undefined ? [] : { name, value: undefined, reason }
  })
}
