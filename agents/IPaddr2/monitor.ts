import { carryOut, ExitCode, print } from '../../lib/ocf'
import { type Context } from './agent'
import { decideMonitor } from './decide-monitor'
import { observeForMonitor, shownFacts } from './observe'
import { wantedOf } from './place'

async function check(context: Context, refresh: boolean): Promise<ExitCode> {
  const { values, explain } = context
  const facts = await observeForMonitor(context)
  const plan = decideMonitor(wantedOf(values), facts, { refresh, checkLink: values.check_link_status })
  return carryOut(context, explain && shownFacts(facts, values), plan, {
    describe: ({ interface: name }) =>
      `announce ${values.ip.text} on ${name} ${values.arp_count_refresh} times`,
    perform: async ([step]) => {
      if (!step) return
      const { announceAgain } = await import('./announce')
      await announceAgain(step, context)
    },
  })
}

/** Whether the address is here and usable. Starts no program while it is. */
export async function monitor(context: Context): Promise<ExitCode> {
  return check(context, context.values.arp_count_refresh > 0 && !context.probe)
}

/** As `monitor`, with a word for heartbeat, which reads it. */
export async function status(context: Context): Promise<ExitCode> {
  const code = await check(context, false)
  print(code === ExitCode.SUCCESS ? 'running\n' : 'stopped\n')
  return code
}
