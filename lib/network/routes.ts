/** Networks that this host is connected to, from the kernel's main routing table, without asking any program. */
import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { type Address, addressFromHex, bitsOf, type Family } from './address'
import { shareNetwork } from './prefix'

/** A network that is reached through an interface directly, with no gateway between. */
export interface Route {
  readonly interface: string
  readonly network: Address
  readonly prefixLength: number
}

/** Flags of a route in the kernel's route.h and ipv6_route.h. */
const RTF_GATEWAY = 0x2
const RTF_REJECT = 0x200
const RTF_ANYCAST = 0x100000
const RTF_LOCAL = 0x80000000
const UNCONNECTED = RTF_GATEWAY | RTF_REJECT | RTF_ANYCAST | RTF_LOCAL

function connected(flags: string | undefined): boolean {
  return (parseInt(flags ?? '', 16) & UNCONNECTED) === 0
}

/** A route to a single host, or to everything, says nothing of the network that an address belongs to. */
function isNetwork({ network, prefixLength }: Route): boolean {
  return prefixLength > 0 && prefixLength < bitsOf(network.family)
}

function swapBytes(hex: string): string {
  return (hex.match(/../g) ?? []).reverse().join('')
}

/** Reads the text of /proc/net/route, where addresses are numbers in the host's byte order. */
export function parseIpv4Routes(text: string, byteOrder = endianness()): readonly Route[] {
  const inOrder = (hex: string): string => (byteOrder === 'LE' ? swapBytes(hex) : hex).toLowerCase()
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name, network, , flags, , , , mask] = line.split('\t').map((field) => field.trim())
      if (name === undefined || network === undefined || mask === undefined || !connected(flags)) return []
      const ones = parseInt(inOrder(mask), 16).toString(2).replaceAll('0', '').length
      return { interface: name, network: addressFromHex(inOrder(network)), prefixLength: ones }
    })
    .filter(isNetwork)
}

/** Reads the text of /proc/net/ipv6_route. */
export function parseIpv6Routes(text: string): readonly Route[] {
  return text
    .split('\n')
    .flatMap((line) => {
      const [network, length, , , , , , , flags, name] = line.trim().split(/\s+/)
      if (network === undefined || length === undefined || name === undefined || !connected(flags)) return []
      return { interface: name, network: addressFromHex(network), prefixLength: parseInt(length, 16) }
    })
    .filter(isNetwork)
}

/** The networks this host is connected to; none where the kernel does not have the family. */
export function readRoutes(family: Family): readonly Route[] {
  try {
    return family === 4
      ? parseIpv4Routes(readFileSync('/proc/net/route', 'latin1'))
      : parseIpv6Routes(readFileSync('/proc/net/ipv6_route', 'latin1'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The most specific route that an address belongs to: of several alike, the first. */
export function mostSpecificRoute(
  routes: readonly Route[],
  address: Address,
  limits: { readonly interface?: string | undefined; readonly prefixLength?: number | undefined } = {},
): Route | undefined {
  return routes
    .filter((route) => limits.interface === undefined || route.interface === limits.interface)
    .filter((route) => limits.prefixLength === undefined || route.prefixLength <= limits.prefixLength)
    .filter((route) => shareNetwork(route.network, address, route.prefixLength))
    .reduce<Route | undefined>(
      (best, route) => (best === undefined || route.prefixLength > best.prefixLength ? route : best),
      undefined,
    )
}
