import { carryOut, type ExitCode } from '../../lib/ocf'
import { isRoot } from '../../lib/system/users'
import { type Context } from './agent'
import { decideStop } from './decide-stop'
import { isTakenFromLoopback } from './loopback'
import { observeForStop, shownFacts } from './observe'
import { describeStep, performSteps } from './steps'

/** Takes the address away. It succeeds when the address is not there afterwards, whatever else is wrong. */
export async function stop(context: Context): Promise<ExitCode> {
  const { values, explain } = context
  const facts = {
    ...(await observeForStop(context)),
    root: isRoot(),
    takenFromLoopback: isTakenFromLoopback(values),
  }
  return carryOut(context, explain && shownFacts(facts, values), decideStop(values, facts), {
    describe: (step) => describeStep(step, values),
    perform: (steps) => performSteps(steps, context),
  })
}
