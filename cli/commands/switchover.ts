import { Command } from 'commander'
import { type Definition, examples, positiveNumber } from '../command'
import { type SwitchoverFlags } from '../switchover/run'

const MEGABYTE = 1024 * 1024

export const switchover: Definition = ({ terminal, run }) =>
  new Command('switchover')
    .description('move the primary to another node, the old one stays as a standby')
    .option('--to <node>', 'the new primary (default: the cluster chooses)')
    .option('--resource <id>', 'the database, where there are several')
    .option('--check', 'only say whether it is safe now')
    .option(
      '--max-lag <bytes>',
      'how far a standby may be behind with rep_mode=async',
      positiveNumber,
      16 * MEGABYTE,
    )
    .option('--timeout <seconds>', 'how long each step may take', positiveNumber, 120)
    .option(
      '--force',
      'also with old failures, constraints left behind, a lag that is large or not known, actions that are due, or a node that does not answer',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts switchover',
        'ocf-ts switchover --to node2',
        'ocf-ts switchover --check || echo "not now"',
        `ocf-ts switchover --json | jq .outage.seconds`,
      ) +
        `
It asks nothing: what is not safe is refused (exit code 3) before anything is changed. While it waits, constraints
keep the primary role off all nodes but the new one; they are taken back at the end, also after an error or Ctrl-C,
and end by themselves should this program be killed.
`,
    )
    .action((flags: SwitchoverFlags) =>
      run(async () => (await import('../switchover/run')).switchover(terminal, flags)),
    )
