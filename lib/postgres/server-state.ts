/** Whether a server runs on a data directory, from the processes themselves. */
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, messageOf } from '../ocf'
import {
  accountOf,
  findProcess,
  type Process,
  processNumbers,
  programOf,
  startedAt,
  worksBelowRoot,
  worksIn,
} from '../system/processes'
import { readOwned } from '../system/owned-files'
import { ownFiles } from '../system/files'
import { readRegular, STATE_BYTES, UnusableFileError } from '../system/regular-file'
import { type User } from '../system/users'
import { type PidFile, readPidFile } from './pid-file'

/**
 * Where a server runs, and the account that it runs as. The directory is the account's, and what its name leads to may
 * be somebody else's: no process of another account is ever the server.
 */
export interface ServerPlace {
  readonly dataDirectory: string
  /** Nothing where the host does not know the account: the server's is then the one that the data belongs to. */
  readonly owner: User | undefined
}

/** What was found of a server. */
export type ServerState =
  /** The postmaster lives. `pidFile` is missing when only the process table shows it. */
  | { readonly kind: 'running'; readonly postmaster: Process; readonly pidFile: PidFile | undefined }
  /** The postmaster is gone, and processes of it are left that may still write. */
  | { readonly kind: 'orphaned'; readonly processes: readonly Process[] }
  /** Nothing runs. `stalePidFile` says why a postmaster.pid that is there does not count. */
  | { readonly kind: 'stopped'; readonly stalePidFile: string | undefined }

/** The server's program: PostgreSQL's, EDB's, and as NixOS wraps it. */
const SERVER_PROGRAM = /^\.?(?:edb-)?(?:postgres|postmaster)(?:-wrapped)?$/

/** The program that runs another one, where that is named on its command line: ld.so(8). */
const LOADER = /^ld-.*\.so(?:\.\d+)?$/

/**
 * Whether a process runs the server's program. It is told by the file that the kernel runs, also when an upgrade has put
 * another one there: a name can be that of a program which watches PostgreSQL, or be chosen by whoever starts it.
 *
 * @param isMeant - whether the process is one of those that are looked for. What a loader has loaded is asked of those
 * alone: its account can make that as long as it likes, and the kernel waits for the process to read it. Default: all
 */
export function isServerProgram(pid: number, isMeant: (pid: number) => boolean = () => true): boolean {
  // Where the kernel does not say which file it is, the name is all there is.
  const name = basename(programOf(pid) ?? findProcess(pid)?.name ?? '')
  if (SERVER_PROGRAM.test(name)) return isMeant(pid)
  return LOADER.test(name) && isMeant(pid) && loadsServer(pid)
}

/** Whether a process runs the server's program as the server's account. */
function isServerOf(pid: number, owner: number | undefined): boolean {
  return isServerProgram(pid, (found) => mayServe(found, owner))
}

/** Whether the loader has loaded the server's program into a process, also where another file lies there by now. */
function loadsServer(pid: number): boolean {
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8')
    return maps
      .split('\n')
      .some((line) =>
        SERVER_PROGRAM.test(basename(line.slice(line.indexOf('/')).replace(/ \(deleted\)$/, ''))),
      )
  } catch {
    return false
  }
}

/** The account that the server runs as: PostgreSQL insists on that of the data. Nothing where neither is known. */
function ownerOf({ dataDirectory, owner }: ServerPlace): number | undefined {
  if (owner !== undefined) return owner.uid
  try {
    return statSync(dataDirectory).uid
  } catch {
    return undefined
  }
}

/** Whether a process's account is the server's: PostgreSQL refuses to run as root. */
function mayServe(pid: number, owner: number | undefined): boolean {
  const account = accountOf(pid)
  return account !== undefined && account !== 0 && (owner === undefined || account === owner)
}

/**
 * The server's processes on a data directory, wherever their postmaster is: those that run its program, in that directory,
 * as its owner. Others that only work there are somebody's shell, a backup, a program that reads the logs. Where they work
 * is looked at last: any account may have a process in a directory of a file system that does not answer.
 */
export function serverProcesses(place: ServerPlace): readonly Process[] {
  const { dataDirectory } = place
  const owner = ownerOf(place)
  return processNumbers()
    .filter(worksBelowRoot)
    .filter((pid) => isServerOf(pid, owner) && worksIn(pid, dataDirectory))
    .map(findProcess)
    .filter((found) => found !== undefined)
}

/** The text of postmaster.pid: nothing when there is none, an error's message when it cannot be read. */
function pidFileText({ dataDirectory, owner }: ServerPlace): { text?: string; problem?: string } {
  const path = `${dataDirectory}/postmaster.pid`
  try {
    const options = { limit: STATE_BYTES }
    if (owner === undefined) return { text: readRegular(ownFiles, path, options).content.toString('utf8') }
    const text = readOwned(owner, path, options)
    return text === undefined ? {} : { text }
  } catch (error) {
    if (error instanceof UnusableFileError) return { problem: error.message }
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? {} : { problem: messageOf(error) }
  }
}

/** Seconds by which the two can differ that both say when a process was started: one of them counts whole ones. */
const START_SECONDS = 2

/**
 * Whether the process is the one that wrote the pid file, and not a child of it, or of another postmaster, that has been
 * given its number later. Where the clock has been set since, only its command line shows that.
 */
function hasWritten(process: Process, pidFile: PidFile): boolean {
  return startedWith(process, pidFile) || !isChild(process)
}

/** Whether the process was started when the pid file says that its writer was. */
function startedWith(process: Process, { started }: PidFile): boolean {
  return started !== undefined && Math.abs(startedAt(process) - started) <= START_SECONDS
}

/** The postmaster that a pid file tells of, where it is one, and of this directory. */
function postmasterOf(pidFile: PidFile | undefined, place: ServerPlace): Process | undefined {
  const process = pidFile && findProcess(pidFile.pid)
  if (!process || !isServerOf(process.pid, place.owner?.uid)) return undefined
  return worksIn(process.pid, place.dataDirectory) && hasWritten(process, pidFile) ? process : undefined
}

/**
 * The process that postmaster.pid names, whatever its program, where it is the server account's and works in the data
 * directory: a server may run under any name.
 */
export function namedProcess(place: ServerPlace): { process: Process; wrote: boolean } | undefined {
  const pidFile = readPidFile(pidFileText(place).text ?? '')
  const process = pidFile && findProcess(pidFile.pid)
  if (!process || !mayServe(process.pid, ownerOf(place)) || !worksIn(process.pid, place.dataDirectory)) {
    return undefined
  }
  return { process, wrote: startedWith(process, pidFile) }
}

/** What postmaster.pid says of a server that runs; nothing where it tells of none. Does not look any further. */
export function livePidFile(place: ServerPlace): PidFile | undefined {
  const pidFile = readPidFile(pidFileText(place).text ?? '')
  return postmasterOf(pidFile, place) && pidFile
}

/**
 * Finds out whether a server runs on a data directory. The pid file is only a hint, which saves looking through all
 * processes: what decides is a process of the server's program that works in this directory as its account. So a pid file
 * that is gone, unreadable or left over from before a reboot misleads nobody, nor does another program that works there.
 */
export function findServer(place: ServerPlace): ServerState {
  const { text, problem } = pidFileText(place)
  const pidFile = text === undefined ? undefined : readPidFile(text)
  const named = postmasterOf(pidFile, place)
  if (named !== undefined) return { kind: 'running', postmaster: named, pidFile }
  const processes = serverProcesses(place)
  const pids = new Set(processes.map(({ pid }) => pid))
  const [postmaster, ...others] = processes.filter(({ parent }) => !pids.has(parent))
  if (postmaster !== undefined && others.length === 0 && isPostmaster(postmaster, processes)) {
    return { kind: 'running', postmaster, pidFile: undefined }
  }
  if (processes.length > 0) return { kind: 'orphaned', processes }
  return { kind: 'stopped', stalePidFile: describeStale(pidFile, text, problem) }
}

/** How long processes of a server are given to notice that their postmaster is gone; an idle one does at once. */
const NOTICE_MS = 1000
const LOOK_MS = 20

/** As {@link findServer}, and where a postmaster has only just died, after its processes have: within a second. */
export async function findServerSettled(place: ServerPlace, deadline: Deadline): Promise<ServerState> {
  const patience = deadline.within(NOTICE_MS)
  for (;;) {
    const found = findServer(place)
    if (found.kind !== 'orphaned' || patience.passed) return found
    await sleep(LOOK_MS)
  }
}

/** A postmaster starts others; a process left over after a postmaster's death has none below it, and says its role. */
function isPostmaster(process: Process, all: readonly Process[]): boolean {
  return all.some(({ parent }) => parent === process.pid) || !isChild(process)
}

/** A process of a server says its role in place of its command line, unless it is the postmaster. */
function isChild({ pid }: Process): boolean {
  try {
    return /^postgres: /.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
  } catch {
    return true
  }
}

function describeStale(
  pidFile: PidFile | undefined,
  text: string | undefined,
  problem: string | undefined,
): string | undefined {
  if (problem !== undefined) return `postmaster.pid cannot be read: ${problem}`
  if (text === undefined) return undefined
  if (pidFile === undefined) return 'postmaster.pid does not hold a process number'
  const other = findProcess(pidFile.pid)
  return other
    ? `postmaster.pid names process ${pidFile.pid}, which is ${other.name} and not a server on this data directory`
    : `postmaster.pid names process ${pidFile.pid}, which is gone`
}
