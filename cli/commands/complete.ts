import { Command } from 'commander'
import { type Definition } from '../command'

/** @param isHidden - commands that nobody is to be offered */
export const completeFor =
  (isHidden: (command: Command) => boolean): Definition =>
  ({ terminal, run }) => {
    const command: Command = new Command('complete')
      .description('what may come next on the command line: the scripts of `completion` call it')
      .argument('[words...]', 'what stands behind the name of the program; the last word is being typed')
      .action((words: string[]) =>
        run(async () =>
          (await import('../completion/run')).complete(terminal, command.parent ?? command, words, isHidden),
        ),
      )
    return command
  }
