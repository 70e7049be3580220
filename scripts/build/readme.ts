/** The tables of parameters in README.md, made from the definitions. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Agent, type Parameter } from '../../lib/ocf'
import { textOf } from '../../lib/ocf/parameters'
import { loadAgent } from './agents'
import { REPOSITORY } from './repository'

const README = join(REPOSITORY, 'README.md')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``)

function defaultOf(parameter: Parameter<unknown>, values: Record<string, unknown>): string {
  if (parameter.required === true) return '_required_'
  return parameter.derive ? code(textOf(parameter.derive(values))) : code(textOf(parameter.default))
}

/** A table of an agent's parameters in Markdown. */
export function parameterTable({ parameters }: Pick<Agent, 'parameters'>): string {
  const defaults = Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => [name, parameter.default]),
  )
  const rows = Object.entries(parameters).map(([name, parameter]) => {
    const meaning = cell(parameter.longdesc ?? `${parameter.shortdesc}.`)
    return `| \`${name}\` | ${defaultOf(parameter, defaults)} | ${meaning} |`
  })
  return ['| parameter | default | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

/** The README's text with the tables of these agents in their places. */
export function withTables(readme: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [begin, end] = [`<!-- parameters:${name} -->`, `<!-- /parameters:${name} -->`]
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from < 0 || to < from)
      throw new Error(`README.md has no place for the parameters of ${name}: ${begin} … ${end}`)
    return `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`
  }, readme)
}

/** What README.md should be, and what it is. */
export async function readmeOf(names: readonly string[]): Promise<{ wanted: string; found: string }> {
  const found = readFileSync(README, 'utf8')
  const tables: Record<string, string> = {}
  for (const name of names) tables[name] = parameterTable(await loadAgent(name))
  return { wanted: withTables(found, tables), found }
}

/** Brings the tables in line with the definitions. */
export async function writeReadme(names: readonly string[]): Promise<void> {
  const { wanted, found } = await readmeOf(names)
  if (wanted !== found) writeFileSync(README, wanted)
}
