/** What has become of an announcement, in the background too: what went wrong is logged. */
import { ExitCode } from '../../lib/ocf'
import { describeFailure, type ProgramResult } from '../../lib/system/run-program'
import { type Context } from './agent'
import { type Announcer } from './announce'

type Sender = Announcer['sender']

/** Variables by which a process in the background is told what the program has said. */
const CODE = 'OCF_TS_ANNOUNCER_CODE'
const SAID = 'OCF_TS_ANNOUNCER_SAID'

/**
 * Runs a program ($4 and what follows), and has what it said, or its exit code unless that is 0, reported ($1 to $3) in
 * place of this shell: nothing is left running for an announcement that succeeds.
 */
const WATCH = `
node=$1 agent=$2 action=$3 sender=$4
shift 4
said=$("$@" 2>&1 </dev/null)
code=$?
[ "$code:$said" != 0: ] || exit 0
export ${CODE}="$code" ${SAID}="$said"
exec "$node" "$agent" "$action" "$sender" "$1"`

/** The arguments of a shell that runs an announcing program, and has a failure reported by this agent. */
export function watched(
  reporter: readonly [string, string, string],
  sender: Sender,
  program: string,
  args: readonly string[],
): readonly string[] {
  return ['-c', WATCH, 'announcer', ...reporter, sender, program, ...args]
}

/** Whether an announcement was not made: by what the program said, since exit codes do not tell. */
export function hasFailed(sender: Sender, { code, stdout, stderr, timedOut }: ProgramResult): boolean {
  const said = `${stdout}${stderr}`.trim()
  // libnet's arping waits for answers, which an announcement does not get, and calls that a failure without a word.
  if (sender === 'libnet_arping') return timedOut || stderr.trim() !== '' || (code !== 0 && code !== 1)
  // send_ua goes on after an error, and ends with 0.
  return code !== 0 || /\bERROR\b/.test(said)
}

export function reportFailure(
  program: string,
  sender: Sender,
  result: ProgramResult,
  { values, log }: Pick<Context, 'values' | 'log'>,
): void {
  // Not as an error: under pacemaker those go to standard error alone, which nobody reads any more in the background.
  if (hasFailed(sender, result))
    log.warning(`${values.ip.text} is not announced: ${describeFailure(program, result)}`)
}

/** The action of the process in the background, which nobody calls but this agent. */
export function announced(context: Context): ExitCode {
  const [, , , sender = '', program = ''] = process.argv
  const { [CODE]: code = '', [SAID]: stderr = '' } = process.env
  const result = { code: Number(code), stdout: '', stderr, timedOut: false }
  reportFailure(program, sender as Sender, result, context)
  return ExitCode.SUCCESS
}
