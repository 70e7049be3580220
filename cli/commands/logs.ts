import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type LogsFlags } from '../logs/run'

export const logs: Definition = ({ terminal, run }) =>
  new Command('logs')
    .description(
      'what the cluster, its agents and PostgreSQL said on all nodes, as one timeline; by default around the last failover',
    )
    .option('--since <time>', '15m or 2h (ago), 14:30, or 2026-11-23 14:30:05')
    .option('--until <time>', 'the same (default: now)')
    .option('--resource <id>', 'the pgsql resource whose last failover and whose server is meant')
    .option('--all', 'every line, and not only those that tell what happened')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${examples('ocf-ts logs', 'ocf-ts logs --since 2h', 'ocf-ts logs --since 14:30 --until 14:35 --all | less')}
All times are by this node's clock. The logs of a node that does not answer are missing, and it is said; then the exit
code is 4.
`,
    )
    .action((flags: LogsFlags) => run(async () => (await import('../logs/run')).logs(terminal, flags)))
