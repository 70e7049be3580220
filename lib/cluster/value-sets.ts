/** The values that sets of a CIB (`instance_attributes`, `meta_attributes`) come to for a node, as pacemaker resolves them. */
import { type ById, referred, type RuleFacts, ruleHolds } from './rules'
import { attribute, childrenOf, type Element, nameOf, pathTo } from './tree'

export type SetKind = 'instance_attributes' | 'meta_attributes' | 'cluster_property_set'

/** Finds the elements of a CIB by their ids. */
export function elementsById(tree: readonly Element[]): ById {
  return (id, name) =>
    pathTo(tree, (element) => nameOf(element) === name && attribute(element, 'id') === id)?.at(-1)
}

function scoreOf(set: Element): number {
  // Pacemaker's own set of properties comes before any other.
  if (attribute(set, 'id') === 'cib-bootstrap-options') return Infinity
  const text = attribute(set, 'score') ?? '0'
  if (/^\+?INFINITY$/i.test(text)) return 1_000_000
  return /^-INFINITY$/i.test(text) ? -1_000_000 : Number(text) || 0
}

/**
 * The name-value pairs of an element's own sets of a kind: of those sets whose rules hold, the one with the highest
 * score wins, and of equal ones the last, as pacemaker 2.1 and 3.0 have it. A set, and a pair, may stand elsewhere (`id-ref`).
 */
export function valuesOf(
  element: Element,
  kind: SetKind,
  facts: RuleFacts,
  byId: ById,
): Record<string, string> {
  const sets = childrenOf(element, kind)
    .map((set) => referred(set, byId))
    .filter((set) => set !== undefined)
    .filter((set) => {
      const rules = childrenOf(set, 'rule')
      return rules.length === 0 || rules.some((rule) => ruleHolds(rule, facts, byId))
    })
    // Sorting keeps the order of equal ones.
    .reverse()
    .sort((one, other) => scoreOf(other) - scoreOf(one))
  const found: Record<string, string> = {}
  for (const pair of sets.flatMap((set) => childrenOf(set, 'nvpair'))) {
    const own = referred(pair, byId)
    const name = attribute(pair, 'name') ?? (own && attribute(own, 'name'))
    if (own && name !== undefined) found[name] ??= attribute(own, 'value') ?? ''
  }
  return found
}

/** The permanent attributes of a node, for rules. */
export function nodeFacts(
  tree: readonly Element[],
  node: string | undefined,
): Pick<RuleFacts, 'node' | 'attributes'> {
  if (node === undefined) return {}
  const found = pathTo(
    tree,
    (element) => nameOf(element) === 'node' && attribute(element, 'uname') === node,
  )?.at(-1)
  if (!found) return { node }
  const attributes = valuesOf(found, 'instance_attributes', { now: new Date(0) }, elementsById(tree))
  return { node, attributes }
}
