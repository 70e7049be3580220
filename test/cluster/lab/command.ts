/** Runs one program on the machine and keeps its output. */
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface CommandOptions {
  /** Given to the program on stdin; without it stdin is empty. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** The program is killed after this time. Default: one minute. */
  readonly timeoutMs?: number
}

export interface CommandResult {
  readonly argv: readonly string[]
  readonly stdout: string
  readonly stderr: string
  /** Exit code; 128 + the signal's number, as in a shell, if a signal ended it; 124 after a timeout. */
  readonly code: number
  readonly timedOut: boolean
}

/**
 * Runs a program to its end; does not throw when it fails. Output goes through files and not through pipes:
 * a program that leaves a daemon behind would keep a pipe open for as long as the daemon lives.
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [program = '', ...args] = argv
  const dir = mkdtempSync(join(tmpdir(), 'ocfts-run-'))
  // Opened twice, to read from the start what the program appends; and unlinked at once, to leave nothing.
  const [out, err] = [openSync(join(dir, 'out'), 'w'), openSync(join(dir, 'err'), 'w')]
  const [said, complained] = [openSync(join(dir, 'out'), 'r'), openSync(join(dir, 'err'), 'r')]
  rmSync(dir, { recursive: true })
  try {
    const child = spawn(program, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', out, err],
      ...(options.env ? { env: options.env } : {}),
    })
    // A program that does not read its input closes the pipe; its exit code tells more than EPIPE does.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input)
    const timeout = { passed: false }
    const timer = setTimeout(() => {
      timeout.passed = true
      child.kill('SIGKILL')
    }, options.timeoutMs ?? 60_000)
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (exitCode, signal) => {
        resolve(exitCode ?? 128 + (signalNumbers[signal ?? 'SIGKILL'] ?? 0))
      })
    }).finally(() => {
      clearTimeout(timer)
    })
    return {
      argv,
      stdout: readFileSync(said, 'utf8'),
      stderr: readFileSync(complained, 'utf8'),
      code: timeout.passed ? 124 : code,
      timedOut: timeout.passed,
    }
  } finally {
    for (const fd of [out, err, said, complained]) closeSync(fd)
  }
}

/** Runs a program that must succeed and returns its stdout; otherwise throws with all that it said. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  return expectSuccess(await runCommand(argv, options)).stdout
}

/** Throws if the program failed, with its argument vector and its output. */
export function expectSuccess(result: CommandResult): CommandResult {
  if (result.code === 0) return result
  const how = result.timedOut ? 'took too long and was killed' : `ended with code ${result.code}`
  throw new Error(`${JSON.stringify(result.argv)} ${how}\n${result.stderr}${result.stdout}`.trimEnd())
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
}
