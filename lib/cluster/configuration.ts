/** What the cluster is configured to run: the CIB's configuration section, of pacemaker 1.0 to 2.1. */
import { attribute, childrenOf, type Element, nameOf, pairs, parseTree, pathTo } from './tree'

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

function readOperation(element: Element): ConfiguredOperation {
  return {
    id: attribute(element, 'id') ?? '',
    name: attribute(element, 'name') ?? '',
    interval: attribute(element, 'interval') ?? '0',
    timeout: attribute(element, 'timeout'),
    role: attribute(element, 'role'),
    onFail: attribute(element, 'on-fail'),
  }
}

function agentOf(element: Element): string {
  return ['class', 'provider', 'type']
    .map((part) => attribute(element, part))
    .filter((part) => part !== undefined)
    .join(':')
}

const isPromotable = (element: Element): boolean =>
  nameOf(element) === 'master' || pairs(element, 'meta_attributes')['promotable'] === 'true'

function readPrimitives(resources: Element, defaults: Pairs): readonly Primitive[] {
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
    const merged = (kind: 'instance_attributes' | 'meta_attributes', of: readonly Element[]) =>
      Object.assign({}, ...of.map((one) => pairs(one, kind))) as Pairs
    const clone = around.find((one) => nameOf(one) === 'clone' || nameOf(one) === 'master')
    const group = around.find((one) => nameOf(one) === 'group')
    const operations = childrenOf(element, 'operations').flatMap((set) => childrenOf(set, 'op'))
    return [
      {
        id: attribute(element, 'id') ?? '',
        agent: agentOf(template ?? element),
        parameters: merged('instance_attributes', sources),
        meta: { ...defaults, ...merged('meta_attributes', [...around, ...sources]) },
        operations: operations.map(readOperation),
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

/** Reads a CIB as `cibadmin --query` prints it. */
export function readConfiguration(xml: string): Configuration {
  const tree = parseTree(xml)
  const find = (name: string): Element | undefined =>
    pathTo(tree, (element) => nameOf(element) === name)?.at(-1)
  const [cib, options, nodes, resources, constraints, defaults, forOperations] = [
    ...['cib', 'crm_config', 'nodes', 'resources', 'constraints', 'rsc_defaults', 'op_defaults'].map(find),
  ]
  return {
    featureSet: cib && attribute(cib, 'crm_feature_set'),
    properties: options ? pairs(options, 'cluster_property_set') : {},
    nodes: (nodes ? childrenOf(nodes, 'node') : []).map(
      (node) => attribute(node, 'uname') ?? attribute(node, 'id') ?? '',
    ),
    primitives: resources
      ? readPrimitives(resources, defaults ? pairs(defaults, 'meta_attributes') : {})
      : [],
    constraints: constraints ? childrenOf(constraints).flatMap(readConstraint) : [],
    operationDefaults: forOperations ? pairs(forOperations, 'meta_attributes') : {},
  }
}
