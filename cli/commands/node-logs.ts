import { Command } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

interface Flags {
  readonly resource?: string
  readonly since: string
  readonly until: string
  readonly all?: boolean
}

export const nodeLogs: Definition = ({ terminal, run }) =>
  new Command('node-logs')
    .description("lines of this node's logs, as JSON: the other nodes call it")
    .option('--resource <id>', 'the pgsql resource')
    .requiredOption('--since <milliseconds>', 'since 1970')
    .requiredOption('--until <milliseconds>', 'since 1970')
    .option('--all', 'every line')
    .action(({ resource, since, until, all = false }: Flags) =>
      run(async () => {
        const { gatherOwnLogs } = await import('../logs/own-logs')
        terminal.json(await gatherOwnLogs(resource, Number(since), Number(until), all))
        return Exit.OK
      }),
    )
