/** Whether the address can be put on this host, where, and in which steps. */
import { isLinkLocal } from '../../lib/network/address'
import {
  type Interface,
  type InterfaceAddress,
  interfaceCalled,
  type Placed,
  placesOf,
} from '../../lib/network/interfaces'
import { shareNetwork } from '../../lib/network/prefix'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Values } from './agent'
import { type Announcer } from './announce'
import { type Facts } from './observe'
import {
  hasPrefix,
  heldPlaces,
  isAsWanted,
  noLink,
  routeTo,
  type Wanted,
  wantedOf,
  withOwnName,
} from './place'
import { type Step } from './steps'
import { labelOf, MAX_LABEL } from './validate-configuration'

export interface StartFacts extends Facts {
  readonly root: boolean
  /** The program that announces the address on an interface. */
  readonly announcerFor: (linkType: string | undefined) => Announcer
}

/** Where the address is to be. */
export interface Place {
  readonly interface: Interface
  readonly prefixLength: number
}

type Refusal = { readonly exit: ExitCode; readonly reason: string; readonly steps: readonly [] }

function refusal(exit: ExitCode, reason: string): Refusal {
  return { exit, reason, steps: [] }
}

/** Finds the interface and the prefix length, or says why there are none on this host. */
export function choosePlace(configured: Wanted, { interfaces, routes }: Facts): Place | Refusal {
  const wanted = withOwnName(configured, interfaces)
  const ip = wanted.address.text
  if (wanted.interface !== undefined && !interfaceCalled(wanted.interface, interfaces)) {
    return refusal(
      ExitCode.ERR_ARGS,
      `nic: this node has no interface '${wanted.interface}'; set nic to one of ${interfaces.map(({ name }) => name).join(', ')}`,
    )
  }
  const route = routeTo(wanted, routes)
  const found = interfaceCalled(wanted.interface ?? route?.interface ?? '', interfaces)
  // A link-local network has the same length everywhere.
  const prefixLength =
    wanted.prefixLength ?? route?.prefixLength ?? (isLinkLocal(wanted.address) ? 64 : undefined)
  if (found && prefixLength !== undefined) return { interface: found, prefixLength }
  return refusal(
    ExitCode.ERR_GENERIC,
    found
      ? `${found.name} has no route to the network of ${ip}: set cidr_netmask`
      : `this node has no route to the network of ${ip}: set nic and cidr_netmask, or bring its interface up`,
  )
}

/** The place of an address that is there already. */
function placeOf({ interface: name, prefixLength }: Placed, { interfaces }: Facts): Place | Refusal {
  const found = interfaceCalled(name, interfaces)
  return found
    ? { interface: found, prefixLength }
    : refusal(ExitCode.ERR_GENERIC, `the interface ${name} has gone`)
}

/** Where a load balancer's server has the address for itself. */
function loopbackPlaces(
  wanted: Wanted,
  target: Interface,
  interfaces: readonly Interface[],
): readonly Placed[] {
  return placesOf(wanted.address, interfaces).filter(
    (place) => place.loopback && place.interface !== target.name && place.prefixLength === 32,
  )
}

/** The broadcast address of the network around the address, which another address there has: the smallest such network. */
function broadcastLike(
  wanted: Wanted,
  { interface: { addresses }, prefixLength }: Place,
): string | undefined {
  return addresses
    .filter((other) => other.broadcast !== undefined && other.prefixLength <= prefixLength)
    .filter((other) => shareNetwork(other.address, wanted.address, other.prefixLength))
    .reduce<InterfaceAddress | undefined>(
      (best, other) => (best === undefined || other.prefixLength > best.prefixLength ? other : best),
      undefined,
    )?.broadcast
}

/** The steps from nothing to an address that everybody knows of. */
function stepsTo(
  values: Values,
  { interface: target, prefixLength }: Place,
  label: string | undefined,
  inTheWay: readonly Placed[],
  onLoopback: readonly Placed[],
  announcer: Announcer,
): readonly Step[] {
  const wanted = wantedOf(values)
  const v6 = values.ip.family === 6
  const where = { interface: target.name, prefixLength }
  const broadcast = values.broadcast || broadcastLike(wanted, { interface: target, prefixLength })
  return [
    ...(values.run_arping && !v6 && target.up && !target.loopback
      ? [{ step: 'ask for another owner' as const, ...where }]
      : []),
    ...onLoopback.map(({ broadcast, label }) => ({
      step: 'take from loopback' as const,
      as: { ...(broadcast !== undefined && { broadcast }), ...(label !== '' && { label }) },
    })),
    ...inTheWay.map((place) => ({
      step: 'remove' as const,
      interface: place.interface,
      prefixLength: place.prefixLength,
    })),
    ...(v6 && values.lvs_ipv6_addrlabel ? [{ step: 'add address label' as const }] : []),
    {
      step: 'add',
      ...where,
      ...(broadcast !== undefined && !v6 && { broadcast }),
      ...(label !== undefined && { label }),
      flags: [
        ...(v6 && values.nodad ? ['nodad'] : []),
        ...(values.noprefixroute ? ['noprefixroute'] : []),
        ...(v6 && values.preferred_lft !== 'forever' ? ['preferred_lft', values.preferred_lft] : []),
      ],
    },
    ...(target.up ? [] : [{ step: 'bring up' as const, interface: target.name }]),
    ...(target.up || !values.check_link_status ? [] : [{ step: 'await link' as const, ...where }]),
    ...(v6 && !values.nodad && !target.loopback ? [{ step: 'await detection' as const, ...where }] : []),
    ...(target.loopback ? [] : [{ step: 'announce' as const, ...where, announcer }]),
  ]
}

/** What is to be noted for monitor and stop, which may find another route, where the configuration names no interface. */
export function noteOf(
  { nic }: Pick<Values, 'nic'>,
  name: string,
  { chosen }: Pick<Facts, 'chosen'>,
): readonly Extract<Step, { step: 'note interface' }>[] {
  return nic === undefined && chosen !== name ? [{ step: 'note interface', interface: name }] : []
}

export function decideStart(values: Values, facts: StartFacts): Plan<Step> {
  const wanted = wantedOf(values)
  if (!facts.root) {
    return refusal(
      ExitCode.ERR_PERM,
      `only root can put ${wanted.address.text} on an interface: run the agent as root`,
    )
  }
  const held = heldPlaces(wanted, facts)
  const good = held.find((one) => isAsWanted(one, wanted) && !one.duplicate)
  // The kernel changes no label: the address is added again, where it is.
  const unlabelled = good ? undefined : held.find((one) => hasPrefix(one, wanted) && !one.duplicate)
  const checkLink = values.check_link_status
  if (good?.up && (good.link || !checkLink))
    return { exit: ExitCode.SUCCESS, steps: noteOf(values, good.interface, facts) }

  const there = good ?? unlabelled
  const place = there ? placeOf(there, facts) : choosePlace(wanted, facts)
  if ('exit' in place) return place
  const target = place.interface
  // One that is down may have a link once it is up.
  if (checkLink && target.up && !target.link) return refusal(ExitCode.ERR_GENERIC, noLink(target.name))
  const label = labelOf(values, target.name)
  if (label !== undefined && label.length > MAX_LABEL) {
    return refusal(
      ExitCode.ERR_CONFIGURED,
      `iflabel: the label '${label}' is longer than ${MAX_LABEL} characters; shorten it`,
    )
  }
  const announcer = facts.announcerFor(target.linkType)
  if (values.arp_sender !== undefined && wanted.address.family === 4 && announcer.program === undefined) {
    return refusal(
      ExitCode.ERR_INSTALLED,
      `arp_sender: ${announcer.sender} is not installed on this node: install it, or leave arp_sender empty`,
    )
  }
  if (good) {
    const { name } = target
    return {
      exit: ExitCode.SUCCESS,
      steps: [
        ...noteOf(values, name, facts),
        { step: 'bring up', interface: name },
        ...(checkLink
          ? [{ step: 'await link' as const, interface: name, prefixLength: good.prefixLength }]
          : []),
        { step: 'announce', interface: name, prefixLength: good.prefixLength, announcer },
      ],
    }
  }
  // IPv6 does not have one address twice on an interface, whatever the prefix length.
  const inTheWay = held.filter((one) => one === unlabelled || one.duplicate || wanted.address.family === 6)
  const onLoopback = values.lvs_support ? loopbackPlaces(wanted, target, facts.interfaces) : []
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      ...noteOf(values, target.name, facts),
      ...stepsTo(values, place, label, inTheWay, onLoopback, announcer),
    ],
  }
}
