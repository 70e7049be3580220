/** Which interface the address belongs on, and with which prefix length. */
import { type Address, isLoopback, parseAddress } from '../../lib/network/address'
import { type Interface, interfaceCalled, type Placed, placesOf } from '../../lib/network/interfaces'
import { mostSpecificRoute, type Route } from '../../lib/network/routes'
import { type Values } from './agent'
import { type Facts } from './observe'

/** What the configuration says of the place. */
export interface Wanted {
  readonly address: Address
  readonly interface: string | undefined
  readonly prefixLength: number | undefined
}

export function wantedOf({ ip, nic, cidr_netmask }: Values): Wanted {
  return { address: ip, interface: nic?.name, prefixLength: cidr_netmask }
}

/** The same with the interface's own name, where the configuration has another name of it. */
export function withOwnName(wanted: Wanted, interfaces: readonly Interface[]): Wanted {
  if (wanted.interface === undefined) return wanted
  return { ...wanted, interface: interfaceCalled(wanted.interface, interfaces)?.name ?? wanted.interface }
}

const LOOPBACK_NETWORK = parseAddress('127.0.0.0')

/** The route the place is taken from where the configuration does not name it. */
export function routeTo(wanted: Wanted, routes: readonly Route[]): Route | undefined {
  const found = mostSpecificRoute(routes, wanted.address, wanted)
  if (found) return found
  // The main routing table does not have the loopback network.
  return wanted.address.family === 4 && isLoopback(wanted.address) && LOOPBACK_NETWORK
    ? { interface: 'lo', network: LOOPBACK_NETWORK, prefixLength: 8 }
    : undefined
}

/**
 * Where the address is, of the places that are this resource's: on the configured interface; without one, on that of
 * the route and on the one that start has chosen, which may have been by another route. When there is neither (its
 * interface is down), any interface will do, except loopback, where a server behind a load balancer has the address for
 * itself. Interfaces that are up come first.
 */
export function heldPlaces(
  wanted: Wanted,
  { interfaces, routes, chosen }: Pick<Facts, 'interfaces' | 'routes' | 'chosen'>,
): readonly Placed[] {
  const configured = withOwnName(wanted, interfaces).interface
  const names = configured === undefined ? [routeTo(wanted, routes)?.interface, chosen] : [configured]
  const anywhere = names.every((name) => name === undefined)
  const places = placesOf(wanted.address, interfaces).filter((place) =>
    anywhere ? !place.loopback : names.includes(place.interface),
  )
  return [...places.filter(({ up }) => up), ...places.filter(({ up }) => !up)]
}

/** Whether the address is as it is configured; a prefix length that is not configured can be any. */
export function isAsWanted(place: Placed, wanted: Wanted): boolean {
  return wanted.prefixLength === undefined || place.prefixLength === wanted.prefixLength
}

/** What is wrong with an interface for check_link_status. */
export function noLink(name: string): string {
  return `${name} has no link: check its cable, switch or lower interface, or set check_link_status=false`
}
