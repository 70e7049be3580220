/** What a new project consists of. */
import { VERSION } from '../../lib/version'
import { TEMPLATES } from './templates'

export interface NewAgent {
  readonly name: string
  readonly provider: string
  /** Its resources have roles: one node is promoted. Default: false. */
  readonly promotable?: boolean | undefined
  /** Where npm finds ocf-ts: a version, or `file:` and the path of a tarball. Default: this version. */
  readonly from?: string | undefined
}

/** The files' texts by their paths in the project. */
export function filesFor({
  name,
  provider,
  promotable = false,
  from = VERSION,
}: NewAgent): Readonly<Record<string, string>> {
  const words: Readonly<Record<string, string>> = {
    '@NAME@': name,
    '@PROVIDER@': provider,
    '@VERSION@': JSON.stringify(from).slice(1, -1),
  }
  return Object.fromEntries(
    Object.entries(TEMPLATES[promotable ? 'promotable' : 'plain']).map(([path, text]) => {
      const own =
        path === 'package.json' ? { ...words, '"name": "@NAME@"': `"name": "${name.toLowerCase()}"` } : words
      // The longer first: one of them holds another.
      const keys = Object.keys(own).sort((a, b) => b.length - a.length)
      return [path, keys.reduce((all, key) => all.replaceAll(key, () => own[key] ?? ''), text)]
    }),
  )
}
