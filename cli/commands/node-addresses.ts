import { Command } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

export const nodeAddresses: Definition = ({ terminal, run }) =>
  new Command('node-addresses')
    .description('the addresses on the interfaces of this node, as JSON: the other nodes call it')
    .action(() =>
      run(async () => {
        const { ownAddresses } = await import('../maintenance/addresses')
        terminal.json(await ownAddresses())
        return Exit.OK
      }),
    )
