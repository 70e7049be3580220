/** All interfaces and addresses, as iproute2 lists them. */
import { type Deadline } from '../ocf'
import { parseAddress } from './address'
import { type Interface } from './interfaces'
import { runIp } from './ip-command'

/** What `ip -j address show` prints, as far as it is used. */
interface Listed {
  readonly ifname?: string
  readonly flags?: readonly string[]
  readonly operstate?: string
  readonly link_type?: string
  readonly altnames?: readonly string[]
  readonly addr_info?: readonly {
    readonly local?: string
    readonly prefixlen?: number
    readonly label?: string
    readonly broadcast?: string
    readonly tentative?: boolean
    readonly dadfailed?: boolean
  }[]
}

/** Reads the output of `ip -j address show`. */
export function parseInterfaces(json: string): readonly Interface[] {
  const listed = JSON.parse(json) as readonly Listed[]
  return listed.flatMap((one) => {
    const { ifname: name, altnames = [], flags = [], operstate = '', link_type, addr_info = [] } = one
    // Filters of `ip` leave empty objects behind.
    if (name === undefined) return []
    const addresses = addr_info.flatMap((info) => {
      const address = parseAddress(info.local ?? '')
      if (!address || info.prefixlen === undefined) return []
      return {
        address,
        prefixLength: info.prefixlen,
        label: info.label ?? name,
        broadcast: info.broadcast,
        tentative: info.tentative === true && info.dadfailed !== true,
        duplicate: info.dadfailed === true,
      }
    })
    return {
      name,
      altNames: altnames,
      up: flags.includes('UP'),
      link: operstate !== 'DOWN' && operstate !== 'LOWERLAYERDOWN',
      loopback: flags.includes('LOOPBACK'),
      linkType: link_type,
      addresses,
    }
  })
}

/**
 * Every interface of this host, those that are down included.
 *
 * @throws OcfError ERR_INSTALLED when there is no iproute2
 */
export async function listInterfaces(deadline: Deadline): Promise<readonly Interface[]> {
  return parseInterfaces(await runIp(['-j', 'address', 'show'], deadline))
}
