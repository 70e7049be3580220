/** The configuration in crmsh's language. */
import {
  type Colocation,
  type Comparison,
  type Location,
  type Model,
  type Operation,
  type Order,
  type Pairs,
  type Primitive,
} from './model'

/** A value for crmsh: between double quotes whatever it is. */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

const pairs = (all: Pairs): readonly string[] =>
  Object.entries(all).map(([name, value]) => `${name}=${quoted(value)}`)

const comments = (lines: readonly string[]): readonly string[] => lines.map((line) => `# ${line}`)

/** Lines that go on behind a backslash. */
const joined = (lines: readonly string[]): string => lines.join(' \\\n')

const indented = (word: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`    ${word}`, ...lines.map((line) => `        ${line}`)]

function operation({ name, timeout, interval, onFail, role }: Operation): string {
  const words = { timeout, interval, ...(onFail && { 'on-fail': onFail }), ...(role && { role }) }
  return `    op ${name} ${pairs(words).join(' ')}`
}

function primitive({ id, agent, parameters, meta, operations, why }: Primitive): string {
  return [
    ...comments(why),
    joined([
      `primitive ${id} ${agent}`,
      ...indented('params', pairs(parameters)),
      ...indented('meta', pairs(meta)),
      ...operations.map(operation),
    ]),
  ].join('\n')
}

function comparison(one: Comparison): string {
  return one.operation === 'not_defined'
    ? `not_defined ${one.attribute}`
    : `${one.attribute} ${one.operation} ${quoted(one.value)}`
}

function location({ id, resource, score, any, comparisons, why }: Location): string {
  const expression = comparisons.map(comparison).join(` ${any} `)
  return `# ${why}\nlocation ${id} ${resource} rule ${score.replace('INFINITY', 'inf')}: ${expression}`
}

function colocation({ id, resource, with: other, withRole, why }: Colocation): string {
  return `# ${why}\ncolocation ${id} inf: ${resource} ${other}${withRole ? `:${withRole}` : ''}`
}

function order({ id, first, firstAction, then, thenAction, symmetrical }: Order): string {
  const action = (resource: string, name: string): string =>
    name === 'start' && symmetrical ? resource : `${resource}:${name}`
  const words = `order ${id} Optional: ${action(first, firstAction)} ${action(then, thenAction)}`
  return symmetrical ? words : `${words} symmetrical=false`
}

/** For `crm configure load update FILE`. */
export function crmText(model: Model): string {
  const { properties, defaults, primitives, clones, groups, locations, colocations, orders } = model
  const blocks = [
    [...comments(model.why), joined(['property', ...pairs(properties).map((line) => `    ${line}`)])].join(
      '\n',
    ),
    joined(['rsc_defaults', ...pairs(defaults).map((line) => `    ${line}`)]),
    ...primitives.map(primitive),
    ...clones.map(({ id, of, promotable, meta }) =>
      joined([
        `clone ${id} ${of}`,
        ...indented('meta', pairs({ ...(promotable && { promotable: 'true' }), ...meta })),
      ]),
    ),
    ...groups.map(({ id, members }) => `group ${id} ${members.join(' ')}`),
    ...locations.map(location),
    ...colocations.map(colocation),
    orders.map(order).join('\n'),
  ]
  return `${blocks.join('\n\n')}\n`
}

/** Without what is for people: crmsh would keep the comments in the CIB. */
export function withoutComments(text: string): string {
  return text.replace(/^#.*\n/gm, '')
}
