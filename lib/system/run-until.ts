import { spawn } from 'node:child_process'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { traced } from '../ocf/trace'
import { programEnvironment } from './program-environment'
import { describeEnd, type ProgramResult } from './run-program'

export interface WatchedResult extends ProgramResult {
  /** It printed what it was run for, and was ended then. */
  readonly satisfied: boolean
}

/**
 * Runs a program until its standard output says enough, and ends it then.
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
  return traced('program', commandLine, () => run(program, args, deadline, enough), outcome)
}

function run(
  program: string,
  args: readonly string[],
  deadline: Deadline,
  enough: (stdout: string) => boolean,
): Promise<WatchedResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: programEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
    let timedOut = false
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, deadline.remainingMs)
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
      if (!enough(stdout)) return
      clearTimeout(timer)
      child.kill('SIGKILL')
      resolve({ code: undefined, stdout, stderr, timedOut: false, satisfied: true })
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      const missing = error.code === 'ENOENT'
      reject(
        new OcfError(
          missing ? ExitCode.ERR_INSTALLED : ExitCode.ERR_GENERIC,
          `cannot run ${program}: ${missing ? 'it is not installed' : error.message}`,
        ),
      )
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? undefined, stdout, stderr, timedOut, satisfied: false })
    })
  })
}
