/** Asking the operator before something is done. */
import { CommandError, Exit } from './exit'
import { type Terminal } from './terminal'

/** Ctrl-C at a question is an answer, and no fault. */
export async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ExitPromptError')) throw error
    throw new CommandError(Exit.REFUSED, 'nothing was changed')
  }
}

/**
 * Goes on only if the operator says yes.
 *
 * @param yes - `--yes`: it was said on the command line
 * @throws CommandError REFUSED when not, or when there is nobody to ask
 */
export async function mustAgree(terminal: Terminal, question: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!terminal.isInteractive) {
    throw new CommandError(Exit.REFUSED, `this asks first: ${question}`, 'say --yes where nobody can answer')
  }
  const { default: confirm } = await import('@inquirer/confirm')
  if (!(await answered(confirm({ message: question, default: false })))) {
    throw new CommandError(Exit.REFUSED, 'nothing was changed')
  }
}

/**
 * For what cannot be undone: goes on only if the operator types `word`.
 *
 * @param said - what was given on the command line instead
 * @throws CommandError REFUSED for anything else
 */
export async function mustType(
  terminal: Terminal,
  question: string,
  word: string,
  said: string | undefined,
): Promise<void> {
  const refuse = (why: string): never => {
    throw new CommandError(Exit.REFUSED, `${why}: nothing was changed`)
  }
  if (said === undefined && !terminal.isInteractive) refuse(`nobody is there to type '${word}'`)
  const { default: input } = await import('@inquirer/input')
  const typed = said ?? (await answered(input({ message: question })))
  if (typed !== word) refuse(`'${typed}' is not '${word}'`)
}
