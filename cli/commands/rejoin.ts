import { Command, Option } from 'commander'
import { type Definition, examples, positiveNumber } from '../command'
import { type RejoinFlags } from '../rejoin/run'

export const rejoin: Definition = ({ terminal, run }) =>
  new Command('rejoin')
    .description('bring a node back that stays out: what it would discard is shown first')
    .argument('[node]', 'which one (default: the one that is out)')
    .addOption(
      new Option(
        '--method <method>',
        `pg_rewind, which fetches what differs, or a new base backup (default: what 'rejoin' of the resource says; otherwise pg_rewind where it can)`,
      ).choices(['rewind', 'basebackup']),
    )
    .option('--resource <id>', 'the database, where there are several')
    .option('--check', 'only show what would be discarded')
    .option(
      '--timeout <seconds>',
      'how long to wait until it follows, once its data is there',
      positiveNumber,
      120,
    )
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts rejoin',
        'ocf-ts rejoin node1 --check',
        'ocf-ts rejoin node1 --method basebackup --yes',
      ) +
        `
The configuration stays as it is, whatever its parameter 'rejoin' says. pg_rewind changes the data in its place; a base
backup is made beside it, and the old directory is kept as PGDATA.diverged-TIME. It is done by a process of its own on
that node: Ctrl-C ends only the watching, and the same command watches again.
`,
    )
    .action((node: string | undefined, flags: RejoinFlags) =>
      run(async () => (await import('../rejoin/run')).rejoin(terminal, node, flags)),
    )
