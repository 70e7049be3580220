/** How the steps of a plan are carried out. */
import { beginDampened, updateDampened } from '../../lib/cluster/attributes'
import { isMissing, republishAll } from '../../lib/cluster/republish'
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { ROOT } from '../../lib/system/held-directory'
import { writeOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { type Step } from './decide'

/** One line that says what a step does. */
export function describeStep(step: Step): string {
  return step.step === 'note start'
    ? `make ${step.file}, which says that the resource is started`
    : `set node attribute ${step.name} to ${step.value}, to be acted on after ${step.dampen}`
}

/** Carries steps out, in order. */
export async function performSteps(steps: readonly Step[], context: Context): Promise<void> {
  const { action, deadline, log, env } = context
  for (const step of steps) {
    if (step.step === 'publish') {
      // Other resources wait for the first value; it is later changes that can be a moment's trouble.
      const publish = action === 'start' ? beginDampened : updateDampened
      await publish(step.name, `${step.value}`, step.dampen, deadline, env.featureSet)
      if (action !== 'start' && env.node !== undefined && (await isMissing(env.node, step.name, deadline))) {
        log.info(`the cluster has lost the node attribute ${step.name}: it is written again`)
        await republishAll(deadline)
      }
      log.debug(`${step.name} = ${step.value}`)
      continue
    }
    try {
      // A new file under another name, renamed: nothing that lies in its place is followed.
      writeOwned(ROOT, step.file, '')
    } catch (error) {
      throw new OcfError(
        ExitCode.ERR_PERM,
        `pidfile: cannot make ${step.file}: run as root, or set pidfile to a file in another directory`,
        { detail: messageOf(error) },
      )
    }
  }
}
