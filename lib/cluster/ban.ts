import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'

/**
 * Keeps a resource, and the clone that it belongs to, off a node until somebody clears that (`crm resource clear`).
 *
 * @throws OcfError ERR_GENERIC when pacemaker does not take it before the deadline
 */
export async function banFromNode(resource: string, node: string, deadline: Deadline): Promise<void> {
  const args = ['--ban', `--resource=${resource}`, `--node=${node}`, '--quiet']
  const result = await runProgram('crm_resource', args, { deadline })
  if (result.code === 0) return
  throw new OcfError(ExitCode.ERR_GENERIC, describeFailure(['crm_resource', ...args].join(' '), result))
}
