import { closeSync, fstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, ExitCode, messageOf, OcfError } from '../ocf'
import { findProgram } from '../system/find-program'
import { openOwnedLog, readOwnedPart } from '../system/owned-files'
import { libraryPath } from '../system/program-environment'
import { runProgram } from '../system/run-program'
import { type Instance } from './instance'
import { isServerProgram, livePidFile } from './server-state'
import { quoteShell } from './settings-text'

/** Where pg_ctl is: a path is taken as it is, a name is looked for in PATH; nothing when it is not there. */
export function findPgCtl(pgctl: string): string | undefined {
  return isAbsolute(pgctl) ? findProgram(basename(pgctl), [dirname(pgctl)]) : findProgram(pgctl)
}

/**
 * The server beside pg_ctl, for `pg_ctl -p`. Without it, it runs `postgres -V` first to see that the two are of one
 * version, while nobody can write. (It puts the path between double quotes of a shell command: one with anything that
 * means something there is left to it.)
 */
function findPostgres(pgCtl: string): string | undefined {
  const path = findProgram('postgres', [dirname(realpathSync(pgCtl))])
  return path !== undefined && /^[\w/.+-]+$/.test(path) ? path : undefined
}

/**
 * Whether a process runs the very file that pg_ctl would start, and not only one of that name. `false` also where that
 * cannot be said: PostgreSQL is upgraded, in a container, or started by a wrapper.
 */
export function runsOwnProgram(pid: number, { pgctl }: Pick<Instance, 'pgctl'>): boolean {
  const pgCtl = findPgCtl(pgctl)
  try {
    const postgres = pgCtl && findProgram('postgres', [dirname(realpathSync(pgCtl))])
    if (postgres === undefined) return false
    const [running, own] = [statSync(`/proc/${pid}/exe`), statSync(postgres)]
    return running.dev === own.dev && running.ino === own.ino
  } catch {
    return false
  }
}

/** The words of `pg_ctl -o`, which a shell reads: what comes from a path is quoted, what the operator wrote is not. */
export function serverOptions({ configFile, host, startOptions }: Instance): string {
  return [`-c config_file=${quoteShell(configFile)}`, host && `-h ${quoteShell(host)}`, startOptions]
    .filter((option) => option !== '')
    .join(' ')
}

/** What pg_ctl and the server find in their environment, beside what every program of the owner's does. */
export function serverEnvironment({
  dataDirectory,
  port,
  libraries,
}: Instance): Readonly<Record<string, string | undefined>> {
  return {
    PGDATA: dataDirectory,
    // Holds where neither the configuration nor an option names a port.
    PGPORT: String(port),
    ...(libraries !== '' && { LD_LIBRARY_PATH: libraryPath(libraries) }),
  }
}

/** What the server said when it gave up: first why, then what helps. */
function complaintsIn(log: string): string | undefined {
  const lines = log.split('\n')
  const said = (words: RegExp, among = lines): readonly string[] =>
    among.flatMap((line) => words.exec(line)?.[1] ?? [])
  const fatal = said(/\b(?:FATAL|PANIC): +(.*)/).at(-1)
  if (fatal !== undefined && fatal.endsWith('contains errors')) {
    // What the last of them is stands before that.
    const end = lines.map((line) => line.endsWith(fatal)).lastIndexOf(true)
    const [error] = said(/\bLOG: +(.*)/, lines.slice(0, end)).slice(-1)
    if (error !== undefined) return error
  }
  const rest = said(/\b(?:DETAIL|HINT): +(.*)/)
  const isComplaint = (line: string): boolean =>
    /could not|cannot|not found|No such|denied|unrecognized|invalid option/.test(line)
  const other = lines.filter(isComplaint).at(-1)
  return [fatal ?? other, ...rest.slice(-2)].filter((line) => line !== undefined).join('; ') || undefined
}

/** The end of a log that is read. */
const MOST_BYTES = 16_384

/** The same, of what it wrote to its log since `from`. */
function complaints(instance: Instance, from: number): string | undefined {
  try {
    const log = readOwnedPart(
      instance.owner,
      instance.logFile,
      ({ size }) => ({ position: Math.max(from, size - MOST_BYTES), length: MOST_BYTES }),
      { links: true },
    )
    return log && complaintsIn(log.content.toString('utf8'))
  } catch {
    return undefined
  }
}

/** `pg_ctl -w` itself looks every 100 ms, while nobody can write. */
const LOOK_MS = 10

/**
 * Waits for what `pg_ctl -w` waits for, and what the server writes into postmaster.pid since version 10: it takes
 * connections, or is a standby that never takes any. Gives up, without a word, when `ended` is aborted.
 */
async function untilUp(instance: Instance, ended: AbortSignal): Promise<'up' | undefined> {
  while (!ended.aborted) {
    const found = livePidFile(instance)
    const { status } = found ?? {}
    // Of any other program, pg_ctl itself says whether it is what it has started.
    if ((status === 'ready' || status === 'standby') && found && runsOwnProgram(found.pid, instance))
      return 'up'
    await sleep(LOOK_MS)
  }
  return undefined
}

/**
 * Starts a server and waits until it takes connections: as a primary, or as a standby that has become consistent.
 * It is started as its owner, with all of the owner's groups (a TLS key may belong to group `ssl-cert`) and with the
 * owner's resource limits.
 *
 * @throws OcfError ERR_GENERIC when it does not come up, with what its log says of why, and when only the number of its
 * owner is known
 */
export async function startServer(instance: Instance, deadline: Deadline): Promise<void> {
  const { owner, pgctl, logFile, dataDirectory } = instance
  const program = findPgCtl(pgctl)
  if (program === undefined) throw new OcfError(ExitCode.ERR_INSTALLED, `pgctl: there is no program ${pgctl}`)
  if (owner.nameless) {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `PostgreSQL is not started: this host's name service does not say which groups and limits ${owner.name} has; 'getent passwd ${owner.name}' has to answer, or the account has to be in /etc/passwd`,
    )
  }
  let output: number
  try {
    output = openOwnedLog(owner, logFile)
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `logfile: ${owner.name} cannot write to ${logFile}: give it the file, or set logfile to another`,
      { detail: messageOf(error), cause: error },
    )
  }
  const { size: from } = fstatSync(output)
  // Not `-D` and not `-l`: pg_ctl puts both into a shell command between double quotes, where a quote or a dollar sign
  // in a path would be read by the shell.
  const postgres = findPostgres(program)
  const args = [
    ...(postgres === undefined ? [] : ['-p', postgres]),
    ...instance.ctlOptions,
    '-w',
    '-t',
    String(Math.max(1, Math.floor(deadline.remainingMs / 1000))),
    '-s',
    '-o',
    serverOptions(instance),
    'start',
  ]
  const ended = new AbortController()
  const starting = runProgram(program, args, {
    as: owner,
    limits: true,
    deadline,
    cwd: dataDirectory,
    output,
    env: serverEnvironment(instance),
    // The server, too, which a cluster manager that kills this action must not reach: before version 13 pg_ctl itself
    // does not see to it.
    apart: true,
    stays: isServerProgram,
    stop: ended.signal,
    // Without a last word: it would stand in the server's log.
    stopBy: 'SIGKILL',
  })
  try {
    const result = await Promise.race([untilUp(instance, ended.signal), starting])
    if (result === undefined || result === 'up' || result.code === 0) return
    const why = complaints(instance, from)
    const where = logFile === '/dev/null' ? 'set logfile to a file to see why' : `see ${logFile}`
    const how = result.timedOut ? 'did not come up in time' : 'did not start'
    throw new OcfError(ExitCode.ERR_GENERIC, `PostgreSQL ${how}: ${why ?? where}`)
  } finally {
    // pg_ctl waits for what is already so.
    ended.abort()
    starting.catch(() => undefined)
    closeSync(output)
  }
}
