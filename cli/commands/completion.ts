import { Argument, Command } from 'commander'
import { type Definition, examples } from '../command'
import { type Shell } from '../completion/run'

export const completion: Definition = ({ terminal, run }) =>
  new Command('completion')
    .description('prints what makes a shell complete commands, options, nodes and resources')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh']))
    .addHelpText(
      'after',
      examples('source <(ocf-ts completion bash)', 'ocf-ts completion bash > /etc/bash_completion.d/ocf-ts'),
    )
    .action((shell: Shell) =>
      run(async () => (await import('../completion/run')).completionScript(terminal, shell)),
    )
