/** Programs that go on after the agent has ended, and that a later action can end. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ExitCode, OcfError } from '../ocf'
import { makeSharedDirectory, readOwned, removeOwned, writeOwned } from './owned-files'
import { programEnvironment } from './program-environment'
import { dirname } from 'node:path'
import { signalProcess } from './processes'
import { type User } from './users'

const ROOT: User = { name: 'root', uid: 0, gid: 0 }

/** When a process was started, in the kernel's ticks: with its number, that tells it from any later one. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/**
 * Starts a program that outlives this one, holds none of its files, and is in a session of its own.
 *
 * @param note - file in a directory of root's, by which `endInBackground` finds the process
 */
export async function startInBackground(
  program: string,
  args: readonly string[],
  note: string,
): Promise<void> {
  const child = spawn(program, args, {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: programEnvironment(),
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? ExitCode.ERR_INSTALLED : ExitCode.ERR_GENERIC
      reject(new OcfError(code, `cannot run ${program}: ${error.message}`))
    })
  })
  child.unref()
  if (child.pid === undefined) return
  makeSharedDirectory(ROOT, dirname(note), 0o755)
  writeOwned(ROOT, note, `${child.pid} ${startOf(child.pid) ?? ''}\n`)
}

/** Ends the program that `note` tells of, if it still runs; `true` when it did. */
export function endInBackground(note: string): boolean {
  const [pid, start] = readOwned(ROOT, note)?.trim().split(' ') ?? []
  const running = pid !== undefined && start !== undefined && startOf(Number(pid)) === start
  if (running) signalProcess(Number(pid), 'SIGTERM')
  removeOwned(ROOT, note)
  return running
}
