import { carryOut, type ExitCode, namedSteps } from 'ocf-ts'
import { type Context } from './agent'
import { askHealth } from './ask-health'
import { decideMonitor } from './decide'
import { observe } from './observe'

export async function monitor(context: Context): Promise<ExitCode> {
  const facts = observe(context.values)
  // A probe only asks whether it runs.
  const complaint = facts.pid === undefined || context.probe ? undefined : await askHealth(context)
  return carryOut(context, { ...facts, complaint }, decideMonitor(facts, complaint), namedSteps({}, {}))
}
