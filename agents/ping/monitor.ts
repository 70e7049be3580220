import { carryOut, ExitCode } from '../../lib/ocf'
import { type Context } from './agent'
import { decideMonitor } from './decide'
import { isStarted } from './state-file'

/** Asks the hosts and publishes how many answered, where the resource is started. */
export async function monitor(context: Context): Promise<ExitCode> {
  const { values, explain } = context
  if (!isStarted(values.pidfile)) {
    explain?.observed({ started: false, pidfile: values.pidfile })
    return ExitCode.NOT_RUNNING
  }
  const { askHosts } = await import('./ask-hosts')
  const { describeStep, performSteps } = await import('./steps')
  const facts = { started: true, ...(await askHosts(context)) }
  return carryOut(context, facts, decideMonitor(values, facts), {
    describe: describeStep,
    perform: (steps) => performSteps(steps, context),
  })
}
