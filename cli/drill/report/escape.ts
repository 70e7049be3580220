/** Text in HTML, XML and scripts: what ends none of them, and has no control characters and no passwords. */
import { shownLine } from '../../../lib/ocf/output'
import { jsonText } from '../../../lib/ocf/printable'
import { withoutSecrets } from '../../../lib/ocf/secrets'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** As the text of an element, or the value of an attribute in quotes. */
export function escape(text: string): string {
  return shownLine(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

/** As the contents of a script element: what could end it is written in another way. */
export function jsonForScript(value: unknown): string {
  return jsonText(withoutSecrets(value)).replaceAll('<', '\\u003c')
}
