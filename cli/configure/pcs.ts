/** The configuration as commands of pcs. */
import { quote } from '../nodes/shell'
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

/** One command: the words behind `pcs -f FILE`. */
export interface PcsCommand {
  readonly words: readonly string[]
  /** A rule that ends it: one word for pcs 0.12, a word for each part up to 0.11. */
  readonly rule?: string
  /** Lines for whoever reads it. */
  readonly why: readonly string[]
}

const pairs = (all: Pairs): readonly string[] =>
  Object.entries(all).map(([name, value]) => `${name}=${value}`)

const section = (word: string, words: readonly string[]): readonly string[] =>
  words.length === 0 ? [] : [word, ...words]

function operation({ name, timeout, interval, onFail, role }: Operation): readonly string[] {
  const words = { interval, timeout, ...(onFail && { 'on-fail': onFail }), ...(role && { role }) }
  return ['op', name, ...pairs(words)]
}

function primitive({ id, agent, parameters, meta, operations, why }: Primitive): PcsCommand {
  return {
    words: [
      ...['resource', 'create', id, agent],
      ...pairs(parameters),
      ...operations.flatMap(operation),
      ...section('meta', pairs(meta)),
      '--no-default-ops',
    ],
    why,
  }
}

function comparison(one: Comparison): string {
  return one.operation === 'not_defined'
    ? `not_defined ${one.attribute}`
    : `${one.attribute} ${one.operation} ${one.value}`
}

function location({ id, resource, score, any, comparisons, why }: Location): PcsCommand {
  const rule = ['rule', `id=${id}-rule`, `constraint-id=${id}`, `score=${score}`]
  return {
    words: ['constraint', 'location', resource, ...rule],
    rule: comparisons.map(comparison).join(` ${any} `),
    why: [why],
  }
}

function colocation({ id, resource, with: other, withRole, why }: Colocation): PcsCommand {
  const role = withRole ? [withRole] : []
  return {
    words: [
      'constraint',
      'colocation',
      'add',
      resource,
      'with',
      ...role,
      other,
      'score=INFINITY',
      `id=${id}`,
    ],
    why: [why],
  }
}

function order({ id, first, firstAction, then, thenAction, symmetrical }: Order): PcsCommand {
  const actions = [firstAction, first, 'then', thenAction, then]
  const options = ['kind=Optional', ...(symmetrical ? [] : ['symmetrical=false']), `id=${id}`]
  return { words: ['constraint', 'order', ...actions, ...options], why: [] }
}

/** The commands, in the order in which they must be run. */
export function pcsCommands(model: Model): readonly PcsCommand[] {
  const { properties, defaults, primitives, clones, groups, locations, colocations, orders } = model
  return [
    { words: ['property', 'set', ...pairs(properties)], why: model.why },
    { words: ['resource', 'defaults', 'update', ...pairs(defaults)], why: [] },
    ...primitives.map(primitive),
    ...clones.map(({ id, of, promotable, meta }) => ({
      words: ['resource', promotable ? 'promotable' : 'clone', of, id, ...section('meta', pairs(meta))],
      why: [],
    })),
    ...groups.map(({ id, members }) => ({ words: ['resource', 'group', 'add', id, ...members], why: [] })),
    ...locations.map(location),
    ...colocations.map(colocation),
    ...orders.map(order),
  ]
}

/** Whether this version of pcs takes a rule as one word. */
export function takesRuleAsWord(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 0 || minor >= 12
}

/** All words of a command, for this version of pcs. */
export function wordsFor(version: string, { words, rule }: PcsCommand): readonly string[] {
  if (rule === undefined) return words
  return [...words, ...(takesRuleAsWord(version) ? [rule] : rule.split(' '))]
}

const FILE = 'pgsql.cib.xml'

/** Beyond this a command goes on in the next line. */
const WIDTH = 100

/** The words of a command, broken into lines where an operation or a section begins. */
function wrapped(words: readonly string[]): string {
  const lines: string[] = []
  let line = `pcs -f ${FILE}`
  for (const word of words.map(quote)) {
    const begins = word === 'op' || word === 'meta'
    if (begins || line.length + word.length >= WIDTH) {
      lines.push(line)
      line = `    ${word}`
    } else {
      line += ` ${word}`
    }
  }
  return [...lines, line].join(' \\\n')
}

/** What makes `$rule`, without quotes, what the version of pcs that runs the script takes. */
const SPLIT_RULES = `# $rule is one word for pcs 0.12, and several for pcs 0.11.
case $(pcs --version) in
    0.9.* | 0.10.* | 0.11.*) ;;
    *) IFS= ;;
esac`

/** A script for `sh`: it changes a copy of the configuration, and then the cluster in one step. */
export function pcsText(model: Model): string {
  const all = pcsCommands(model)
  const commands = all.map(({ words, rule, why }) =>
    [
      ...why.map((line) => `# ${line}`),
      ...(rule === undefined ? [] : [`rule=${quote(rule)}`]),
      wrapped(words) + (rule === undefined ? '' : ' $rule'),
    ].join('\n'),
  )
  return `${[
    '#!/bin/sh -e',
    `pcs cluster cib ${FILE}\ncp ${FILE} ${FILE}.before`,
    ...(all.some(({ rule }) => rule !== undefined) ? [SPLIT_RULES] : []),
    ...commands,
    `pcs cluster cib-push ${FILE} diff-against=${FILE}.before`,
  ].join('\n\n')}\n`
}
