import { Command } from 'commander'
import { type Definition, examples } from '../command'
import { type PauseFlags } from '../maintenance/pause'

export const pause: Definition = ({ terminal, run }) =>
  new Command('pause')
    .description('maintenance mode: the cluster starts, stops, moves and fails over nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', examples('ocf-ts pause', 'ocf-ts pause && apt-get upgrade && ocf-ts resume'))
    .action((flags: PauseFlags) =>
      run(async () => (await import('../maintenance/pause')).pause(terminal, flags)),
    )
