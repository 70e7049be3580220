/** What the definitions of all commands share. */
import { type Command, InvalidArgumentError } from 'commander'
import { type Terminal } from './terminal'

/** What a command is defined with. */
export interface Setting {
  readonly terminal: Terminal
  /**
   * Runs what the command does and keeps its exit code: one of `Exit`, or that of a program that it runs for the
   * operator. An error is told to the operator.
   */
  readonly run: (work: () => Promise<number>) => Promise<void>
}

/**
 * Makes a command: its options, help and examples. What it does is loaded with a dynamic import when it is run, so that
 * `--help` and the completion of a shell cost nothing of it.
 */
export type Definition = (setting: Setting) => Command

/** For an option that takes a number. */
export function positiveNumber(text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new InvalidArgumentError(`'${text}' is not a number greater than 0.`)
  return number
}

/** The end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}
