import { carryOut, type ExitCode, namedSteps } from 'ocf-ts'
import { type Context } from './agent'
import { decideStart } from './decide'
import { observe } from './observe'
import { startProgram } from './process'
import { checkHost } from './validate-all'

export async function start(context: Context): Promise<ExitCode> {
  const { values } = context
  checkHost(values)
  const facts = observe(values)
  return carryOut(
    context,
    facts,
    decideStart(facts),
    namedSteps(
      { 'start program': `start ${values.program}` },
      { 'start program': () => startProgram(values) },
    ),
  )
}
