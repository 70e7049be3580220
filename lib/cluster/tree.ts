/** A CIB as a tree of elements, in the order in which they stand in it: for whoever needs more than a snapshot. */
import { XMLParser } from 'fast-xml-parser'

/** An element as fast-xml-parser gives it in `preserveOrder` mode. */
export type Element = Readonly<Record<string, unknown>> & { readonly ':@'?: Readonly<Record<string, string>> }

/** The document's elements; the first that is not the XML declaration is its root. */
export function parseTree(xml: string): readonly Element[] {
  const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, attributeNamePrefix: '' })
  return parser.parse(xml) as Element[]
}

export const nameOf = (element: Element): string => Object.keys(element).find((key) => key !== ':@') ?? ''

/** The elements below, one level down; only those with one of these names where any are given. */
export function childrenOf(element: Element, ...names: readonly string[]): readonly Element[] {
  const children = element[nameOf(element)]
  if (!Array.isArray(children)) return []
  const all = children as Element[]
  return names.length === 0 ? all : all.filter((child) => names.includes(nameOf(child)))
}

export const attribute = (element: Element, name: string): string | undefined => element[':@']?.[name]

/** The elements from the root to the first one that `matches`, or nothing. */
export function pathTo(
  elements: readonly Element[],
  matches: (element: Element) => boolean,
): readonly Element[] | undefined {
  for (const element of elements) {
    if (matches(element)) return [element]
    const below = pathTo(childrenOf(element), matches)
    if (below) return [element, ...below]
  }
  return undefined
}

/** The name-value pairs of an element's own sets of that kind; the first set wins, as it does in pacemaker. */
export function pairs(
  element: Element,
  kind: 'instance_attributes' | 'meta_attributes' | 'cluster_property_set',
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const set of childrenOf(element, kind)) {
    for (const pair of childrenOf(set, 'nvpair')) {
      const name = attribute(pair, 'name')
      if (name !== undefined) found[name] ??= attribute(pair, 'value') ?? ''
    }
  }
  return found
}
