import { carryOut, type ExitCode } from '../../lib/ocf'
import { type Context } from './agent'
import { askHosts } from './ask-hosts'
import { decideStart } from './decide'
import { isStarted } from './state-file'
import { describeStep, performSteps } from './steps'

/** Publishes the first value. */
export async function start(context: Context): Promise<ExitCode> {
  const { values } = context
  const facts = { started: isStarted(values.pidfile), ...(await askHosts(context)) }
  return carryOut(context, facts, decideStart(values, facts.started, facts), {
    describe: describeStep,
    perform: (steps) => performSteps(steps, context),
  })
}
