import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type InitFlags } from '../init/run'

export const init: Definition = ({ terminal, run }) =>
  new Command('init')
    .description('checks the settings that PostgreSQL needs for the replication, and on consent makes them')
    .argument('[node]', 'the node; default: this one')
    .option('--file <plan.yaml>', "a plan of 'ocf-ts configure', while the cluster is not configured yet")
    .option('--resource <id>', 'the database, where the cluster has several')
    .option(
      '--auth <method>',
      'how clients prove who they are, in lines for pg_hba.conf: scram-sha-256, trust, cert, …',
    )
    .option('--check', 'only look: exit code 1 where something is lacking')
    .option('--yes', 'make what is lacking, without asking')
    .option('--restart', 'restart PostgreSQL where a setting needs it, unless a cluster manages it')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts init --check',
        'ocf-ts init --file plan.yaml --yes',
        'ocf-ts init node2 --yes --restart',
        `ocf-ts init --check --json | jq '.findings[] | select(.state != "ok")'`,
      ),
    )
    .action((node: string | undefined, flags: InitFlags) =>
      run(async () => (await import('../init/run')).init(terminal, node, flags)),
    )
