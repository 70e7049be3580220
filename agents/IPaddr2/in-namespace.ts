/** network_namespace: the agent calls itself in there, so that every other part sees that network as its own. */
import { findNamespace, runInNamespace } from '../../lib/network/namespace'
import { Deadline, ExitCode, OcfError, print } from '../../lib/ocf'
import { endInBackground } from '../../lib/system/background-program'
import { isRoot } from '../../lib/system/users'
import { type Context } from './agent'
import { forgetChosen } from './chosen'
import { forgetLoopback } from './loopback'
import { noteOf } from './state-files'

/** The action in the namespace has the same deadline, begins a moment later, and is to be the one that says what is wrong. */
const INNER_MS = 1000

/** The namespace is not on this node; nor can the address be, which goes with it. */
function actWithoutNamespace({ action, values }: Context): ExitCode {
  switch (action) {
    case 'stop':
      endInBackground(noteOf(values))
      forgetLoopback(values)
      forgetChosen(values)
      return ExitCode.SUCCESS
    case 'status':
      print('stopped\n')
      return ExitCode.NOT_RUNNING
    case 'monitor':
      return ExitCode.NOT_RUNNING
    default: {
      const name = values.network_namespace
      throw new OcfError(
        ExitCode.ERR_ARGS,
        `network_namespace: this node has no '${name}': make it (ip netns add ${name}), or correct network_namespace`,
      )
    }
  }
}

/** Has the action done in the namespace that the configuration names; nothing when this process is in there already. */
export async function actInNamespace(context: Context): Promise<ExitCode | undefined> {
  const { action, deadline, explain, values, variables } = context
  const name = values.network_namespace
  const place = findNamespace(name)
  if (place === 'here') return undefined
  if (place === 'nowhere') return actWithoutNamespace(context)
  if (!isRoot()) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `only root can enter the network namespace ${name}: run the agent as root`,
    )
  }
  const [, script = ''] = process.argv
  const argv = [process.execPath, script, action, ...(explain ? ['--explain'] : [])]
  const patience = new Deadline(deadline.remainingMs + INNER_MS)
  const { code, timedOut } = await runInNamespace(name, argv, variables, patience)
  if (Object.values(ExitCode).includes(code as ExitCode)) return code as ExitCode
  const how = timedOut ? 'did not end in time' : `ended with ${code ?? 'a signal'}`
  throw new OcfError(ExitCode.ERR_GENERIC, `network_namespace: ${action} in ${name} ${how}: see the log`)
}
