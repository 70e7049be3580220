/** Asking the operator before something is done. */
import { shownLine } from '../lib/ocf/output'
import { CommandError, Exit } from './exit'
import { type Terminal } from './terminal'

/** Ctrl-C at a question is an answer, and no fault. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ExitPromptError')) throw error
    throw new CommandError(Exit.REFUSED, 'nothing was changed')
  }
}

/** A word to be typed. */
export async function askForText(
  message: string,
  more: { readonly suggestion?: string; readonly validate?: (typed: string) => true | string } = {},
): Promise<string> {
  const { default: input } = await import('@inquirer/input')
  const { suggestion = '', validate } = more
  return answered(
    input({
      message: shownLine(message),
      // What cannot be shown as it is, is better typed.
      ...(suggestion !== '' && shownLine(suggestion) === suggestion && { default: suggestion }),
      ...(validate && { validate }),
    }),
  )
}

/** One of several words. */
export async function askForChoice(
  message: string,
  choices: readonly { readonly value: string; readonly name: string }[],
): Promise<string> {
  const { default: select } = await import('@inquirer/select')
  const shown = choices.map(({ value, name }) => ({ value, name: shownLine(name) }))
  return answered(select({ message: shownLine(message), choices: shown }))
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
  if (!(await answered(confirm({ message: shownLine(question), default: false })))) {
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
  const typed = said ?? (await askForText(question))
  if (typed !== word) refuse(`'${typed}' is not '${word}'`)
}
