import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type MetricsFlags } from '../metrics/run'

export const metrics: Definition = ({ terminal, run }) =>
  new Command('metrics')
    .description('the state of the cluster for Prometheus: roles, lag, what a failover would cost')
    .option('--textfile <path>', "write them to a file of node-exporter's textfile collector, in one step")
    .option(
      '--all',
      'ask the other nodes too, through ssh, for what only they know (default: this one alone)',
    )
    .addHelpText(
      'after',
      `${examples(
        'ocf-ts metrics',
        'ocf-ts metrics --textfile /var/lib/prometheus/node-exporter/ocf-ts.prom   # from a timer, on every node',
      )}
Where the cluster does not answer nothing is written, and the exit code is 4: alert on the age of the file.
`,
    )
    .action((flags: MetricsFlags) =>
      run(async () => (await import('../metrics/run')).metrics(terminal, flags)),
    )
