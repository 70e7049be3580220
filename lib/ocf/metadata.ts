import { XMLBuilder } from 'fast-xml-parser'
import { type Agent } from './definition'
import { type Parameters, textOf } from './parameters'

/** The version of the OCF Resource Agent API that the meta-data follows. */
const API_VERSION = '1.1'

/**
 * Actions of the standard that every agent has by being one; they answer at once. Its others, `methods` and `usage`, are
 * for people: pcs would make an operation of each resource of every further action it reads here.
 */
const BUILT_IN = ['meta-data', 'validate-all'] as const

/**
 * The same to who reads XML, in characters that every locale has, and without what ends a comment: an executable has
 * it in one (scripts/build/shortcut.ts).
 */
function plain(xml: string): string {
  return xml
    .replace(/[^\0-\x7f]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`)
    .replaceAll('*/', '*&#47;')
}

const english = (content: string): object => ({ '@lang': 'en', '#text': content })

function parameterElements(parameters: Parameters): object[] {
  const defaults: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(parameters)) {
    defaults[name] = parameter.derive ? parameter.derive(defaults) : parameter.default
  }
  return Object.entries(parameters).map(([name, parameter]) => ({
    '@name': name,
    // `unique` is API 1.0's way to say it, which older tools read.
    '@unique': parameter.uniqueGroup === undefined ? '0' : '1',
    ...(parameter.uniqueGroup !== undefined && { '@unique-group': parameter.uniqueGroup }),
    '@required': parameter.required === true ? '1' : '0',
    ...(parameter.reloadable === true && { '@reloadable': '1' }),
    longdesc: english(parameter.longdesc ?? parameter.shortdesc),
    shortdesc: english(parameter.shortdesc),
    content: {
      '@type': parameter.type,
      ...(parameter.required !== true && { '@default': textOf(defaults[name]) }),
      ...(parameter.options && { option: parameter.options.map((value) => ({ '@value': value })) }),
    },
  }))
}

/** An action as the meta-data advise it; a recurring one for each of its runs. Times are written as `60s`. */
export interface AdvertisedAction {
  readonly name: string
  readonly timeout: string
  readonly depth?: number
  readonly interval?: string
  readonly role?: string
}

/** The actions that the meta-data name, in their order. */
export function advertisedActions<P extends Parameters>(agent: Agent<P>): readonly AdvertisedAction[] {
  const own = Object.entries(agent.actions).flatMap(([name, { timeout, internal, recurring = [{}] }]) =>
    (internal ? [] : recurring).map((run: { interval?: number; role?: string; depth?: number }) => ({
      name,
      ...(run.depth !== undefined && { depth: run.depth }),
      timeout: `${timeout}s`,
      ...(run.interval !== undefined && { interval: `${run.interval}s` }),
      ...(run.role !== undefined && { role: run.role }),
    })),
  )
  const builtIn = BUILT_IN.filter((name) => !(name in agent.actions)).map((name) => ({ name, timeout: '5s' }))
  return [...own, ...builtIn]
}

const actionElements = <P extends Parameters>(agent: Agent<P>): object[] =>
  advertisedActions(agent).map((action) =>
    Object.fromEntries(Object.entries(action).map(([name, value]) => [`@${name}`, value])),
  )

/**
 * The agent's meta-data as XML (OCF Resource Agent API 1.1, "Metadata").
 * Made at build time and embedded: printing it must load no XML library.
 */
export function metadataXml<P extends Parameters>(agent: Agent<P>): string {
  // Its author moved the builder into a package of its own, which this one still brings along and exports.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const builder = new XMLBuilder({
    format: true,
    indentBy: '  ',
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    suppressEmptyNode: true,
    suppressBooleanAttributes: false,
  })
  const body = builder.build({
    '?xml': { '@version': '1.0' },
    'resource-agent': {
      '@name': agent.name,
      '@version': agent.version,
      version: API_VERSION,
      longdesc: english(agent.longdesc),
      shortdesc: english(agent.shortdesc),
      parameters: { parameter: parameterElements(agent.parameters) },
      actions: { action: actionElements(agent) },
    },
  })
  return `${plain(body).trimEnd()}\n`
}
