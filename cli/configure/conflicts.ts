/** What a cluster has already of the names that a model uses. */
import XMLBuilder from 'fast-xml-builder'
import { XMLParser } from 'fast-xml-parser'
import { attribute, childrenOf, type Element, nameOf, parseTree, pathTo } from '../../lib/cluster/tree'
import { idsOf, type Model } from './model'

export interface Conflicts {
  /** Resources of the same ids. */
  readonly resources: readonly string[]
  /** Constraints of the same ids. */
  readonly constraints: readonly string[]
  /** Constraints of other ids that name such a resource. */
  readonly dependent: readonly string[]
}

/** What a constraint's attributes name. */
const REFERENCES = ['rsc', 'with-rsc', 'first', 'then'] as const
const CONTAINERS: readonly string[] = ['group', 'clone', 'master', 'bundle']
const RESOURCES: readonly string[] = ['primitive', ...CONTAINERS]

function allIds(element: Element): readonly string[] {
  const id = RESOURCES.includes(nameOf(element)) ? attribute(element, 'id') : undefined
  return [...(id === undefined ? [] : [id]), ...childrenOf(element, ...RESOURCES).flatMap(allIds)]
}

/** Finds them in a CIB. */
export function conflictsWith(xml: string, model: Model): Conflicts {
  const tree = parseTree(xml)
  const section = (name: string): readonly Element[] => {
    const found = pathTo(tree, (element) => nameOf(element) === name)?.at(-1)
    return found ? childrenOf(found) : []
  }
  const wanted = new Set(idsOf(model))
  const resources = section('resources')
    .flatMap(allIds)
    .filter((id) => wanted.has(id))
  const constraints = section('constraints').map((element) => ({
    id: attribute(element, 'id') ?? '',
    names: REFERENCES.map((name) => attribute(element, name) ?? ''),
  }))
  const same = constraints.filter(({ id }) => wanted.has(id)).map(({ id }) => id)
  const gone = new Set(resources)
  const dependent = constraints
    .filter(({ id, names }) => !wanted.has(id) && names.some((name) => gone.has(name)))
    .map(({ id }) => id)
  return { resources, constraints: same, dependent }
}

/** Whether there is anything. */
export function isConflict({ resources, constraints }: Conflicts): boolean {
  return resources.length + constraints.length > 0
}

/** In a few words. */
export function describeConflicts({ resources, constraints }: Conflicts): string {
  if (resources.length === 0) return constraints.join(', ')
  const more = constraints.length === 1 ? ' and a constraint' : ` and ${constraints.length} constraints`
  return `${resources.join(', ')}${constraints.length > 0 ? more : ''}`
}

interface Node {
  readonly [name: string]: unknown
  readonly ':@'?: Readonly<Record<string, string>>
}

const options = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  commentPropName: '#comment',
  suppressBooleanAttributes: false,
  // What stays is to stay as it is, to the last blank.
  processEntities: false,
  trimValues: false,
} as const

/** A CIB without them. Groups and clones that nothing is left in go, too. */
export function withoutConflicts(xml: string, conflicts: Conflicts): string {
  if (!isConflict(conflicts)) return xml
  const { resources, constraints, dependent } = conflicts
  const gone = new Set([...resources, ...constraints, ...dependent])
  const tagOf = (node: Node): string => Object.keys(node).find((key) => key !== ':@') ?? ''
  const below = (node: Node): readonly Node[] => {
    const children = node[tagOf(node)]
    return Array.isArray(children) ? (children as Node[]) : []
  }
  const prune = (nodes: readonly Node[]): readonly Node[] =>
    nodes.flatMap((node) => {
      const tag = tagOf(node)
      if (tag.startsWith('?') || tag.startsWith('#')) return [node]
      const id = node[':@']?.['id']
      const isOne = RESOURCES.includes(tag) || tag.startsWith('rsc_')
      if (isOne && tag === 'primitive' && id !== undefined && gone.has(id)) return []
      if (tag.startsWith('rsc_') && tag !== 'rsc_defaults' && id !== undefined && gone.has(id)) return []
      const left = prune(below(node))
      const empty = CONTAINERS.includes(tag) && !left.some((child) => RESOURCES.includes(tagOf(child)))
      return empty ? [] : [{ ...node, [tag]: left }]
    })
  const tree = new XMLParser(options).parse(xml) as Node[]
  return new XMLBuilder(options).build(prune(tree))
}
