/** The addresses that belong to the primary. */
import { type Configuration, type Primitive } from '../../lib/cluster/configuration'

export interface Address {
  readonly resource: string
  readonly ip: string
}

const isPromotedRole = (role: string | undefined): boolean => role === 'Promoted' || role === 'Master'

/**
 * The addresses that are where the database is promoted: placed there by a colocation of their own or of their group,
 * or the one through which the standbys replicate.
 */
export function addressesOfPrimary(
  { primitives, constraints }: Configuration,
  { id, clone, parameters }: Primitive,
): readonly Address[] {
  const databases = [id, clone?.id]
  const placed = constraints
    .filter(
      ({ kind, withResource, withRole }) =>
        kind === 'colocation' && databases.includes(withResource) && isPromotedRole(withRole),
    )
    .map(({ resource }) => resource)
  return primitives
    .filter(({ agent, clone: cloned }) => /:IPaddr2?$/.test(agent) && cloned === undefined)
    .filter(
      (address) =>
        placed.includes(address.id) ||
        (address.group !== undefined && placed.includes(address.group)) ||
        address.parameters['ip'] === parameters['master_ip'],
    )
    .map((address) => ({ resource: address.id, ip: address.parameters['ip'] ?? '' }))
}
