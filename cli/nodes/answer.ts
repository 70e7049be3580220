/** What `ocf-ts` answers on another node: JSON of a known form, or it counts for nothing. */
import { type Form, numeric, parseState, text } from '../../lib/system/state-file'
import { VERSION } from '../../lib/version'
import { CommandError, Exit } from '../exit'
import { type Reach, runOn } from './shell'

/** The command by which this very program is started on another node. */
export const TOOL = 'ocf-ts'

/** The latest time that a date can hold, in milliseconds since 1970. */
const LAST_MS = 8.64e15

/** Text of any kind: a server's message, a line of a log. */
export const words = text({ max: 1_000_000 })
/** Of a column that PostgreSQL leaves empty for who may not see it. */
export const wordsOrNone: Form<string> = (value) => (value === null ? '' : words(value))
/** Milliseconds since 1970. */
export const moment = numeric(LAST_MS)
/** A position in the WAL. */
export const position = text({ pattern: /^[0-9A-F]{16}$/ })

/** An answer that is not of the form that this version of the tool knows. */
export function oddAnswer(node: string, command: string): CommandError {
  return new CommandError(
    Exit.UNREACHABLE,
    `${node}: '${TOOL} ${command}' there gave an answer that this version (${VERSION}) cannot read`,
    `install the same version on every node ('${TOOL} --version' shows it), and see that a login of root's prints nothing of its own ('ssh ${node} true')`,
  )
}

/**
 * @param answer - what was printed there; `runProgram` limits its size
 * @param command - the command of the tool that was run there
 * @throws CommandError UNREACHABLE, which names the node, for anything else than that form
 */
export function readAnswer<T>(answer: string, form: Form<T>, node: string, command: string): T {
  const read = parseState(answer, form)
  if (read === undefined) throw oddAnswer(node, command)
  return read
}

/** What a tool that failed has said: its own line, where there is one among those of a shell. */
export function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n')
  const own = lines.find((line) => line.startsWith(`${TOOL}: `))
  return own?.slice(`${TOOL}: `.length) ?? lines.at(-1) ?? ''
}

export function notInstalled(node: string): CommandError {
  return new CommandError(
    Exit.UNREACHABLE,
    `${TOOL} is not installed on ${node}`,
    `run scripts/install there`,
  )
}

export interface Question<T> {
  /** The command of the tool, and its options. */
  readonly args: readonly [string, ...string[]]
  /** What it answers. */
  readonly form: Form<T>
  /** Milliseconds. */
  readonly timeoutMs: number
  /** What it means that the tool there fails. Default: that it does not answer. */
  readonly failure?: Exit
  /** Is given what is printed there, as it comes. */
  readonly watch?: ((text: string) => void) | undefined
}

/**
 * Has the tool on another node do something, and reads what it answers.
 *
 * @throws CommandError UNREACHABLE where nobody answers, or something else does; `failure` with the tool's own reason
 */
export async function askTool<T>(reach: Reach, node: string, question: Question<T>): Promise<T> {
  const { args, form, timeoutMs, failure = Exit.UNREACHABLE, watch } = question
  const [command] = args
  const result = await runOn(reach, node, [TOOL, ...args], timeoutMs, watch && { watch })
  if (result.code === 0) return readAnswer(result.stdout, form, node, command)
  if (result.code === 127) throw notInstalled(node)
  const said = reasonIn(result.stderr) || reasonIn(result.stdout) || `exit code ${result.code ?? '-'}`
  throw new CommandError(failure, `${TOOL} ${command} on ${node} failed: ${said}`)
}

/** A longer line is no line of ours. */
const MOST_LINE = 1_000_000

/** Cuts what comes in pieces into lines: for answers that are read while they come. */
export function eachLine(take: (line: string) => void): (piece: string) => void {
  let rest = ''
  return (piece) => {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
    if (rest.length <= MOST_LINE) return
    take(rest)
    rest = ''
  }
}
