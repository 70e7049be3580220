/** Processes as /proc shows them. */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'

export interface Process {
  readonly pid: number
  readonly parent: number
  /** One letter as in proc(5): R running, S sleeping, D in the kernel, T stopped, Z ended but not yet collected. */
  readonly state: string
  /** The first 15 characters of the program's name. */
  readonly name: string
}

/** One process; nothing when there is none of that number, or it has ended and only waits to be collected. */
export function findProcess(pid: number): Process | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name stands in parentheses and may itself hold blanks and parentheses.
  const end = stat.lastIndexOf(')')
  const name = stat.slice(stat.indexOf('(') + 1, end)
  const [state = '', parent = ''] = stat.slice(end + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : { pid, parent: Number(parent), state, name }
}

/**
 * When a process was started, in the kernel's ticks since boot: with its number, that tells it from any later one.
 * Nothing when there is none, or it has ended and only waits to be collected.
 */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Ancestors that are looked at: no program that is run here has more. */
const GENERATIONS = 32

/** Whether a process was started by another one, or by one that it started, and so on; all of them still live. */
export function descendsFrom(pid: number, ancestor: number): boolean {
  let parent = findProcess(pid)?.parent
  for (let generation = 0; generation < GENERATIONS; generation++) {
    if (parent === ancestor) return true
    if (parent === undefined || parent <= 1) return false
    parent = findProcess(parent)?.parent
  }
  return false
}

/** The session that a process is in: the number of the process which began it. Nothing when there is no such process. */
function sessionOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])
  } catch {
    return undefined
  }
}

/** The account that a process was started by (its real user id), whatever rights it has now; nothing when it is gone. */
export function realUser(pid: number): number | undefined {
  try {
    const [, uid] = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return uid === undefined ? undefined : Number(uid)
  } catch {
    return undefined
  }
}

/** The words of a process's command line; none when it is gone. */
export function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}

/** The processes of a session, by its number: that of the process which began it, also when that is gone. */
export function sessionProcesses(session: number): readonly Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => sessionOf(pid) === session)
    .map(findProcess)
    .filter((found) => found !== undefined)
}

/**
 * Whether the process's working directory is `directory`, also when that has been removed meanwhile. A directory is
 * told by what it is and not by its path: a process in a container may see another one under the same path.
 */
export function worksIn(pid: number, directory: string): boolean {
  try {
    const target = readlinkSync(`/proc/${pid}/cwd`)
    if (target === `${directory} (deleted)`) {
      return sharesMounts(pid)
    }
    return (
      isSameDirectory(`/proc/${pid}/cwd`, directory) ?? (target === realPath(directory) && sharesMounts(pid))
    )
  } catch {
    return false
  }
}

/** Nothing where a disk that fails does not let it be known. */
function isSameDirectory(a: string, b: string): boolean | undefined {
  try {
    const [first, second] = [statSync(a), statSync(b)]
    return first.dev === second.dev && first.ino === second.ino
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' ? false : undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** The same path is the same directory. */
function sharesMounts(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')
}

/** All processes whose working directory is `directory`. */
export function processesIn(directory: string): readonly Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && worksIn(pid, directory))
    .map(findProcess)
    .filter((found) => found !== undefined)
}

/** Sends a signal; it is no error when the process is gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
