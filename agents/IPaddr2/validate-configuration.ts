/** Checks between the parameters; the same on every node. */
import { bitsOf, isLinkLocal } from '../../lib/network/address'
import { type OcfEnvironment, type ParameterProblem } from '../../lib/ocf'
import { type Values } from './agent'

type Check = (values: Values, env: OcfEnvironment) => string | undefined

/** By the parameter that is to be changed; each says what is wrong and how to mend it. */
const CHECKS: readonly (readonly [keyof Values, Check])[] = [
  [
    'cidr_netmask',
    ({ ip, cidr_netmask: length }) =>
      length !== undefined && length > bitsOf(ip.family)
        ? `cidr_netmask: ${length} is too long for the IPv${ip.family} address ${ip.text}; set it to 1 to ${bitsOf(ip.family)}`
        : undefined,
  ],
  [
    'nic',
    ({ ip, nic }) =>
      isLinkLocal(ip) && nic === undefined
        ? `nic is not set: the link-local address ${ip.text} needs it; set nic to an interface`
        : undefined,
  ],
  [
    'iflabel',
    (values) => {
      const label = labelOf(values, values.nic?.name ?? '')
      return label !== undefined && label.length > MAX_LABEL
        ? `iflabel: the label '${label}' is longer than ${MAX_LABEL} characters; shorten it`
        : undefined
    },
  ],
  [
    'broadcast',
    ({ ip, broadcast }) =>
      ip.family === 6 && broadcast !== ''
        ? `broadcast: IPv6 has no broadcast; leave broadcast empty for ip=${ip.text}`
        : undefined,
  ],
  [
    'lvs_support',
    ({ ip, lvs_support }) =>
      ip.family === 6 && lvs_support
        ? `lvs_support is for IPv4 only; set lvs_ipv6_addrlabel instead for ip=${ip.text}`
        : undefined,
  ],
  [
    'lvs_ipv6_addrlabel',
    ({ ip, lvs_ipv6_addrlabel }) =>
      ip.family === 4 && lvs_ipv6_addrlabel
        ? `lvs_ipv6_addrlabel is for IPv6 only; leave it unset for ip=${ip.text}`
        : undefined,
  ],
  [
    'ip',
    ({ ip }, { cloneMax = 1 }) =>
      cloneMax > 1
        ? `ip: a clone would put ${ip.text} on several nodes at once; make the resource a primitive or part of a group`
        : undefined,
  ],
]

/** The kernel keeps 15 characters of `INTERFACE:LABEL`. */
export const MAX_LABEL = 15

/** The label of the address on an interface, as the kernel wants it; nothing without a label. */
export function labelOf({ ip, nic, iflabel }: Values, name: string): string | undefined {
  const label = nic?.label ?? iflabel
  return ip.family === 6 || label === '' ? undefined : `${name}:${label}`
}

export function validateConfiguration(values: Values, env: OcfEnvironment): readonly ParameterProblem[] {
  return CHECKS.flatMap(([name, check]) => {
    const reason = check(values, env)
    return reason === undefined ? [] : { name, value: undefined, reason }
  })
}
