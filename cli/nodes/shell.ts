/** Running a program on any node of the cluster. */
import { Deadline, messageOf } from '../../lib/ocf'
import { sameNode } from '../../lib/cluster/snapshot'
import { type ProgramOptions, type ProgramResult, runProgram } from '../../lib/system/run-program'
import { shellWords } from '../../lib/system/shell-words'
import { CommandError, Exit } from '../exit'

/** The command that logs in to another node; its words as in a shell. */
const LOGIN = 'OCF_TS_SSH'
/** Nobody is there to be asked, and a node that does not answer must not hold up the others. */
const SSH_OPTIONS = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', '-o', 'LogLevel=ERROR', '-T']
/** What ssh itself ends with when it cannot log in (ssh(1), "EXIT STATUS"). */
const SSH_FAILED = 255

export interface Reach {
  /** This node's name in the cluster. */
  readonly local: string
}

/** One word for a shell, whatever is in it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** The argument vector that runs `argv` on `node`. */
export function loginArgv(node: string, argv: readonly string[]): readonly [string, ...string[]] {
  const [program = 'ssh', ...options] = shellWords(process.env[LOGIN] ?? 'ssh') ?? []
  return [program, ...options, ...SSH_OPTIONS, '--', node, argv.map(quote).join(' ')]
}

/**
 * Runs a program on a node: here without any detour, on another one through ssh.
 *
 * @param timeoutMs - milliseconds
 * @param more - what it reads, who is told what it prints, as it does, and what ends it early
 * @throws CommandError UNREACHABLE when the other node does not let us in
 */
export async function runOn(
  { local }: Reach,
  node: string,
  argv: readonly [string, ...string[]],
  timeoutMs: number,
  more: Pick<ProgramOptions, 'input' | 'watch' | 'stop'> = {},
): Promise<ProgramResult> {
  const isHere = sameNode(node, local)
  const [program, ...args] = isHere ? argv : loginArgv(node, argv)
  let result: ProgramResult
  try {
    result = await runProgram(program, args, { deadline: new Deadline(timeoutMs), ...more })
  } catch (error) {
    throw new CommandError(Exit.UNREACHABLE, isHere ? messageOf(error) : `${node}: ${messageOf(error)}`)
  }
  if (!isHere && (result.code === SSH_FAILED || result.timedOut)) {
    const said = result.stderr.trim().split('\n').at(-1) ?? ''
    throw new CommandError(
      Exit.UNREACHABLE,
      result.timedOut ? `${node} did not answer within ${timeoutMs / 1000} s` : `ssh ${node}: ${said}`,
      `root must be able to log in there without a password: try 'ssh ${node} true' (${LOGIN} sets another command)`,
    )
  }
  return result
}
