import { Command } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

export const nodeFacts: Definition = ({ terminal, run }) =>
  new Command('node-facts')
    .description('what this node knows of its own server, as JSON: the other nodes call it')
    .requiredOption('--resource <id>', 'the pgsql resource')
    .action(({ resource }: { resource: string }) =>
      run(async () => {
        terminal.json(await (await import('../nodes/own-facts')).gatherOwnFacts(resource))
        return Exit.OK
      }),
    )
