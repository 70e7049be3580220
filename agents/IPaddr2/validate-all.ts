import { carryOut, type ExitCode, type Plan } from '../../lib/ocf'
import { type Context } from './agent'
import { findAnnouncer } from './announce'
import { decideStart } from './decide-start'
import { observeForStart, shownFacts } from './observe'

/** Whether the address could be put on this host as it is configured; changes nothing. */
export async function validateAll(context: Context): Promise<ExitCode> {
  const { values, explain } = context
  const facts = await observeForStart(context)
  const { exit, reason } = decideStart(values, {
    ...facts,
    root: true,
    announcerFor: (linkType) => findAnnouncer(values, linkType),
  })
  const plan: Plan<never> = { exit, steps: [], ...(reason !== undefined && { reason }) }
  return carryOut(context, explain && shownFacts(facts, values), plan, {
    describe: () => '',
    perform: () => Promise.resolve(),
  })
}
