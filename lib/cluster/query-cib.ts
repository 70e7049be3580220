/** Asking pacemaker for its configuration and state. */
import { type Deadline } from '../ocf'
import { type ProgramResult, runProgram } from '../system/run-program'

/** What pacemaker's tools end with when they do not know an option. */
const USAGE = 64

/**
 * Runs `cibadmin --query` on this node's own copy of the CIB.
 *
 * Before pacemaker 1.1.12 that must be asked for, or the answer depends on a DC; newer ones answer from it anyway, and
 * call the option deprecated (3.0): where it is no longer known, the question is asked without it.
 *
 * @param more - further options
 * @throws OcfError ERR_INSTALLED when there is no cibadmin
 */
export async function queryCib(deadline: Deadline, ...more: readonly string[]): Promise<ProgramResult> {
  const own = await runProgram('cibadmin', ['--query', '--local', ...more], { deadline })
  return own.code === USAGE ? runProgram('cibadmin', ['--query', ...more], { deadline }) : own
}
