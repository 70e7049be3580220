/** iproute2's `ip`. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'

/**
 * Runs `ip` with these arguments.
 *
 * @returns what it printed
 * @throws OcfError ERR_GENERIC with what it said when it failed, ERR_INSTALLED when there is no such program
 */
export async function runIp(args: readonly string[], deadline: Deadline): Promise<string> {
  const result = await runProgram('ip', args, { deadline })
  if (result.code === 0) return result.stdout
  throw new OcfError(ExitCode.ERR_GENERIC, describeFailure(['ip', ...args].join(' '), result))
}
