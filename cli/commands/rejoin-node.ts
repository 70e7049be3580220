import { Argument, Command, Option } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

interface Flags {
  readonly resource: string
  readonly provider: string
  readonly method: 'rewind' | 'basebackup'
}

export const rejoinNode: Definition = ({ terminal, run }) =>
  new Command('rejoin-node')
    .description(`this node's own part of a rejoin, as JSON: the other nodes call it`)
    .addArgument(new Argument('<what>').choices(['look', 'begin', 'note']))
    .requiredOption('--resource <id>', 'the pgsql resource')
    .option('--provider <name>', 'of its agent', 'ts')
    .addOption(new Option('--method <method>').choices(['rewind', 'basebackup']).default('rewind'))
    .action((what: 'look' | 'begin' | 'note', { resource, provider, method }: Flags) =>
      run(async () => {
        const own = await import('../rejoin/own-side')
        const does = {
          look: () => own.lookAtOwnData(resource),
          begin: () => own.beginOwnRejoin(resource, provider, method),
          note: () => own.readOwnNote(resource),
        }
        terminal.json(await does[what]())
        return Exit.OK
      }),
    )
