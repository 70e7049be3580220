/** Network interfaces and the addresses on them. */
import { type Address } from './address'

export interface InterfaceAddress {
  readonly address: Address
  readonly prefixLength: number
  /** IPv4: the interface's name, or `NAME:LABEL`. */
  readonly label: string
  readonly broadcast: string | undefined
  /** IPv6: not yet known to be nobody else's. */
  readonly tentative: boolean
  /** IPv6: somebody else on the network has it. */
  readonly duplicate: boolean
}

export interface Interface {
  readonly name: string
  /** Other names that the kernel knows it by (`ip link property`); none where the kernel was not asked. */
  readonly altNames: readonly string[]
  /** Switched on by the administrator. That says nothing of a cable. */
  readonly up: boolean
  /** Nothing says that it has no link: a lost cable does, or a lower interface that is down. */
  readonly link: boolean
  readonly loopback: boolean
  /** `ether`, `loopback`, `infiniband`, ...; unknown where the kernel was not asked. */
  readonly linkType: string | undefined
  readonly addresses: readonly InterfaceAddress[]
}

/** An address together with where it is. */
export interface Placed extends InterfaceAddress {
  readonly interface: string
  readonly up: boolean
  readonly link: boolean
  readonly loopback: boolean
}

/** The interface with this name, or with this other name. */
export function interfaceCalled(name: string, interfaces: readonly Interface[]): Interface | undefined {
  return interfaces.find((one) => one.name === name || one.altNames.includes(name))
}

/** Every place where an address is, with whatever prefix length. */
export function placesOf(address: Address, interfaces: readonly Interface[]): readonly Placed[] {
  return interfaces.flatMap(({ name, up, link, loopback, addresses }) =>
    addresses
      .filter((candidate) => candidate.address.hex === address.hex)
      .map((found) => ({ ...found, interface: name, up, link, loopback })),
  )
}
