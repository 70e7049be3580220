/** Running a program: the one way, for all of them. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Socket } from 'node:net'
import { type Deadline, ExitCode, messageOf, OcfError } from '../ocf'
import { traced } from '../ocf/trace'
import { endWithDescendants, MARK } from './end-program'
import { passSignals } from './pass-signals'
import { programEnvironment } from './program-environment'
import { type Argv, startAs } from './run-as'
import { hasTerminal } from './terminal'
import { isRoot, type User } from './users'

export interface ProgramResult {
  /** The exit code; `undefined` when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** It was killed because its deadline passed. */
  readonly timedOut: boolean
}

export interface ProgramOptions {
  /** The program is killed when this passes, with all that it has started. */
  readonly deadline: Deadline
  /** The account that it runs as. Default: as this process. */
  readonly as?: User
  /** With the account's resource limits as PAM sets them (limits.conf(5)): for the server itself. Default: false. */
  readonly limits?: boolean
  readonly cwd?: string
  /** Variables beside those that every program gets (program-environment.ts); `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where standard output and error go instead of being collected (file descriptors). */
  readonly output?: number | 'inherit'
  /** Open files that it is given beside its standard ones, from descriptor 3 on. */
  readonly holds?: readonly number[]
  /** Is told what it prints, on standard output and error, as it does. */
  readonly watch?: (text: string) => void
  /** What it reads on standard input. Default: nothing. */
  readonly input?: string
  /** Ends it, and with it all that it has started. */
  readonly stop?: AbortSignal
  /** The signal by which `stop` ends it. Default: SIGTERM. */
  readonly stopBy?: 'SIGTERM' | 'SIGKILL'
  /** Which of the processes that it has started are not ended with it: the server that pg_ctl has started. */
  readonly stays?: (pid: number) => boolean
  /** In a session of its own: Ctrl-C in a terminal does not reach it, nor does whoever kills this process's group. */
  readonly apart?: boolean
}

/**
 * Runs a program with an argument vector, never through a shell, and waits for it: until its deadline, and not longer,
 * whatever keeps its output open.
 *
 * It is in this process's group, with all that it starts: a cluster manager that kills an agent kills that group. In a
 * terminal, a program of another account's is in a session of its own, and is ended by the signals that end this process.
 *
 * @throws OcfError ERR_INSTALLED when there is no such program
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const commandLine = (): string => [program, ...args].join(' ')
  return traced('program', commandLine, () => run([program, ...args], options), describeEnd)
}

export interface WatchedResult extends ProgramResult {
  /** It printed what it was run for, and was ended then. */
  readonly satisfied: boolean
}

/**
 * Runs a program that starts no others until its standard output says enough, and ends it then.
 *
 * @param enough - looks at all that it has printed so far
 * @throws OcfError ERR_INSTALLED when there is no such program
 */
export function runUntil(
  program: string,
  args: readonly string[],
  deadline: Deadline,
  enough: (stdout: string) => boolean,
): Promise<WatchedResult> {
  const commandLine = (): string => [program, ...args].join(' ')
  const outcome = (result: WatchedResult): string =>
    result.satisfied ? 'has said what was to be known' : describeEnd(result)
  return traced('program', commandLine, () => run([program, ...args], { deadline }, enough), outcome)
}

/** How a program ended, in a few words. */
export function describeEnd({ code, timedOut }: Pick<ProgramResult, 'code' | 'timedOut'>): string {
  return timedOut ? 'did not end in time' : code === undefined ? 'ended by a signal' : `exit code ${code}`
}

/** What has been killed closes its output at once. What cannot be killed (a disk that does not answer) does not. */
const KILLED_MS = 100
/** A program that has ended, and has left something running that holds its output, has written all that it had to. */
const ENDED_MS = 500

/**
 * A program that prints more than this, in characters, is ended: what another machine or the database's account has it
 * print must not fill this process's memory.
 */
const MOST_OUTPUT = 64 * 2 ** 20

/** What env(1) says, with exit code 125, where the account cannot enter the directory: then the program was not run. */
const NOT_THERE = /(?<=^env: )cannot change directory to .*/

let runs = 0

/** What could not be started, and why. */
function failure([program]: Argv, { as, cwd }: ProgramOptions, error: unknown): OcfError {
  const whose = as === undefined ? program : `${program} as ${as.name}`
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
    return new OcfError(ExitCode.ERR_GENERIC, `cannot run ${whose}: ${messageOf(error)}`)
  if (cwd !== undefined && !existsSync(cwd))
    return new OcfError(ExitCode.ERR_GENERIC, `cannot run ${whose} in ${cwd}: there is no such directory`)
  const missing = 'it is not installed, or not in a directory of PATH'
  return new OcfError(ExitCode.ERR_INSTALLED, `cannot run ${program}: ${missing}`)
}

/** A program of another account's must not type into root's terminal. */
function isKeptFromTerminal({ as, apart = false }: Pick<ProgramOptions, 'as' | 'apart'>): boolean {
  return !apart && as !== undefined && as.uid !== 0 && isRoot() && hasTerminal()
}

function start(argv: Argv, options: ProgramOptions, mark: string | undefined): ChildProcess {
  const { as, limits, cwd, env, output, holds = [], input, apart = false } = options
  const standard = output === undefined ? (['pipe', 'pipe'] as const) : ([output, output] as const)
  const stdio: SpawnOptions['stdio'] = [input === undefined ? 'ignore' : 'pipe', ...standard, ...holds]
  const variables = { ...env, [MARK]: mark }
  const begun =
    as === undefined
      ? { argv, cwd, env: programEnvironment(variables) }
      : startAs(as, argv, { limits, cwd, env: variables })
  const [program, ...args] = begun.argv
  return spawn(program, args, {
    cwd: begun.cwd,
    env: begun.env,
    stdio,
    detached: apart || isKeptFromTerminal(options),
  })
}

function run(
  argv: Argv,
  options: ProgramOptions,
  enough?: (stdout: string) => boolean,
): Promise<WatchedResult> {
  const { deadline, as, watch, input, stop, stopBy = 'SIGTERM', stays } = options
  return new Promise((resolve, reject) => {
    // What is to stay would bear the mark, too.
    const mark = stays === undefined ? `${process.pid}.${(runs += 1)}.${process.hrtime.bigint()}` : undefined
    let child: ChildProcess
    try {
      child = start(argv, options, mark)
    } catch (error) {
      reject(failure(argv, options, error))
      return
    }
    const timers: NodeJS.Timeout[] = []
    let [stdout, stderr] = ['', '']
    let [timedOut, satisfied, excess] = [false, false, false]

    /** Once it has ended, another process may have its number. */
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
    const end = (signal: 'SIGTERM' | 'SIGKILL'): void => {
      const { pid } = child
      if (pid === undefined || hasEnded()) return
      endWithDescendants({ pid, mark, uid: as?.uid ?? process.geteuid?.() ?? 0, stays }, signal)
    }
    const onStop = (): void => {
      end(stopBy)
    }
    const passNoMore = isKeptFromTerminal(options)
      ? passSignals(() => {
          // Also SIGINT: what a shell has started in the background ignores that.
          end('SIGTERM')
        })
      : undefined
    const cease = (): void => {
      for (const timer of timers) clearTimeout(timer)
      stop?.removeEventListener('abort', onStop)
      passNoMore?.()
    }
    const finish = (): void => {
      cease()
      // Nothing of it is to keep this process from ending.
      child.stdin?.destroy()
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.unref()
      if (excess) {
        const reason = `${argv[0]} printed more than ${MOST_OUTPUT} characters and was ended`
        reject(new OcfError(ExitCode.ERR_GENERIC, reason))
        return
      }
      const [notThere] = child.exitCode === 125 && as !== undefined ? (NOT_THERE.exec(stderr) ?? []) : []
      if (notThere !== undefined) {
        reject(new OcfError(ExitCode.ERR_GENERIC, `cannot run ${argv[0]} as ${as?.name}: ${notThere}`))
        return
      }
      resolve({ code: child.exitCode ?? undefined, stdout, stderr, timedOut, satisfied })
    }
    const finishAfter = (ms: number): void => {
      // After what has come in meanwhile, in a process that was late itself.
      timers.push(setTimeout(() => setImmediate(finish), ms))
    }

    // A program that ends without reading all of it says why in another way.
    child.stdin?.on('error', () => undefined).end(input)
    const isTooMuch = (chunk: string): boolean => {
      if (excess) return true
      if (stdout.length + stderr.length + chunk.length <= MOST_OUTPUT) return false
      excess = true
      end('SIGKILL')
      return true
    }
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      if (isTooMuch(chunk)) return
      stdout += chunk
      if (satisfied || enough?.(stdout) !== true) return
      satisfied = true
      child.kill('SIGKILL')
      finish()
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      if (!isTooMuch(chunk)) stderr += chunk
    })
    if (watch) for (const stream of [child.stdout, child.stderr]) stream?.on('data', watch)
    timers.push(
      setTimeout(() => {
        if (hasEnded()) return
        timedOut = true
        end('SIGKILL')
        finishAfter(KILLED_MS)
      }, deadline.remainingMs),
    )
    stop?.addEventListener('abort', onStop, { once: true })
    child.on('error', (error) => {
      cease()
      reject(failure(argv, options, error))
    })
    child.once('exit', () => {
      finishAfter(Math.min(ENDED_MS, deadline.remainingMs))
    })
    child.once('close', finish)
  })
}

/**
 * Of what a program has said, this much is told from the beginning, and from the end. It may be what another machine has
 * answered: in a longer text it would also take too long to look for what is known.
 */
const MOST_TOLD = 4000

/** The text without its middle, where it is a long one. */
export function abridged(text: string): string {
  return text.length <= 2 * MOST_TOLD ? text : `${text.slice(0, MOST_TOLD)} ... ${text.slice(-MOST_TOLD)}`
}

/**
 * Starts a program that serves this process, as an account, for as long as that lives: it is to end when its standard
 * input does. It does not keep this process from ending.
 *
 * @param links - how many sockets it is given beside its standard input, which is one too, from descriptor 3 on
 */
export function startServant(argv: Argv, as: User, links: number): ChildProcess {
  const begun = startAs(as, argv, {})
  const [program, ...args] = begun.argv
  const child = spawn(program, args, {
    cwd: begun.cwd,
    env: begun.env,
    stdio: ['pipe', 'ignore', 'pipe', ...new Array<'pipe'>(links).fill('pipe')],
    detached: isKeptFromTerminal({ as }),
  })
  child.on('error', () => undefined)
  child.unref()
  for (const stream of child.stdio) (stream as Socket | null)?.unref()
  return child
}

/** What a failed program says of itself, in one line. */
export function describeFailure(program: string, { code, stderr, stdout, timedOut }: ProgramResult): string {
  const said = abridged(stderr.trim() || stdout.trim())
    .split('\n')
    .join('; ')
  const how = timedOut
    ? 'did not end in time'
    : code === undefined
      ? 'was killed'
      : `failed with exit code ${code}`
  return `${program} ${how}${said === '' ? '' : `: ${said}`}`
}
