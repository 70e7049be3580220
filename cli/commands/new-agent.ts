import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type NewAgentFlags } from '../new-agent/run'

export const newAgent: Definition = ({ terminal, run }) =>
  new Command('new-agent')
    .description('writes a project with a resource agent of your own in TypeScript, that works and has tests')
    .argument('<name>', "the agent's name: the last part of ocf:PROVIDER:NAME")
    .option('--directory <directory>', 'where it goes; default: a directory of that name')
    .option('--provider <provider>', 'the part before the name', 'local')
    .option('--promotable', 'one whose resources have roles: promote, demote and notify, too')
    .option('--from <tarball or version>', 'where npm is to take ocf-ts from; default: this version')
    .addHelpText(
      'after',
      examples(
        'ocf-ts new-agent my-daemon',
        'ocf-ts new-agent my-daemon --promotable',
        'ocf-ts new-agent my-daemon --provider acme --from ./ocf-ts-0.1.0.tgz',
      ),
    )
    .action((name: string, flags: NewAgentFlags) =>
      run(async () => (await import('../new-agent/run')).newAgent(terminal, name, flags)),
    )
