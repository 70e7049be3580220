import { Command } from 'commander'
import { type Definition, examples, positiveNumber } from '../command'
import { type StatusFlags } from '../status/run'

export const status: Definition = ({ terminal, run }) =>
  new Command('status')
    .description('who is primary, how the standbys are, and whether a failover now would lose data')
    .option('--watch [seconds]', 'look again and again, every 2 seconds or as often as said', positiveNumber)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts status',
        'ocf-ts status --watch',
        `ocf-ts status --json | jq -r '.databases[].primary'`,
        'ocf-ts status > /dev/null || echo "look at the cluster"',
      ),
    )
    .action((flags: StatusFlags) => run(async () => (await import('../status/run')).status(terminal, flags)))
