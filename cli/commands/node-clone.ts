import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Definition } from '../command'
import { type CloneEvent, type CloneSpec } from '../clone/on-node'
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
          tell(await cloneHere(JSON.parse(readFileSync(0, 'utf8')) as CloneSpec, tell, interruption))
        } catch (error) {
          tell(endOf(error))
        }
        return Exit.OK
      }),
    )
