import { Command, Option } from 'commander'
import { type Definition } from '../command'
import { type NodeFault, NODE_FAULTS } from '../drill/node-fault-kinds'
import { Exit } from '../exit'

export const nodeFault: Definition = ({ terminal, run }) =>
  new Command('node-fault')
    .description("what a drill does to this node's own server: `drill` calls it on the primary")
    .requiredOption('--resource <id>', 'the pgsql resource')
    .addOption(new Option('--do <what>', 'what').choices(NODE_FAULTS).makeOptionMandatory())
    .action(({ resource, do: what }: { resource: string; do: NodeFault }) =>
      run(async () => {
        terminal.json(await (await import('../drill/node-fault')).faultOnNode(resource, what))
        return Exit.OK
      }),
    )
