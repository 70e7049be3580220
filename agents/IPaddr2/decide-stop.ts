/** What has to go for the address to be gone. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Values } from './agent'
import { type Facts } from './observe'
import { heldPlaces, wantedOf } from './place'
import { type Step } from './steps'

export interface StopFacts extends Facts {
  readonly root: boolean
  /** `start` took the address from the loopback interface. */
  readonly takenFromLoopback: boolean
}

/**
 * The address goes with whatever prefix length it has: after `stop`, another node may answer for it. Nothing to remove,
 * or no such interface any more, is success.
 */
export function decideStop(values: Values, facts: StopFacts): Plan<Step> {
  const wanted = wantedOf(values)
  if (!facts.root) {
    return {
      exit: ExitCode.ERR_PERM,
      reason: `only root can take ${wanted.address.text} from an interface: run the agent as root`,
      steps: [],
    }
  }
  const held = heldPlaces(wanted, facts)
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      { step: 'end announcing' },
      ...held.map((place) => ({
        step: 'remove' as const,
        interface: place.interface,
        prefixLength: place.prefixLength,
      })),
      ...(held.length > 0 && values.flush_routes ? [{ step: 'flush route cache' as const }] : []),
      ...(held.length > 0 && values.ip.family === 6 && values.lvs_ipv6_addrlabel
        ? [{ step: 'remove address label' as const }]
        : []),
      ...(facts.chosen === undefined ? [] : [{ step: 'forget interface' as const }]),
      ...(values.lvs_support && facts.takenFromLoopback ? [{ step: 'give back to loopback' as const }] : []),
    ],
  }
}
