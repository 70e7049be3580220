import { spawn, type SpawnOptions } from 'node:child_process'
import { programEnvironment } from './program-environment'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { traced } from '../ocf/trace'

export interface ProgramResult {
  /** The exit code; `undefined` when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** It was killed because its deadline passed. */
  readonly timedOut: boolean
}

export interface ProgramOptions {
  /** The program is killed when this passes. */
  readonly deadline: Deadline
  readonly cwd?: string
  /** Variables beside the agent's own; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where standard output and error go instead of being collected (file descriptors). */
  readonly output?: number
  /** Open files that it is given beside its standard ones, from descriptor 3 on. */
  readonly holds?: readonly number[]
  /** Is told what it prints, on standard output and error, as it does. */
  readonly watch?: (text: string) => void
  /** What it reads on standard input. Default: nothing. */
  readonly input?: string
  /** Has it told to end (SIGTERM), and with it all that it has started. */
  readonly stop?: AbortSignal
}

/**
 * Runs a program with an argument vector, never through a shell, and waits for it.
 *
 * @throws OcfError ERR_INSTALLED when there is no such program
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const commandLine = (): string => [program, ...args].join(' ')
  return traced('program', commandLine, () => run(program, args, options), describeEnd)
}

/** How a program ended, in a few words. */
export function describeEnd({ code, timedOut }: Pick<ProgramResult, 'code' | 'timedOut'>): string {
  return timedOut ? 'did not end in time' : code === undefined ? 'ended by a signal' : `exit code ${code}`
}

function run(
  program: string,
  args: readonly string[],
  { deadline, cwd, env, output, holds = [], watch, input, stop }: ProgramOptions,
): Promise<ProgramResult> {
  const standard = output === undefined ? (['pipe', 'pipe'] as const) : ([output, output] as const)
  const stdio: SpawnOptions['stdio'] = [input === undefined ? 'ignore' : 'pipe', ...standard, ...holds]
  return new Promise((resolve, reject) => {
    // A group of its own: a program that dies of a signal takes nobody along.
    const detached = stop !== undefined
    const child = spawn(program, args, { cwd, env: programEnvironment(env), stdio, detached })
    const end = (signal: NodeJS.Signals): void => {
      if (!detached || child.pid === undefined) child.kill(signal)
      else endGroup(child.pid, signal)
    }
    stop?.addEventListener(
      'abort',
      () => {
        end('SIGTERM')
      },
      { once: true },
    )
    // A program that ends without reading all of it says why in another way.
    child.stdin?.on('error', () => undefined).end(input)
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      end('SIGKILL')
    }, deadline.remainingMs)
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    if (watch) for (const stream of [child.stdout, child.stderr]) stream?.on('data', watch)
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      const missing = error.code === 'ENOENT'
      const reason = missing
        ? `cannot run ${program}: it is not installed, or not in a directory of PATH`
        : `cannot run ${program}: ${error.message}`
      reject(new OcfError(missing ? ExitCode.ERR_INSTALLED : ExitCode.ERR_GENERIC, reason))
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? undefined, stdout, stderr, timedOut })
    })
  })
}

function endGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** What a failed program says of itself, in one line. */
export function describeFailure(program: string, { code, stderr, stdout, timedOut }: ProgramResult): string {
  const said = (stderr.trim() || stdout.trim()).split('\n').join('; ')
  const how = timedOut
    ? 'did not end in time'
    : code === undefined
      ? 'was killed'
      : `failed with exit code ${code}`
  return `${program} ${how}${said === '' ? '' : `: ${said}`}`
}
