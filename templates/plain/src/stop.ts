import { rmSync } from 'node:fs'
import { carryOut, type ExitCode, namedSteps } from 'ocf-ts'
import { type Context } from './agent'
import { decideStop } from './decide'
import { observe } from './observe'
import { endProgram } from './process'

export async function stop(context: Context): Promise<ExitCode> {
  const { pidfile } = context.values
  const facts = observe(context.values)
  return carryOut(
    context,
    facts,
    decideStop(facts),
    namedSteps(
      { 'end program': `end process ${facts.pid ?? ''}`, 'remove note': `remove ${pidfile}` },
      {
        'end program': async () => {
          if (facts.pid !== undefined) await endProgram(facts.pid, context)
        },
        'remove note': () => {
          rmSync(pidfile, { force: true })
          return Promise.resolve()
        },
      },
    ),
  )
}
