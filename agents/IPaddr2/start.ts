import { carryOut, type ExitCode } from '../../lib/ocf'
import { isRoot } from '../../lib/system/users'
import { type Context } from './agent'
import { findAnnouncer } from './announce'
import { decideStart } from './decide-start'
import { observeForStart, shownFacts } from './observe'
import { describeStep, performSteps } from './steps'

/** Puts the address on its interface and tells the neighbours. */
export async function start(context: Context): Promise<ExitCode> {
  const { values, explain } = context
  const facts = {
    ...(await observeForStart(context)),
    root: isRoot(),
    announcerFor: (linkType: string | undefined) => findAnnouncer(values, linkType),
  }
  return carryOut(context, explain && shownFacts(facts, values), decideStart(values, facts), {
    describe: (step) => describeStep(step, values),
    perform: (steps) => performSteps(steps, context),
  })
}
