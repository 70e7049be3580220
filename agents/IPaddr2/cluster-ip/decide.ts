/** What is done about one instance's share of an address that the instances of a clone have together. */
import { type Share } from '../../../lib/network/cluster-ip'
import { ExitCode, type Plan } from '../../../lib/ocf'
import { type Values } from '../agent'
import { choosePlace, noteOf } from '../decide-start'
import { type Facts } from '../observe'
import { hasLabel, hasPrefix, heldPlaces, isAsWanted, noLabel, noLink, wantedOf } from '../place'
import { type Step } from '../steps'
import { labelOf } from '../validate-configuration'

export interface SharedFacts extends Facts {
  readonly root: boolean
  /** nftables' program is installed. */
  readonly nft: boolean
  /** The shares that this node serves. */
  readonly shares: readonly Share[]
  /** The share in question, and how many there are. */
  readonly instance: number
  readonly total: number
}

interface Where {
  readonly interface: string
  readonly prefixLength: number
}

export type SharedStep =
  | Extract<Step, { step: 'add' | 'bring up' | 'remove' | 'note interface' }>
  | { readonly step: 'join'; readonly interface: string }
  | { readonly step: 'leave'; readonly share: Share }
  | { readonly step: 'release'; readonly places: readonly Where[] }

type SharedPlan = Plan<SharedStep>

function failed(reason: string, exit: ExitCode = ExitCode.ERR_GENERIC): SharedPlan {
  return { exit, reason, steps: [] }
}

function isServed({ shares, instance, total }: SharedFacts): boolean {
  return shares.some((share) => share.instance === instance && share.total === total)
}

export function decideSharedStart(values: Values, facts: SharedFacts): SharedPlan {
  const wanted = wantedOf(values)
  if (!facts.root) {
    return failed(
      `only root can put ${values.ip.text} on an interface: run the agent as root`,
      ExitCode.ERR_PERM,
    )
  }
  if (!facts.nft) {
    return failed(
      'a cluster IP needs the program nft: install it (Debian: nftables), or use a primitive',
      ExitCode.ERR_INSTALLED,
    )
  }
  const place = choosePlace(wanted, facts)
  if ('exit' in place) return place
  const { interface: target, prefixLength } = place
  if (values.check_link_status && target.up && !target.link) return failed(noLink(target.name))
  const held = heldPlaces(wanted, facts)
  const there = held.some((one) => isAsWanted(one, wanted))
  const unlabelled = there ? [] : held.filter((one) => hasPrefix(one, wanted))
  const label = labelOf(values, target.name)
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      ...noteOf(values, target.name, facts),
      // First, so that from its first moment on the address answers only whom it should.
      ...(isServed(facts) ? [] : [{ step: 'join' as const, interface: target.name }]),
      ...(there
        ? []
        : [
            ...unlabelled.map((one) => ({
              step: 'remove' as const,
              interface: one.interface,
              prefixLength: one.prefixLength,
            })),
            {
              step: 'add' as const,
              interface: target.name,
              prefixLength,
              ...(values.broadcast !== '' && { broadcast: values.broadcast }),
              ...(label !== undefined && { label }),
              // The other nodes have it too: that is no mistake.
              flags: [
                ...(values.ip.family === 6 ? ['nodad'] : []),
                ...(values.noprefixroute ? ['noprefixroute'] : []),
              ],
            },
          ]),
      ...(target.up ? [] : [{ step: 'bring up' as const, interface: target.name }]),
    ],
  }
}

/** The share goes, and with the last one of this node the address. */
export function decideSharedStop(values: Values, facts: SharedFacts): SharedPlan {
  if (!facts.root) {
    return failed(
      `only root can take ${values.ip.text} from an interface: run the agent as root`,
      ExitCode.ERR_PERM,
    )
  }
  const places = heldPlaces(wantedOf(values), facts)
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      ...facts.shares
        .filter(({ instance }) => instance === facts.instance)
        .map((share) => ({ step: 'leave' as const, share })),
      // Another instance may be stopped at the same time: who is the last is found out then.
      {
        step: 'release',
        places: places.map(({ interface: name, prefixLength }) => ({ interface: name, prefixLength })),
      },
    ],
  }
}

export function decideSharedMonitor(values: Values, facts: SharedFacts): SharedPlan {
  if (!isServed(facts)) return { exit: ExitCode.NOT_RUNNING, steps: [] }
  const ip = values.ip.text
  const wanted = wantedOf(values)
  const [place] = heldPlaces(wanted, facts)
  if (!place)
    return failed(`${ip} is on no interface, while its instance ${facts.instance} is set up: restart it`)
  if (!place.up)
    return failed(`${ip} is on ${place.interface}, which is down: ip link set ${place.interface} up`)
  if (values.check_link_status && !place.link) return failed(noLink(place.interface))
  if (!hasLabel(place, wanted)) return failed(noLabel(place, wanted))
  return { exit: ExitCode.SUCCESS, steps: [] }
}
