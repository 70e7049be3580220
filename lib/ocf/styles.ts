/** Colours for a terminal, made so that no text from outside can pass for one of them. */
import { randomInt } from 'node:crypto'
import { inspect } from 'node:util'
import { passStyles } from './printable'

/** A parameter of every sequence that is made here. Terminals never see it: see printable.ts. */
const MARK = `${randomInt(1e9, 1e10)}`

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const

export type Style = keyof typeof CODES
/** Sets text in a style, and goes back to what was before. */
export type Styles = Readonly<Record<Style, (text: string) => string>>

const sequence = (code: number): string => `\x1b[${code};${MARK}m`

function styler(code: number, end: number): (text: string) => string {
  const [begin, back] = [sequence(code), sequence(end)]
  // What ends a style within it must not end this one.
  return (text) => `${begin}${text.replaceAll(back, `${back}${begin}`)}${back}`
}

/**
 * The styles of one stream; without colours they give the text back.
 *
 * What they return must be written with `print` and its kin (output.ts), which take the mark out.
 */
export function makeStyles(coloured: boolean): Styles {
  if (coloured) passStyles(MARK)
  const entries = Object.entries(CODES).map(([name, [code, end]]) => [
    name,
    coloured ? styler(code, end) : (text: string) => text,
  ])
  return Object.fromEntries(entries) as Styles
}

/** Has `inspect` make its colours in the same way. */
export function markInspect(): void {
  passStyles(MARK)
  const colours = inspect.colors as Record<string, [unknown, unknown]>
  for (const [name, [begin, end]] of Object.entries(colours)) {
    if (typeof begin === 'number') colours[name] = [`${begin};${MARK}`, `${String(end)};${MARK}`]
  }
}
