/** Files that this process was started with, beside its standard ones. */
import { closeSync, readdirSync, readFileSync } from 'node:fs'

/** open(2): the kernel closes it where another program is begun. On every machine that Node runs on. */
const O_CLOEXEC = 0o2000000

const STANDARD = 2

/** Whether a file goes on to every program that is started: so do none of Node's own. */
function isPassedOn(fd: number): boolean {
  try {
    const [, flags = ''] = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? []
    return flags !== '' && (parseInt(flags, 8) & O_CLOEXEC) === 0
  } catch {
    // That by which the directory was read.
    return false
  }
}

let areClosed = false

/**
 * Closes what the shell of root's that started this process has left open (`flock 200`, as in that program's manual), where
 * Node does not see to it: beyond descriptor 15. A program of another account's could read and write it, and a server
 * would keep its lock.
 */
export function closeInheritedFiles(): void {
  if (areClosed) return
  areClosed = true
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd > STANDARD && isPassedOn(fd)) closeSync(fd)
  }
}
