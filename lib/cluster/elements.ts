/**
 * A scanner for the XML that pacemaker's tools print, which is all elements and double-quoted attributes.
 * It stands on the monitor's path, where loading and running a general XML library would cost more than all else
 * that a monitor does with the answer.
 */

export type Attributes = Readonly<Record<string, string | undefined>>

export interface ElementHandler {
  /** @param path - the names of the elements around this one, outermost first, and this one's */
  open(name: string, attributes: Attributes, path: readonly string[]): void
  close?(name: string): void
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescape(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(#x[0-9a-f]+|#\d+|[a-z]+);/gi, (whole, entity: string) => {
    if (!entity.startsWith('#')) return ENTITIES[entity] ?? whole
    const code = /^#x/i.test(entity) ? parseInt(entity.slice(2), 16) : parseInt(entity.slice(1), 10)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

function readAttributes(text: string): Attributes {
  const attributes: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.matchAll(/([\w:.-]+)="([^"]*)"/g))
    attributes[name] = unescape(value)
  return attributes
}

/** Walks through all elements of `xml` in document order. */
export function scanElements(xml: string, handler: ElementHandler): void {
  const path: string[] = []
  const tag = /<(\/?)([A-Za-z_][\w:.-]*)((?:\s+[\w:.-]+="[^"]*")*)\s*(\/?)>/g
  const text = xml.includes('<!--') ? xml.replace(/<!--.*?-->/gs, '') : xml
  for (const [, closing, name = '', attributes = '', empty] of text.matchAll(tag)) {
    if (closing === '/') {
      path.pop()
      handler.close?.(name)
      continue
    }
    path.push(name)
    handler.open(name, readAttributes(attributes), path)
    if (empty === '/') {
      path.pop()
      handler.close?.(name)
    }
  }
}
