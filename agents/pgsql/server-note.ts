/** The server that a monitor has found, for the shell which begins the next one (shortcut.sh). */
import { closeSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeDirectory } from '../../lib/ocf/runtime-directory'
import { openPrivate } from '../../lib/system/owned-files'

/** No number of a process is longer: of one length, nothing of a longer one stays behind. */
const DIGITS = 10

/** Notes the number of the postmaster, where it is another one than before. */
export function noteServer(resource: string, pid: number): void {
  let fd: number
  try {
    fd = openPrivate(join(runtimeDirectory(), `ts-pgsql-server-${resource}`))
  } catch {
    // Not root, or no such directory: then the shell leaves each monitor to Node.
    return
  }
  try {
    const text = `${String(pid).padEnd(DIGITS)}\n`
    const buffer = Buffer.alloc(text.length)
    const length = readSync(fd, buffer, 0, buffer.length, 0)
    if (buffer.toString('latin1', 0, length) !== text) writeSync(fd, text, 0)
  } finally {
    closeSync(fd)
  }
}
