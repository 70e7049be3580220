import { Command } from 'commander'
import { type Definition, examples, positiveNumber } from '../command'
import { type PromoteFlags } from '../promote/run'

export const promote: Definition = ({ terminal, run }) =>
  new Command('promote')
    .description('after a disaster: make a node the primary that the cluster itself would not promote')
    .argument('<node>', 'the new primary')
    .requiredOption(
      '--force',
      'there is no other way to say it: what others have more than that node is lost',
    )
    .option('--despite <node...>', 'discard what this node has, although it answers and has more')
    .option('--confirm <node>', `the node's name once more, where nobody can be asked`)
    .option('--resource <id>', 'the database, where there are several')
    .option('--timeout <seconds>', 'how long each step may take', positiveNumber, 120)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts promote --force node2',
        'ocf-ts promote --force node2 --confirm node2',
        'ocf-ts promote --force node2 --despite node1',
      ) +
        `
For when there is no primary and the cluster elects none, for good reasons: the last primary is gone, and commits may be
missing on the nodes that are left. 'ocf-ts switchover' moves a primary that is there. First it shows what each node
has, and what would be lost. Then it tells the cluster that this node's data is the latest, and the cluster promotes it,
and manages it from then on. Should that fail, what it has changed is changed back.
`,
    )
    .action((node: string, flags: PromoteFlags) =>
      run(async () => (await import('../promote/run')).promote(terminal, node, flags)),
    )
