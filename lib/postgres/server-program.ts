import { dirname } from 'node:path'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { findProgram } from '../system/find-program'
import { type ProgramOptions, type ProgramResult, runProgram } from '../system/run-program'
import { type Instance } from './instance'
import { findPgCtl } from './start-server'

/**
 * Runs one of the programs that come with the server, as the server's owner.
 *
 * @throws OcfError ERR_INSTALLED when it is not there
 */
export async function runServerProgram(
  { pgctl, owner, dataDirectory }: Instance,
  name: string,
  args: readonly string[],
  deadline: Deadline,
  options: Pick<ProgramOptions, 'env' | 'holds' | 'limits' | 'watch' | 'stop'> = {},
): Promise<ProgramResult> {
  const beside = findPgCtl(pgctl)
  const program = beside === undefined ? undefined : findProgram(name, [dirname(beside)])
  if (program === undefined) {
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      `there is no ${name} beside pg_ctl (pgctl is ${pgctl}): install the server's package whole`,
    )
  }
  return runProgram(program, args, { as: owner, deadline, cwd: dataDirectory, ...options })
}
