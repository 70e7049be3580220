/** Programs that go on after the agent has ended, and that a later action can end. */
import { spawn } from 'node:child_process'
import { ExitCode, OcfError } from '../ocf'
import { makeDirectory, readOwned, removeOwned, writeOwned } from './owned-files'
import { MARK } from './end-program'
import { closeInheritedFiles } from './inherited-files'
import { programEnvironment } from './program-environment'
import { dirname } from 'node:path'
import { signalProcess, startTime } from './processes'
import { ROOT } from './held-directory'
import { STATE_BYTES } from './regular-file'

/**
 * Starts a program that outlives this one, holds none of its files, and is in a session of its own.
 *
 * @param env - variables beside those that every program gets; `undefined` takes one away
 * @returns its number
 * @throws OcfError ERR_INSTALLED when there is no such program
 */
export async function spawnDetached(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<number | undefined> {
  closeInheritedFiles()
  const child = spawn(program, args, {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    // It is not ended with what has run us.
    env: { ...programEnvironment(env), [MARK]: undefined },
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? ExitCode.ERR_INSTALLED : ExitCode.ERR_GENERIC
      reject(new OcfError(code, `cannot run ${program}: ${error.message}`))
    })
  })
  child.unref()
  return child.pid
}

/**
 * As `spawnDetached`, for a program that a later action may have to end.
 *
 * @param note - file in a directory of root's, by which `endInBackground` finds the process
 * @param env - as for `spawnDetached`
 */
export async function startInBackground(
  program: string,
  args: readonly string[],
  note: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<void> {
  const pid = await spawnDetached(program, args, env)
  if (pid === undefined) return
  makeDirectory(ROOT, dirname(note), 0o755)
  writeOwned(ROOT, note, `${pid} ${startTime(pid) ?? ''}\n`)
}

/** Ends the program that `note` tells of, with what it has started, if it still runs; `true` when it did. */
export function endInBackground(note: string): boolean {
  const [pid, start] = readOwned(ROOT, note, { limit: STATE_BYTES })?.trim().split(' ') ?? []
  const running = pid !== undefined && start !== undefined && startTime(Number(pid)) === start
  // It leads a group of its own.
  if (running) signalProcess(-Number(pid), 'SIGTERM')
  removeOwned(ROOT, note)
  return running
}
