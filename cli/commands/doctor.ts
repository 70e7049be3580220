import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type DoctorFlags } from '../doctor/run'

export const doctor: Definition = ({ terminal, run }) =>
  new Command('doctor')
    .description('looks for what is wrong, or will be at the next failover, and says how to fix it')
    .option('--all', 'show also what is well')
    .option('--fix', 'make the fixes that are safe, after asking, and look again')
    .option('--yes', 'with --fix, do not ask')
    .option('--json', 'print JSON: every check with its finding, evidence and advice')
    .addHelpText(
      'after',
      `
It asks every node of the cluster through ssh, those too where pacemaker does not run.
With --fix it changes modes and owners of files; everything else is left to you.
` +
        examples(
          'ocf-ts doctor',
          'ocf-ts doctor --fix',
          `ocf-ts doctor --json | jq -r '.findings[] | select(.severity == "error") | .finding'`,
          'ocf-ts doctor > /dev/null || echo "the cluster needs a look"',
        ),
    )
    .action((flags: DoctorFlags) => run(async () => (await import('../doctor/run')).doctor(terminal, flags)))
