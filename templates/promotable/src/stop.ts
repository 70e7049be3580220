import { rmSync } from 'node:fs'
import { carryOut, type ExitCode, namedSteps } from 'ocf-ts'
import { type Context } from './agent'
import { decideStop } from './decide'
import { observe, promotionFile } from './observe'
import { endProgram } from './process'
import { withdraw } from './score'

export async function stop(context: Context): Promise<ExitCode> {
  const { pidfile } = context.values
  const facts = observe(context.values)
  return carryOut(
    context,
    facts,
    decideStop(facts),
    namedSteps(
      {
        withdraw: 'no longer offer this node for promotion',
        'end program': `end process ${facts.pid ?? ''}`,
        'remove notes': `remove ${pidfile}`,
      },
      {
        withdraw: () => withdraw(context),
        'end program': async () => {
          if (facts.pid !== undefined) await endProgram(facts.pid, context)
        },
        'remove notes': () => {
          for (const file of [promotionFile(pidfile), pidfile]) rmSync(file, { force: true })
          return Promise.resolve()
        },
      },
    ),
  )
}
