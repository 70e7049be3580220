/**
 * The one who ends a lab whose owner has died, however it died: a process that waits for its stdin to close.
 * Nobody else holds the other end, and the kernel closes it even after kill -9.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { labDir } from './state'

/** Sets a warden over a lab of this process; returns what dismisses it and waits until it is gone. */
export function setWarden(labId: string): () => Promise<void> {
  const warden = spawn(
    'bash',
    [
      '-c',
      'cat >/dev/null; [ ! -e "$1" ] || exec bash "$0" "$1"',
      join(__dirname, 'remove.sh'),
      labDir(labId),
    ],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' },
  )
  // Neither it nor the pipe keeps the owner from ending.
  warden.unref()
  const pipe = warden.stdin as typeof warden.stdin & { unref(): void }
  pipe.unref()
  return async () => {
    if (warden.exitCode !== null) return
    warden.ref()
    const gone = new Promise((resolve) => warden.once('exit', resolve))
    pipe.end()
    await gone
  }
}
