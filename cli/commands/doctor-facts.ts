import { Command } from 'commander'
import { type Definition } from '../command'
import { Exit } from '../exit'

export const doctorFacts: Definition = ({ terminal, run }) =>
  new Command('doctor-facts')
    .description('what this node knows of itself, as JSON, for the doctor: the other nodes call it')
    .action(() =>
      run(async () => {
        terminal.json(await (await import('../doctor/own/gather')).gatherDoctorFacts())
        return Exit.OK
      }),
    )

export const doctorReach: Definition = ({ terminal, run }) =>
  new Command('doctor-reach')
    .description('which TCP ports answer to this node, as JSON, for the doctor: the other nodes call it')
    .argument('<ports...>', 'ADDRESS:PORT')
    .action((ports: readonly string[]) =>
      run(async () => {
        terminal.json(await (await import('../doctor/reach')).reach(ports))
        return Exit.OK
      }),
    )
