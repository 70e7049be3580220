/** What the cluster is configured to run: the CIB's configuration section, of pacemaker 1.0 to 2.1. */
import { hostname } from 'node:os'
import { type ById, type RuleFacts } from './rules'
import { attribute, childrenOf, type Element, nameOf, parseTree, pathTo } from './tree'
import { elementsById, nodeFacts, type SetKind, valuesOf } from './value-sets'

type Pairs = Readonly<Record<string, string | undefined>>

/** An operation of a resource, with the texts that the configuration has. */
export interface ConfiguredOperation {
  readonly id: string
  /** `start`, `monitor`, … */
  readonly name: string
  /** As it is written: `7s`, `2min`, `10`. */
  readonly interval: string
  readonly timeout: string | undefined
  /** As it is written: `Promoted`, or `Master`. */
  readonly role: string | undefined
  readonly onFail: string | undefined
}

export interface Primitive {
  readonly id: string
  /** `ocf:ts:pgsql`, `stonith:external/ssh`, `systemd:nginx`. */
  readonly agent: string
  readonly parameters: Pairs
  /** Its own meta attributes, those of what it is in, and the cluster's defaults for resources. */
  readonly meta: Pairs
  readonly operations: readonly ConfiguredOperation[]
  /** The clone it is in. */
  readonly clone: { readonly id: string; readonly promotable: boolean } | undefined
  readonly group: string | undefined
}

/** A constraint; what only one kind has is missing in the others. */
export interface Constraint {
  readonly id: string
  readonly kind: 'location' | 'colocation' | 'order' | 'ticket'
  /** The resource that is placed: `rsc`. */
  readonly resource: string | undefined
  /** Of a location: the node; nothing where rules say it. */
  readonly node: string | undefined
  readonly score: string | undefined
  readonly role: string | undefined
  /** Of a colocation: what `resource` is placed with, and in which role of that. */
  readonly withResource: string | undefined
  readonly withRole: string | undefined
  /** It ends by itself, or has ended (`crm_resource --lifetime`). */
  readonly expires: boolean
}

export interface Configuration {
  /** Of the cluster's tools: `3.16.1`. */
  readonly featureSet: string | undefined
  /** `cluster-infrastructure`, `stonith-enabled`, … */
  readonly properties: Pairs
  readonly nodes: readonly string[]
  readonly primitives: readonly Primitive[]
  readonly constraints: readonly Constraint[]
  /** What holds for operations that do not say otherwise: `timeout`. */
  readonly operationDefaults?: Pairs
}

/** What values are resolved with. */
interface Resolving {
  readonly byId: ById
  readonly facts: RuleFacts
  /** `rsc_defaults` and `op_defaults`. */
  readonly forResources: Element | undefined
  readonly forOperations: Element | undefined
}

function valuesIn(
  element: Element | undefined,
  kind: SetKind,
  { byId, facts }: Pick<Resolving, 'byId' | 'facts'>,
  more: Partial<RuleFacts> = {},
): Record<string, string> {
  return element ? valuesOf(element, kind, { ...facts, ...more }, byId) : {}
}

function readOperation(
  element: Element,
  resource: RuleFacts['resource'],
  resolving: Resolving,
): ConfiguredOperation {
  const name = attribute(element, 'name') ?? ''
  const interval = attribute(element, 'interval') ?? '0'
  const about = { ...(resource && { resource }), operation: { name, interval } }
  const usual = valuesIn(resolving.forOperations, 'meta_attributes', resolving, about)
  const own = valuesIn(element, 'meta_attributes', resolving, about)
  const said = (what: string): string | undefined => attribute(element, what) ?? own[what] ?? usual[what]
  return {
    id: attribute(element, 'id') ?? '',
    name,
    interval,
    timeout: said('timeout'),
    role: said('role'),
    onFail: said('on-fail'),
  }
}

/**
 * The operations of a resource and of its template. One of the template's gives way to one of the resource's with the same
 * name and interval; where the resource itself has two of these, both are there, for the doctor to see.
 */
function operationsOf(sources: readonly Element[], byId: ById): readonly Element[] {
  let found: readonly Element[] = []
  const keyOf = (operation: Element): string =>
    `${attribute(operation, 'name') ?? ''} ${attribute(operation, 'interval') ?? '0'}`
  for (const source of sources) {
    const sets = childrenOf(source, 'operations').flatMap((set) => {
      const reference = attribute(set, 'id-ref')
      return reference === undefined
        ? [set]
        : [byId(reference, 'operations')].filter((one) => one !== undefined)
    })
    const own = sets.flatMap((set) => childrenOf(set, 'op'))
    const keys = new Set(own.map(keyOf))
    found = [...found.filter((operation) => !keys.has(keyOf(operation))), ...own]
  }
  return found
}

function agentOf(element: Element): string {
  return ['class', 'provider', 'type']
    .map((part) => attribute(element, part))
    .filter((part) => part !== undefined)
    .join(':')
}

function readPrimitives(resources: Element, resolving: Resolving): readonly Primitive[] {
  const templates = new Map(
    childrenOf(resources, 'template').map((element) => [attribute(element, 'id'), element]),
  )
  const read = (element: Element, around: readonly Element[]): readonly Primitive[] => {
    if (nameOf(element) !== 'primitive') {
      return childrenOf(element, 'group', 'clone', 'master', 'primitive').flatMap((child) =>
        read(child, [...around, element]),
      )
    }
    const template = templates.get(attribute(element, 'template'))
    const sources = [...(template ? [template] : []), element]
    const typed = template ?? element
    const resource = {
      class: attribute(typed, 'class'),
      provider: attribute(typed, 'provider'),
      type: attribute(typed, 'type'),
    }
    const merged = (kind: 'instance_attributes' | 'meta_attributes', of: readonly Element[]) =>
      Object.assign({}, ...of.map((one) => valuesIn(one, kind, resolving, { resource }))) as Pairs
    const clone = around.find((one) => nameOf(one) === 'clone' || nameOf(one) === 'master')
    const group = around.find((one) => nameOf(one) === 'group')
    const isPromotable = (one: Element): boolean =>
      nameOf(one) === 'master' || merged('meta_attributes', [one])['promotable'] === 'true'
    return [
      {
        id: attribute(element, 'id') ?? '',
        agent: agentOf(typed),
        parameters: merged('instance_attributes', sources),
        meta: {
          ...valuesIn(resolving.forResources, 'meta_attributes', resolving, { resource }),
          ...merged('meta_attributes', [...around, ...sources]),
        },
        operations: operationsOf(sources, resolving.byId).map((one) =>
          readOperation(one, resource, resolving),
        ),
        clone: clone && { id: attribute(clone, 'id') ?? '', promotable: isPromotable(clone) },
        group: group && attribute(group, 'id'),
      },
    ]
  }
  return read(resources, [])
}

const KINDS: Readonly<Record<string, Constraint['kind'] | undefined>> = {
  rsc_location: 'location',
  rsc_colocation: 'colocation',
  rsc_order: 'order',
  rsc_ticket: 'ticket',
}

function readConstraint(element: Element): readonly Constraint[] {
  const kind = KINDS[nameOf(element)]
  if (kind === undefined) return []
  const rules = childrenOf(element, 'rule')
  const node = rules
    .flatMap((rule) => childrenOf(rule, 'expression'))
    .find(
      (expression) =>
        attribute(expression, 'attribute') === '#uname' && attribute(expression, 'operation') === 'eq',
    )
  return [
    {
      id: attribute(element, 'id') ?? '',
      kind,
      resource: attribute(element, 'rsc'),
      node: attribute(element, 'node') ?? (node && attribute(node, 'value')),
      score: attribute(element, 'score') ?? rules.map((rule) => attribute(rule, 'score')).find(Boolean),
      role: attribute(element, 'role') ?? rules.map((rule) => attribute(rule, 'role')).find(Boolean),
      withResource: attribute(element, 'with-rsc'),
      withRole: attribute(element, 'with-rsc-role'),
      expires: rules.some((rule) => childrenOf(rule, 'date_expression').length > 0),
    },
  ]
}

/**
 * Reads a CIB as `cibadmin --query` prints it.
 *
 * @param node - whose values count where rules choose by the node. Default: this host's
 */
export function readConfiguration(xml: string, node: string = hostname()): Configuration {
  const tree = parseTree(xml)
  const find = (name: string): Element | undefined =>
    pathTo(tree, (element) => nameOf(element) === name)?.at(-1)
  const [cib, options, nodes, resources, constraints, forResources, forOperations] = [
    ...['cib', 'crm_config', 'nodes', 'resources', 'constraints', 'rsc_defaults', 'op_defaults'].map(find),
  ]
  const facts = { ...nodeFacts(tree, node), now: new Date() }
  const resolving = { byId: elementsById(tree), facts, forResources, forOperations }
  return {
    featureSet: cib && attribute(cib, 'crm_feature_set'),
    properties: valuesIn(options, 'cluster_property_set', resolving),
    nodes: (nodes ? childrenOf(nodes, 'node') : []).map(
      (one) => attribute(one, 'uname') ?? attribute(one, 'id') ?? '',
    ),
    primitives: resources ? readPrimitives(resources, resolving) : [],
    constraints: constraints ? childrenOf(constraints).flatMap(readConstraint) : [],
    operationDefaults: valuesIn(forOperations, 'meta_attributes', resolving),
  }
}
