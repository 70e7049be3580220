/** Passwords that a program would be given on its command line, which everybody on the machine may read: put in afterwards. */
import { randomBytes } from 'node:crypto'
import { isSecretName, maskSecrets } from '../../lib/ocf/secrets'
import { type Model } from './model'

export interface Hidden {
  /** The model with words of no meaning where passwords are. */
  readonly shown: Model
  /** Puts the passwords into the XML that the program has made of it. */
  readonly putBack: (xml: string) => string
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found)

export function hideSecrets(model: Model): Hidden {
  const hidden = new Map<string, string>()
  const hide = (name: string, value: string): string => {
    if (!isSecretName(name) && maskSecrets(value) === value) return value
    const word = `hidden-${randomBytes(8).toString('hex')}`
    hidden.set(word, value)
    return word
  }
  const primitives = model.primitives.map((primitive) => ({
    ...primitive,
    parameters: Object.fromEntries(
      Object.entries(primitive.parameters).map(([name, value]) => [name, hide(name, value)]),
    ),
  }))
  return {
    shown: { ...model, primitives },
    putBack: (xml) =>
      [...hidden].reduce((text, [word, value]) => text.replaceAll(word, () => escapeXml(value)), xml),
  }
}
