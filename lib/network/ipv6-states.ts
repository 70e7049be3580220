/** How far duplicate address detection is with each IPv6 address of this host (RFC 4862, section 5.4). */
import { readFileSync } from 'node:fs'

export interface Ipv6State {
  /** Not yet known to be nobody else's: nothing can use it yet. */
  readonly tentative: boolean
  /** Somebody else on the network has it: the kernel does not use it. */
  readonly duplicate: boolean
}

/** Flags of an address in the kernel's if_addr.h. */
const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40

/** Reads the text of /proc/net/if_inet6; the keys are `INTERFACE HEX`. */
export function parseIpv6States(text: string): ReadonlyMap<string, Ipv6State> {
  const states = new Map<string, Ipv6State>()
  for (const line of text.split('\n')) {
    const [hex, , , , flags, name] = line.trim().split(/\s+/)
    if (hex === undefined || flags === undefined || name === undefined) continue
    const bits = parseInt(flags, 16)
    states.set(`${name} ${hex}`, {
      tentative: (bits & IFA_F_TENTATIVE) !== 0,
      duplicate: (bits & IFA_F_DADFAILED) !== 0,
    })
  }
  return states
}

/** The states of this host's addresses; none where the kernel has no IPv6. */
export function readIpv6States(): ReadonlyMap<string, Ipv6State> {
  try {
    return parseIpv6States(readFileSync('/proc/net/if_inet6', 'latin1'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
}
