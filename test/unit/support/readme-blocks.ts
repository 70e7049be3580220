/** The code blocks of README.md, for the tests that execute them. README.zh-CN.md has the same, byte for byte. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { anchorsOf, sectionsOf } from './markdown'

const README = join(__dirname, '../../../README.md')

const dedented = (lines: readonly string[]): string => {
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return lines.map((line) => line.slice(indent)).join('\n')
}

/** Every block by its name: the anchor of its section, and which of the section's blocks it is, from 1. */
export function readmeBlocks(): ReadonlyMap<string, string> {
  const sections = sectionsOf(readFileSync(README, 'utf8'))
  const anchors = anchorsOf(sections.map(({ title }) => title))
  return new Map(
    sections.flatMap(({ codeBlocks }, index) =>
      codeBlocks.map((block, number) => [
        `${anchors[index] ?? ''}/${String(number + 1)}`,
        dedented(block.split('\n').slice(1, -1)),
      ]),
    ),
  )
}

/** The text of a block, without its fences and its indentation. */
export function readmeBlock(name: string): string {
  const block = readmeBlocks().get(name)
  if (block === undefined) throw new Error(`README.md has no block ${name}`)
  return block
}

/** A command line of a block, and what is printed below it. */
export interface Session {
  readonly command: string
  readonly output: string
}

/** A block that shows commands behind a root's prompt, `# `, and what they print. */
export function sessionsIn(block: string): readonly Session[] {
  return block
    .split(/^(?=# )/m)
    .filter((part) => part.startsWith('# '))
    .map((part) => {
      const [first = '', ...rest] = part.trimEnd().split('\n')
      return { command: first.slice(2), output: rest.join('\n') }
    })
}

/** The command lines of a block for the shell, without the comments at their ends and a node's prompt. */
export function commandsIn(block: string): readonly string[] {
  return block
    .split('\n')
    .map((line) => line.replace(/^node\d# /, '').replace(/\s+#(?:\s.*)?$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** A text of the README, which has Debian 12's PostgreSQL, for another version of it. */
export function forPostgres(version: number, text: string): string {
  return text.replaceAll(/(postgresql[-/ ])15\b/gi, `$1${version}`)
}

/**
 * What is printed, without what differs from one time to the next: figures, times, positions, the width of columns,
 * and which of two nodes it is.
 */
export function shapeOf(text: string): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        // When a resource failed, in crm_mon.
        .replace(/^(\s*\* .* returned .*) at .*$/, '$1')
        // What pacemaker 3.0 calls the results of actions, and where an attribute is.
        .replace(
          /( returned '| operation for \S+ on \S+: )(Error occurred|Not running|OK)(?='|$)/,
          (_, before: string, result: string) =>
            before + (result === 'Error occurred' ? 'error' : result.toLowerCase()),
        )
        .replace(/ in instance_attributes(?=: )/, '')
        .replaceAll(/\b[0-9A-F]+\/[0-9A-F]+\b/g, 'LSN')
        .replaceAll(/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d/g, 'DAY #')
        .replaceAll(/\d+(?:[.:-]\d+)*/g, '#')
        .replaceAll(/[ \t]+/g, ' ')
        .trim(),
    )
}

/** Expects what is printed to have the lines of a block, together and in order; `...` stands for any lines. */
export function expectPrinted(real: string, printed: string): void {
  const lines = [...shapeOf(real)]
  for (const part of printed.split(/^\.\.\.\n/m)) {
    const wanted = shapeOf(part)
    const from = lines.findIndex((_, index) => wanted.every((line, offset) => lines[index + offset] === line))
    if (from === -1) expect(lines).toEqual(wanted)
    lines.splice(0, from + wanted.length)
  }
}

/** Expects what is printed to have each line of a block: other lines may be in between, and the order another. */
export function expectLines(real: string, printed: string): void {
  const lines = shapeOf(real)
  const missing = shapeOf(printed).filter((line) => line !== '...' && !lines.includes(line))
  expect({ missing, in: real }).toEqual({ missing: [], in: real })
}
