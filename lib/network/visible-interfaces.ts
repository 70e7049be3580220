/** The interfaces as a process sees them without asking any program. */
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { type Family, parseAddress } from './address'
import { readIpv6States } from './ipv6-states'
import { type Interface, type InterfaceAddress } from './interfaces'

const NOTHING_SPECIAL = { tentative: false, duplicate: false } as const

/**
 * Puts what Node tells of interfaces, which are keyed by label, together by interface.
 *
 * @param family - of the addresses to be read. Default: both
 */
export function interfacesFrom(
  byLabel: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  ipv6States: ReturnType<typeof readIpv6States>,
  family?: Family,
): readonly Interface[] {
  const found = new Map<string, { loopback: boolean; addresses: InterfaceAddress[] }>()
  for (const [label, infos = []] of Object.entries(byLabel)) {
    const [name = label] = label.split(':')
    for (const info of infos) {
      const entry = found.get(name) ?? { loopback: info.internal, addresses: [] }
      found.set(name, entry)
      if (family !== undefined && info.address.includes(':') !== (family === 6)) continue
      // A link-local address may be followed by its zone.
      const address = parseAddress(info.address.split('%')[0] ?? '')
      if (!address) continue
      entry.addresses.push({
        address,
        prefixLength: Number(info.cidr?.split('/')[1]),
        label,
        broadcast: undefined,
        ...(ipv6States.get(`${name} ${address.hex}`) ?? NOTHING_SPECIAL),
      })
    }
  }
  return [...found].map(([name, { loopback, addresses }]) => ({
    name,
    altNames: [],
    up: true,
    link: true,
    loopback,
    linkType: undefined,
    addresses,
  }))
}

/**
 * The interfaces that are up, run (have a carrier), and have an address. What is in it is true; what is not in it may
 * be on an interface that is down or has lost its cable: `listInterfaces` knows.
 *
 * @param family - of the addresses to be read; the interfaces are all there. Default: both
 */
export function visibleInterfaces(family?: Family): readonly Interface[] {
  const ipv6States = family === 4 ? new Map<never, never>() : readIpv6States()
  return interfacesFrom(networkInterfaces(), ipv6States, family)
}
