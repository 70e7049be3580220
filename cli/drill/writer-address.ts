/** Where applications write: the virtual address that the cluster keeps with the primary. */
import { type Primitive, readConfiguration } from '../../lib/cluster/configuration'
import { attribute, childrenOf, type Element, nameOf, parseTree, pathTo } from '../../lib/cluster/tree'

export interface WriterAddress {
  readonly resource: string
  readonly address: string
}

const isPromotedRole = (role: string | undefined): boolean => /^(?:Promoted|Master)$/i.test(role ?? '')

/** The resources that one colocation keeps with the promoted role of one of `databases`. */
function keptWith(colocation: Element, databases: readonly string[]): readonly string[] {
  const sets = childrenOf(colocation, 'resource_set')
  if (sets.length === 0) {
    const [kept, other] = [attribute(colocation, 'rsc'), attribute(colocation, 'with-rsc')]
    const fits = databases.includes(other ?? '') && isPromotedRole(attribute(colocation, 'with-rsc-role'))
    return fits && kept !== undefined ? [kept] : []
  }
  const members = (set: Element): readonly string[] =>
    childrenOf(set, 'resource_ref').map((reference) => attribute(reference, 'id') ?? '')
  const isOfDatabase = (set: Element): boolean =>
    isPromotedRole(attribute(set, 'role')) && members(set).some((id) => databases.includes(id))
  return sets.some(isOfDatabase) ? sets.filter((set) => !isOfDatabase(set)).flatMap(members) : []
}

/**
 * The addresses that move with the primary, those of the replication (`master_ip`) last.
 *
 * @param xml - the CIB
 */
export function writerAddresses(xml: string, database: Primitive): readonly WriterAddress[] {
  const constraints = pathTo(parseTree(xml), (element) => nameOf(element) === 'constraints')?.at(-1)
  const databases = [database.id, ...(database.clone ? [database.clone.id] : [])]
  const kept = (constraints ? childrenOf(constraints, 'rsc_colocation') : []).flatMap((colocation) =>
    keptWith(colocation, databases),
  )
  const addresses = readConfiguration(xml)
    .primitives.filter(({ agent }) => /:IPaddr2?$/.test(agent))
    .filter(({ id, group }) => kept.includes(id) || (group !== undefined && kept.includes(group)))
    .map(({ id, parameters }) => ({ resource: id, address: parameters['ip'] ?? '' }))
  const isReplication = ({ address }: WriterAddress): boolean => address === database.parameters['master_ip']
  return [...addresses.filter((one) => !isReplication(one)), ...addresses.filter(isReplication)]
}
