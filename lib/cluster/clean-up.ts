import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'

/**
 * Makes the cluster forget the failures of a resource on one node, and look at it afresh.
 *
 * @throws OcfError ERR_GENERIC when pacemaker does not take it before the deadline
 */
export async function cleanUp(resource: string, node: string, deadline: Deadline): Promise<void> {
  const args = ['--cleanup', `--resource=${resource}`, `--node=${node}`]
  const result = await runProgram('crm_resource', args, { deadline })
  if (result.code === 0) return
  throw new OcfError(ExitCode.ERR_GENERIC, describeFailure(['crm_resource', ...args].join(' '), result))
}
