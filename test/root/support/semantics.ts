/** What a CIB says, however it is written: for comparing what two programs made of the same. */
import { attribute, childrenOf, type Element, nameOf, parseTree, pathTo } from '../../../lib/cluster/tree'

import { type SetKind, valuesOf } from '../../../lib/cluster/value-sets'

type Facts = Readonly<Record<string, unknown>>

const role = (name: string | undefined): string | undefined =>
  name === 'Master' ? 'Promoted' : name === 'Slave' ? 'Unpromoted' : name

/** What is written here has neither rules nor references. */
const plain = (element: Element, kind: SetKind): Record<string, string> =>
  valuesOf(element, kind, { now: new Date() }, () => undefined)

const attributes = (element: Element): Record<string, string> => ({ ...element[':@'] })

function operation(element: Element): Facts {
  const all = attributes(element)
  // Each makes ids of its own.
  return { ...all, id: undefined, ...(all['role'] !== undefined && { role: role(all['role']) }) }
}

function resource(element: Element): Facts {
  const kind = nameOf(element)
  const { id, ...rest } = attributes(element)
  const operations = childrenOf(element, 'operations')
    .flatMap((set) => childrenOf(set, 'op'))
    .map(operation)
  return {
    kind,
    id,
    ...rest,
    parameters: plain(element, 'instance_attributes'),
    meta: plain(element, 'meta_attributes'),
    operations: operations.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other))),
    children: childrenOf(element, 'primitive', 'group', 'clone').map(resource),
  }
}

function rule(element: Element): Facts {
  return {
    score: attribute(element, 'score'),
    any: attribute(element, 'boolean-op') ?? 'and',
    expressions: childrenOf(element, 'expression').map((one) => [
      attribute(one, 'attribute'),
      attribute(one, 'operation'),
      attribute(one, 'value'),
    ]),
  }
}

function constraint(element: Element): Facts {
  // Started is what a role is where none is said; pcs says it.
  const {
    'with-rsc-role': withRole,
    'rsc-role': ownRole = 'Started',
    'first-action': first = 'start',
    ...rest
  } = attributes(element)
  const isOrder = nameOf(element) === 'rsc_order'
  return {
    ...rest,
    kind: [nameOf(element), rest['kind']],
    withRole: role(withRole),
    ownRole: role(ownRole),
    ...(isOrder && { first: [rest['first'], first], then: [rest['then'], rest['then-action'] ?? first] }),
    'then-action': undefined,
    rules: childrenOf(element, 'rule').map(rule),
  }
}

/** Everything that is configured, by its id. */
export function semanticsOf(xml: string): Facts {
  const tree = parseTree(xml)
  const section = (name: string): Element | undefined =>
    pathTo(tree, (element) => nameOf(element) === name)?.at(-1)
  const below = (name: string): readonly Element[] => {
    const found = section(name)
    return found ? childrenOf(found).filter((element) => !nameOf(element).startsWith('#')) : []
  }
  const byId = (all: readonly Facts[]): Facts =>
    Object.fromEntries(all.map((one) => [String(one['id']), one]))
  const [options, defaults] = [section('crm_config'), section('rsc_defaults')]
  return {
    properties: options && plain(options, 'cluster_property_set'),
    defaults: defaults && plain(defaults, 'meta_attributes'),
    resources: byId(below('resources').map(resource)),
    constraints: byId(below('constraints').map(constraint)),
  }
}
