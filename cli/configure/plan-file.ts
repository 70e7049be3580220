/** A plan as a YAML file: the same words as on the command line. */
import { parse, stringify, YAMLParseError } from 'yaml'
import { CommandError, Exit } from '../exit'
import { type Answers, questions, type QuestionName } from './plan'
import { nearest } from './validate'

const NAMES = Object.keys(questions) as readonly QuestionName[]
/** Addresses may also be written in parts. */
const ADDRESS_PARTS = ['ip', 'netmask', 'nic'] as const

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A scalar as text, a list with blanks between its words; nothing for anything else. */
function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const words = value.map(textOf)
    return words.every((word) => word !== undefined) ? words.join(' ') : undefined
  }
  if (value === null) return ''
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function addressText(value: unknown): string | undefined {
  if (
    !isMapping(value) ||
    Object.keys(value).some((key) => !(ADDRESS_PARTS as readonly string[]).includes(key))
  ) {
    return textOf(value)
  }
  const [ip, netmask, nic] = ADDRESS_PARTS.map((part) => textOf(value[part] ?? ''))
  return `${ip ?? ''}${netmask ? `/${netmask}` : ''}${nic ? `,${nic}` : ''}`
}

/**
 * Reads one.
 *
 * @param file - its name, for the errors
 * @throws CommandError USAGE for what is no plan
 */
export function readPlanFile(text: string, file: string): Answers {
  const refuse = (why: string, advice: string): never => {
    throw new CommandError(Exit.USAGE, `${file}: ${why}`, advice)
  }
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error
    return refuse(error.message.split('\n')[0]?.replace(/:$/, '') ?? '', 'correct it')
  }
  if (!isMapping(content)) return refuse('is no plan', "'ocf-ts configure --save FILE' writes one")
  const plan: Partial<Record<QuestionName, string>> = {}
  const pgsql: Record<string, string> = {}
  const scalar = (name: string, value: string | undefined): string =>
    value ?? refuse(`${name} must be a text, a number or a list`, 'write it on one line')
  for (const [key, value] of Object.entries(content)) {
    if (key === 'pgsql') {
      if (!isMapping(value))
        return refuse('pgsql must hold parameters of ocf:ts:pgsql', 'write NAME: VALUE below it')
      for (const [name, each] of Object.entries(value)) pgsql[name] = scalar(`pgsql.${name}`, textOf(each))
      continue
    }
    const name = NAMES.find((known) => known === key)
    if (name === undefined) {
      const meant = nearest(key, [...NAMES, 'pgsql'])
      return refuse(
        `there is nothing called '${key}'`,
        meant ? `write ${meant}` : `the words are ${[...NAMES, 'pgsql'].join(', ')}`,
      )
    }
    plan[name] = scalar(key, addressText(value))
  }
  return { plan, pgsql }
}

const listed = (name: QuestionName, value: string): unknown =>
  name === 'nodes' || name === 'ping' ? value.split(/\s+/).filter(Boolean) : value

/** Writes one that `readPlanFile` reads. */
export function planFileText({ plan, pgsql }: Answers): string {
  const named = NAMES.flatMap((name) => {
    const value = plan[name]
    return value === undefined || value === '' ? [] : [[name, listed(name, value)] as const]
  })
  return stringify({ ...Object.fromEntries(named), ...(Object.keys(pgsql).length > 0 && { pgsql }) })
}
