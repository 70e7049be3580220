import { Command } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

export const dataEnd: Definition = ({ terminal, run }) =>
  new Command('data-end')
    .description('where the data of the stopped server on this node ends, as JSON: the other nodes call it')
    .requiredOption('--resource <id>', 'the pgsql resource')
    .action(({ resource }: { resource: string }) =>
      run(async () => {
        terminal.json(await (await import('../promote/own-end')).findOwnEnd(resource))
        return Exit.OK
      }),
    )
