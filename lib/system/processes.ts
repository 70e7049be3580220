/** Processes as /proc shows them. */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { type User } from './users'

export interface Process {
  readonly pid: number
  readonly parent: number
  /** The session that it is in: the number of the process which started that. */
  readonly session: number
  /** One letter as in proc(5): R running, S sleeping, D in the kernel, T stopped, Z ended but not yet collected. */
  readonly state: string
  /** The first 15 characters of the name that it has given itself, its program's at first. */
  readonly name: string
  /** When it was started, in the kernel's ticks since boot: with its number, that tells it from any later one. */
  readonly started: string
}

/** One process, also one whose first thread has ended (state Z); nothing when there is none of that number. */
export function readProcess(pid: number): Process | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name stands in parentheses and may itself hold blanks and parentheses.
  const end = stat.lastIndexOf(')')
  const name = stat.slice(stat.indexOf('(') + 1, end)
  const fields = stat.slice(end + 2).split(' ')
  const [state = '', parent = ''] = fields
  const started = fields[19] ?? ''
  return { pid, parent: Number(parent), session: Number(fields[3]), state, name, started }
}

/** One process; nothing when there is none of that number, or it has ended and only waits to be collected. */
export function findProcess(pid: number): Process | undefined {
  const found = readProcess(pid)
  return found?.state === 'Z' || found?.state === 'X' ? undefined : found
}

/** When a process was started, as `Process.started`; nothing when there is none, as `findProcess`. */
export function startTime(pid: number): string | undefined {
  return findProcess(pid)?.started
}

/** The kernel's ticks in a second, for programs, on every machine (USER_HZ, proc(5)). */
const TICKS = 100

/** When a process was started, in seconds since 1970 as the clock is set now. */
export function startedAt({ started }: Process): number {
  const [uptime = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ')
  return Date.now() / 1000 - Number(uptime) + Number(started) / TICKS
}

/** The numbers of all processes. */
export function processNumbers(): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
}

/** A process's real, effective and saved user id; none where there is no such process (proc(5), "status"). */
function userIds(pid: number): readonly number[] {
  try {
    const ids = /^Uid:\t(\d+)\t(\d+)\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return ids?.slice(1).map(Number) ?? []
  } catch {
    return []
  }
}

/**
 * The account that a process runs as, by number: nothing where there is no such process, or where it could act as more
 * than one account (a program that is setuid).
 */
export function accountOf(pid: number): number | undefined {
  const [real, ...others] = userIds(pid)
  return others.every((id) => id === real) ? real : undefined
}

/**
 * The path of the program that a process runs, also when another file lies there by now; nothing where there is no such
 * process, or the kernel does not say.
 */
export function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')
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

/** The account that a process was started by (its real user id), whatever rights it has now; nothing when it is gone. */
export function realUser(pid: number): number | undefined {
  return userIds(pid)[0]
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
  return processNumbers().flatMap((pid) => {
    const found = findProcess(pid)
    return found?.session === session ? [found] : []
  })
}

/**
 * Whether the process works in any other directory than the root one. Those of the kernel, and most daemons, do not; no file
 * system is asked.
 */
export function worksBelowRoot(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) !== '/'
  } catch {
    return false
  }
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

/** Sends a signal; it is no error when the process is gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * Sends a signal to a process of an account's, and to no other: a process number that the account may have written must
 * not make root end somebody else's.
 *
 * @returns whether it was sent
 */
export function signalOwned({ uid }: Pick<User, 'uid'>, pid: number, signal: NodeJS.Signals): boolean {
  if (accountOf(pid) !== uid) return false
  signalProcess(pid, signal)
  return true
}
