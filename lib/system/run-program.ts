import { spawn, type SpawnOptions } from 'node:child_process'
import { programEnvironment } from './program-environment'
import { type Deadline, ExitCode, OcfError } from '../ocf'

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
  /** Has it told to end (SIGTERM). */
  readonly stop?: AbortSignal
  /** Leaves it to itself: neither its end nor its deadline is waited for. It needs `output`, for a pipe would break. */
  readonly release?: AbortSignal
}

/**
 * Runs a program with an argument vector, never through a shell, and waits for it.
 *
 * @throws OcfError ERR_INSTALLED when there is no such program
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { deadline, cwd, env, output, holds = [], watch, stop, release }: ProgramOptions,
): Promise<ProgramResult> {
  const standard = output === undefined ? (['pipe', 'pipe'] as const) : ([output, output] as const)
  const stdio: SpawnOptions['stdio'] = ['ignore', ...standard, ...holds]
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: programEnvironment(env), stdio })
    stop?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, deadline.remainingMs)
    release?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        child.unref()
      },
      { once: true },
    )
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
