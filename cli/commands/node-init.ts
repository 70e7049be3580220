import { Command, Option } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'
import { type Work } from '../init/run'

export const nodeInit: Definition = ({ terminal, run }) =>
  new Command('node-init')
    .description("what init does on this node, as JSON: another node's init calls it")
    .requiredOption('--spec <json>', 'what the replication needs')
    .addOption(
      new Option('--work <work>', 'what is done').choices(['look', 'make', 'restart']).makeOptionMandatory(),
    )
    .action(({ spec, work }: { spec: string; work: Work }) =>
      run(async () => {
        const { workHere } = await import('../init/run')
        const { readRequest } = await import('../nodes/request')
        const { initSpecForm } = await import('../init/spec-form')
        terminal.json(await workHere(readRequest(spec, initSpecForm, 'node-init'), work))
        return Exit.OK
      }),
    )
