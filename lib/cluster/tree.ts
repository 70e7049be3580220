/** A CIB as a tree of elements, in the order in which they stand in it: for whoever needs more than a snapshot. */
import { XMLParser } from 'fast-xml-parser'
import { wellFormed } from './cib-text'
import { scanElements } from './elements'

/** An element as fast-xml-parser gives it in `preserveOrder` mode. */
export type Element = Readonly<Record<string, unknown>> & { readonly ':@'?: Readonly<Record<string, string>> }

/** The elements of what pacemaker's tools print, with every value as it is, to the last blank. */
export function parseOutput(xml: string): readonly Element[] {
  const roots: Element[] = []
  const around: Element[][] = [roots]
  scanElements(xml, {
    open: (name, attributes) => {
      const children: Element[] = []
      around.at(-1)?.push({ [name]: children, ':@': attributes as Readonly<Record<string, string>> })
      around.push(children)
    },
    close: () => {
      around.pop()
    },
  })
  return roots
}

/**
 * The elements of a CIB.
 *
 * @throws OcfError for what cannot be read: see cib-text.ts
 */
export function parseTree(xml: string): readonly Element[] {
  return parseOutput(wellFormed(xml))
}

/**
 * The elements of any XML; the first that is not the XML declaration is the root.
 *
 * @throws Error for what is none
 */
export function parseAnyXml(xml: string): readonly Element[] {
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
