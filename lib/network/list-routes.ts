/** Networks that this host is connected to, by who made their routes, which only iproute2 tells. */
import { type Deadline } from '../ocf'
import { bitsOf, type Family, parseAddress } from './address'
import { runIp } from './ip-command'
import { type Route } from './routes'

/** What `ip -j route show` prints, as far as it is used. */
interface Listed {
  /** Not there for an ordinary route; `unreachable`, `blackhole`, ... */
  readonly type?: string
  /** `default`, or an address alone where the route is to a single host. */
  readonly dst?: string
  readonly dev?: string
  readonly gateway?: string
  readonly via?: unknown
}

/** Reads the output of `ip -j route show`: the networks that are reached directly. */
export function parseListedRoutes(json: string): readonly Route[] {
  // Where there is no route at all, nothing is printed.
  const listed = (json.trim() === '' ? [] : JSON.parse(json)) as readonly Listed[]
  return listed.flatMap(({ type = 'unicast', dst = '', dev, gateway, via }) => {
    const [text = '', length] = dst.split('/')
    const network = parseAddress(text)
    const prefixLength = Number(length)
    if (type !== 'unicast' || dev === undefined || gateway !== undefined || via !== undefined) return []
    if (!network || !(prefixLength > 0 && prefixLength < bitsOf(network.family))) return []
    return { interface: dev, network, prefixLength }
  })
}

/**
 * The networks this host is connected to by routes of one protocol (`kernel`, `static`, `bird`, or its number).
 *
 * @throws OcfError ERR_GENERIC when there is no such protocol, ERR_INSTALLED when there is no iproute2
 */
export async function listRoutes(
  family: Family,
  protocol: string,
  deadline: Deadline,
): Promise<readonly Route[]> {
  return parseListedRoutes(await runIp(['-j', `-${family}`, 'route', 'show', 'proto', protocol], deadline))
}
