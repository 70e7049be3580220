/** Changing the cluster, with pacemaker's own tools. */
import { Deadline } from '../../lib/ocf'
import { describeFailure, runProgram } from '../../lib/system/run-program'
import { CommandError, Exit } from '../exit'
import { queryCib } from '../../lib/cluster/query-cib'

const TIMEOUT_MS = 30_000

/**
 * Runs one of pacemaker's tools.
 *
 * @returns what it printed
 * @throws CommandError TROUBLE when it fails
 */
export async function runTool(program: string, ...args: readonly string[]): Promise<string> {
  const result = await runProgram(program, args, { deadline: new Deadline(TIMEOUT_MS) })
  if (result.code === 0) return result.stdout
  throw new CommandError(Exit.TROUBLE, describeFailure([program, ...args].join(' '), result))
}

/**
 * The CIB, as this node has it.
 *
 * @throws CommandError TROUBLE when pacemaker does not answer
 */
export async function queryOwnCib(): Promise<string> {
  const result = await queryCib(new Deadline(TIMEOUT_MS))
  if (result.code === 0) return result.stdout
  throw new CommandError(Exit.TROUBLE, describeFailure('cibadmin --query', result))
}
