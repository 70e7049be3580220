/** Why a command would rather not begin: all of it at once, and before anything is changed. */
import { CommandError, Exit } from '../exit'
import { type Terminal } from '../terminal'

export interface Problem {
  readonly text: string
  /** `--force` goes on all the same. */
  readonly soft: boolean
  /** What to do about it. */
  readonly advice?: string
}

export const hard = (text: string): Problem => ({ text, soft: false })
export const soft = (text: string): Problem => ({ text, soft: true })

/**
 * Goes on only where nothing speaks against it, or nothing that `--force` does not override.
 *
 * @param what - is refused: `no switchover`
 * @throws CommandError REFUSED, after the list
 */
export function refuseFor(
  terminal: Terminal,
  what: string,
  problems: readonly Problem[],
  force: boolean,
): void {
  if (problems.length === 0) return
  const { red, yellow } = terminal.colours
  for (const { text, soft: isSoft, advice } of problems) {
    terminal.note(isSoft ? yellow(`- ${text}${force ? ' (overridden by --force)' : ''}`) : red(`- ${text}`))
    if (advice !== undefined) terminal.note(`    do: ${advice}`)
  }
  const hardOnes = problems.filter((problem) => !problem.soft)
  if (force && hardOnes.length === 0) return
  const advice =
    hardOnes.length === 0
      ? 'fix that, or use --force to override it'
      : hardOnes.length < problems.length
        ? 'fix that (--force overrides a part of it only)'
        : 'fix that'
  throw new CommandError(Exit.REFUSED, `${what}: nothing was changed`, advice)
}
