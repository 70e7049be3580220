/** Attributes that the attribute daemons keep in memory only: a change of one is no event for the scheduler. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'

/**
 * Tells a private attribute of this node to all members. Needs pacemaker 2.0 (`answersForAll`).
 *
 * @throws OcfError ERR_GENERIC when the attribute daemon does not take it before the deadline
 */
export async function tellPrivately(name: string, value: string, deadline: Deadline): Promise<void> {
  const args = ['--private', `--name=${name}`, `--update=${value}`]
  const result = await runProgram('attrd_updater', args, { deadline })
  if (result.code === 0) return
  throw new OcfError(ExitCode.ERR_GENERIC, describeFailure(['attrd_updater', ...args].join(' '), result))
}
