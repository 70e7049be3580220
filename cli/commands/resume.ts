import { Command } from 'commander'
import { type Definition, examples, positiveNumber } from '../command'
import { type ResumeFlags } from '../maintenance/resume'

export const resume: Definition = ({ terminal, run }) =>
  new Command('resume')
    .description('ends maintenance mode, if what runs is what the cluster believes')
    .option('--refresh', 'first have the cluster look afresh at what runs; it still touches nothing then')
    .option('--force', 'also where something differs: the cluster makes it what it should be')
    .option('--timeout <seconds>', 'how long to wait for the first monitors', positiveNumber, 60)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples('ocf-ts resume', 'ocf-ts resume --refresh', 'ocf-ts resume --json | jq .differences') +
        `
It asks every node whether PostgreSQL runs there, whether it is a primary or a standby, and which addresses it has, and
asks pacemaker what it would do once it is let loose. Where something differs from what the cluster believes, or the
cluster would start, stop or move anything, it refuses (exit code 3), and says what.
`,
    )
    .action((flags: ResumeFlags) =>
      run(async () => (await import('../maintenance/resume')).resume(terminal, flags)),
    )
