/** Whether an address is this host's. */
import { parseAddress } from './address'
import { placesOf } from './interfaces'
import { visibleInterfaces } from './visible-interfaces'

/**
 * @param text - an address; a host name is taken as somebody else's
 * @returns whether it is on an interface of this host that is up and has a carrier
 */
export function isOwnAddress(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && placesOf(address, visibleInterfaces(address.family)).length > 0
}
