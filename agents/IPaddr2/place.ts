/** Which interface the address belongs on, and with which prefix length. */
import { type Address, isLoopback, parseAddress } from '../../lib/network/address'
import { type Interface, interfaceCalled, type Placed, placesOf } from '../../lib/network/interfaces'
import { mostSpecificRoute, type Route } from '../../lib/network/routes'
import { type Values } from './agent'
import { type Facts } from './observe'
import { labelPartOf } from './validate-configuration'

/** What the configuration says of the place. */
export interface Wanted {
  readonly address: Address
  readonly interface: string | undefined
  readonly prefixLength: number | undefined
  /** What follows the interface's name and a colon in the address's label. */
  readonly label: string | undefined
}

export function wantedOf(values: Values): Wanted {
  const { ip, nic, cidr_netmask } = values
  return { address: ip, interface: nic?.name, prefixLength: cidr_netmask, label: labelPartOf(values) }
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

/** Whether the address has the prefix length that is configured, if one is. */
export function hasPrefix({ prefixLength }: Placed, wanted: Wanted): boolean {
  return wanted.prefixLength === undefined || prefixLength === wanted.prefixLength
}

/** Whether the address has the label that is configured, if one is; before the colon, the interface may have another name. */
export function hasLabel({ label }: Placed, wanted: Wanted): boolean {
  return wanted.label === undefined || label.slice(label.indexOf(':') + 1 || label.length) === wanted.label
}

/** Whether the address is as it is configured. */
export function isAsWanted(place: Placed, wanted: Wanted): boolean {
  return hasPrefix(place, wanted) && hasLabel(place, wanted)
}

/** What is wrong with an interface for check_link_status. */
export function noLink(name: string): string {
  return `${name} has no link: check its cable, switch or lower interface, or set check_link_status=false`
}

/** What is wrong with an address that lacks its label. */
export function noLabel({ interface: name, label }: Placed, wanted: Wanted): string {
  return `${wanted.address.text} is on ${name} with the label '${label}' instead of '${name}:${wanted.label ?? ''}': restart the resource, or correct iflabel`
}
