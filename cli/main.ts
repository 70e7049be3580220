/** `ocf-ts`, the operator's tool. */
import { CommanderError } from 'commander'
import { messageOf } from '../lib/ocf'
import { isLostWord, whenOutputFails } from '../lib/ocf/output'
import { dropLibraryVariables } from './environment'
import { CommandError, Exit } from './exit'
import { makeProgram } from './program'
import { Terminal } from './terminal'

const terminal = new Terminal()

/** Says what is wrong and what to do about it; a fault of the tool itself is shown with its stack. */
function complain(error: unknown): Exit {
  const { red, bold } = terminal.colours
  if (error instanceof CommandError) {
    terminal.note(`${red('ocf-ts:')} ${error.message}`)
    if (error.advice !== undefined) terminal.note(`  ${bold('do:')} ${error.advice}`)
    return error.exit
  }
  const isFault = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  const [what = '', ...stack] = (isFault ? (error.stack ?? error.message) : messageOf(error)).split('\n')
  terminal.note(`${red('ocf-ts:')} ${what}`, ...stack)
  return Exit.TROUBLE
}

async function main(): Promise<void> {
  dropLibraryVariables()
  process.exitCode = Exit.TROUBLE
  process.on('uncaughtException', (error) => {
    if (!isLostWord(error)) process.exit(complain(error))
  })
  // `ocf-ts status | head` is no reason for a stack.
  whenOutputFails(['stdout'], (error) => {
    process.exit(error.code === 'EPIPE' ? Exit.OK : Exit.TROUBLE)
  })
  const program = makeProgram({
    terminal,
    run: async (work) => {
      process.exitCode = await work().catch(complain)
    },
  })
  try {
    await program.parseAsync()
  } catch (error) {
    // commander has printed the help, the version or what is wrong.
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? Exit.OK : Exit.USAGE
  }
}

void main().catch((error: unknown) => {
  process.exitCode = complain(error)
})
