import { Command } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

export const watchPrimary: Definition = ({ terminal, run }) =>
  new Command('watch-primary')
    .description('tells whether this node takes writes and has the addresses, until its input ends')
    .requiredOption('--resource <id>', 'the pgsql resource')
    .argument('[address...]', 'the addresses of the primary')
    .action((addresses: readonly string[], { resource }: { resource: string }) =>
      run(async () => {
        const { watchServer } = await import('../switchover/watch-server')
        await watchServer(resource, addresses, (line) => {
          terminal.jsonLine(line)
        })
        return Exit.OK
      }),
    )
