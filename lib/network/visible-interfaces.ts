/** The interfaces as a process sees them without asking any program. */
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { parseAddress } from './address'
import { readIpv6States } from './ipv6-states'
import { type Interface, type InterfaceAddress } from './interfaces'

const NOTHING_SPECIAL = { tentative: false, duplicate: false } as const

/** Puts what Node tells of interfaces, which are keyed by label, together by interface. */
export function interfacesFrom(
  byLabel: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  ipv6States: ReturnType<typeof readIpv6States>,
): readonly Interface[] {
  const found = new Map<string, { loopback: boolean; addresses: InterfaceAddress[] }>()
  for (const [label, infos = []] of Object.entries(byLabel)) {
    const [name = label] = label.split(':')
    for (const info of infos) {
      // A link-local address may be followed by its zone.
      const address = parseAddress(info.address.split('%')[0] ?? '')
      if (!address) continue
      const entry = found.get(name) ?? { loopback: info.internal, addresses: [] }
      found.set(name, entry)
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
 */
export function visibleInterfaces(): readonly Interface[] {
  return interfacesFrom(networkInterfaces(), readIpv6States())
}
