/** Asks the configured hosts, with the program that is to be used. */
import { fpingHosts } from '../../lib/network/fping-hosts'
import { pingHosts } from '../../lib/network/ping-hosts'
import { type Reachability } from '../../lib/network/reachability'
import { ExitCode, OcfError } from '../../lib/ocf'
import { findProgram } from '../../lib/system/find-program'
import { type Context } from './agent'

/** Milliseconds kept back for writing the attribute. */
const FOR_THE_ATTRIBUTE = 2000

/** Throws when the parameters do not say whom to ask: a probe or a stop was let through with them. */
export function requireConfiguration({ problems }: Context): void {
  const [problem] = problems
  if (problem) throw new OcfError(ExitCode.ERR_CONFIGURED, problem.reason)
}

/** The program that asks; nothing when none is installed. */
export function askingProgram({ use_fping }: Context['values']): 'fping' | 'ping' | undefined {
  if (use_fping && findProgram('fping') !== undefined) return 'fping'
  return findProgram('ping') === undefined ? undefined : 'ping'
}

/**
 * Asks all hosts.
 *
 * @throws OcfError ERR_INSTALLED when there is no program to ask with
 */
export async function askHosts(context: Context): Promise<Reachability> {
  requireConfiguration(context)
  const { values, deadline, log } = context
  const { attempts, timeout, options } = values
  const program = askingProgram(values)
  if (program === undefined) {
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      'ping is not installed on this node: install it (Debian: iputils-ping) or fping',
    )
  }
  const ask = program === 'fping' ? fpingHosts : pingHosts
  const margin = Math.min(FOR_THE_ATTRIBUTE, deadline.remainingMs / 4)
  const answer = await ask(values.host_list, {
    attempts,
    timeout,
    options,
    deadline: deadline.before(margin),
  })
  for (const complaint of answer.complaints) log.error(`${program}: ${complaint}`)
  if (values.debug >= 1) {
    for (const host of answer.unreachable) log.warning(`${host} does not answer`)
  }
  if (values.debug >= 2) {
    log.info(`${answer.reachable} of ${values.host_list.length} hosts answered ${program}`)
  }
  return answer
}
