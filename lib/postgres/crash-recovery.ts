import { type Deadline, ExitCode, OcfError } from '../ocf'
import { removeOwned } from '../system/owned-files'
import { describeFailure } from '../system/run-program'
import { shellWords } from '../system/shell-words'
import { controlDataOf, type ControlData } from './control-data'
import { type Instance } from './instance'
import { runServerProgram } from './server-program'
import { serverEnvironment } from './start-server'

/** What would make a standby of it, which a server for one user cannot be. */
const STANDBY_FILES = ['standby.signal', 'recovery.signal', 'recovery.conf']

/**
 * Brings the data of a server that crashed into the state of one that was shut down, by recovering it without letting
 * anybody in (PostgreSQL manual, "postgres", "Single-User Mode"). It is no standby any more afterwards, until it is made one.
 *
 * @param holds - open files that the server is given
 * @returns the control data of a server that was shut down
 * @throws OcfError ERR_GENERIC when it does not recover
 */
export async function recoverAlone(
  instance: Instance,
  deadline: Deadline,
  holds: readonly number[],
): Promise<ControlData> {
  const { owner, dataDirectory, configFile, startOptions } = instance
  for (const name of STANDBY_FILES) removeOwned(owner, `${dataDirectory}/${name}`)
  const options = ['-c', `config_file=${configFile}`, ...(shellWords(startOptions) ?? [])]
  const args = ['--single', '-D', dataDirectory, ...options, 'template1']
  const result = await runServerProgram(instance, 'postgres', args, deadline, {
    env: serverEnvironment(instance),
    holds,
    // It has those of the server that it stands in for: without its stack, PostgreSQL refuses max_stack_depth.
    limits: true,
  })
  const data = await controlDataOf(instance, deadline)
  if (result.code === 0 && data.state === 'shut down') return data
  throw new OcfError(ExitCode.ERR_GENERIC, 'the crashed server does not recover: take a base backup', {
    detail: result.code === 0 ? `it is ${data.state}` : describeFailure('postgres --single', result),
  })
}
