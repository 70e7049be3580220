import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type DebugFlags } from '../debug/run'

export const debug: Definition = ({ terminal, run }) =>
  new Command('debug')
    .description(
      "runs one action of a resource's agent by hand, as the cluster would, and shows what it runs and asks",
    )
    .argument('<resource>', "the resource's id, or its agent's name where only one resource has it")
    .argument('<action>', 'monitor, start, stop, promote, …')
    .option('--act', 'really do it; without, the agent explains what it would do, and changes nothing')
    .option('--yes', 'do not ask before --act')
    .option('--node <node>', 'on another node (default: this one)')
    .option('--timeout <seconds>', "the action's timeout (default: the one its meta-data advises)")
    .option('--no-trace', 'do not print every program and every query with its time')
    .addHelpText(
      'after',
      `${examples(
        'ocf-ts debug pgsql monitor                  # what does it see, and what does it decide?',
        'ocf-ts debug pgsql start --node node1       # why does it not start there?',
        'ocf-ts debug vip-master monitor --act       # the exit code, for real',
      )}
A line of the trace: when it began and how long it took, what it was, and how it ended.
The exit code is the agent's own: 0 success, 7 not running, 8 running as primary, others are errors.
`,
    )
    .action((resource: string, action: string, flags: DebugFlags) =>
      run(async () => (await import('../debug/run')).debug(terminal, resource, action, flags)),
    )
