import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Definition } from '../command'
import { type CloneEvent } from '../clone/on-node'
import { Exit } from '../exit'
import { whenOutputFails } from '../../lib/ocf/output'

export const nodeClone: Definition = ({ terminal, run }) =>
  new Command('node-clone')
    .description(
      'what clone does on this node, told in lines of JSON; reads what it is to do from standard input',
    )
    .action(() =>
      run(async () => {
        const { cloneHere, endOf } = await import('../clone/on-node')
        const { cloneSpecForm } = await import('../clone/spec-form')
        const { readRequest } = await import('../nodes/request')
        const interruption = { interrupted: false }
        const interrupt = (): void => {
          interruption.interrupted = true
        }
        // Who wanted it is gone: it is ended and cleared up, and not left to itself.
        whenOutputFails(['stdout'], interrupt)
        process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt)
        const tell = (event: CloneEvent): void => {
          terminal.jsonLine(event)
        }
        try {
          const spec = readRequest(readFileSync(0, 'utf8'), cloneSpecForm, 'node-clone')
          tell(await cloneHere(spec, tell, interruption))
        } catch (error) {
          tell(endOf(error))
        }
        return Exit.OK
      }),
    )
