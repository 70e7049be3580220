import { deleteAttribute } from '../../lib/cluster/attributes'
import { carryOut, ExitCode, messageOf, type Plan } from '../../lib/ocf'
import { ROOT } from '../../lib/system/held-directory'
import { removeOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { isStarted } from './state-file'

type StopStep = 'remove file' | 'delete attribute'

/** Deletes the attribute and the file. Only a file that stays is a failure: with it the resource would seem to run. */
export async function stop(context: Context): Promise<ExitCode> {
  const { name, pidfile } = context.values
  const started = isStarted(pidfile)
  const plan: Plan<StopStep> = {
    exit: ExitCode.SUCCESS,
    steps: [...(started ? ['remove file' as const] : []), 'delete attribute'],
  }
  return carryOut(context, { started, pidfile }, plan, {
    describe: (step) => (step === 'remove file' ? `remove ${pidfile}` : `delete node attribute ${name}`),
    perform: async (steps) => {
      if (steps.includes('remove file')) removeOwned(ROOT, pidfile)
      try {
        await deleteAttribute(name, context.deadline)
      } catch (error) {
        // The cluster may be stopping, and its attributes go with it.
        context.log.warning(`node attribute ${name} is not deleted: ${messageOf(error)}`)
      }
    },
  })
}
