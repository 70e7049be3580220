import { Command } from 'commander'
import { type CloneFlags } from '../clone/run'
import { type Definition, examples, positiveNumber } from '../command'

export const clone: Definition = ({ terminal, run }) =>
  new Command('clone')
    .description("makes a node's data a base backup of the primary's, so that it becomes a standby")
    .argument('<node>', 'the node that is to become a standby')
    .option(
      '--replace',
      'where the data directory is not empty: what is there is kept as PGDATA.replaced-TIME',
    )
    .option('--start', 'have the cluster start it, and wait until it follows the primary')
    .option('--from <address>', 'take it from this server; default: the primary, at master_ip')
    .option('--max-rate <kB/s>', 'how fast it may copy', positiveNumber)
    .option('--resource <id>', 'the database, where the cluster has several')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts clone node2 --start',
        'ocf-ts clone node2 --replace',
        'ocf-ts clone node3 --max-rate 20000 --start',
      ),
    )
    .action((node: string, flags: CloneFlags) =>
      run(async () => (await import('../clone/run')).clone(terminal, node, flags)),
    )
