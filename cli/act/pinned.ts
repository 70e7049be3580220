/** Constraints that somebody's `crm_resource --move` or `--ban` has left behind. */
import { type Configuration, type Constraint } from '../../lib/cluster/configuration'

/** What crm_resource calls them, of pacemaker 1.0 to 2.1. */
const MADE_BY_HAND = /^cli-(?:ban|prefer|standby)-/

/** @param resources - ids of the resource, of its clone or group */
export function pinnedOn(
  { constraints }: Pick<Configuration, 'constraints'>,
  resources: readonly (string | undefined)[],
): readonly Constraint[] {
  return constraints.filter(
    ({ id, kind, resource }) =>
      kind === 'location' && MADE_BY_HAND.test(id) && resource !== undefined && resources.includes(resource),
  )
}

/** It keeps a resource off its node. */
export function isBan({ score }: Constraint): boolean {
  return /^-(?:INFINITY|inf)/i.test(score ?? '')
}
