/**
 * What stands between Node's own exit codes and the cluster manager, which reads them as OCF's: Node ends with 0 when
 * nothing is left to wait for ("success"), and with 7 when its last handler fails ("not running").
 */
import { writeSync } from 'node:fs'
import { messageOf } from './errors'
import { ExitCode } from './exit-codes'
import { reasonPrefix, withoutReasonPrefix } from './exit-reason'
import { isLostWord, shownLine } from './output'
import { forPacemaker } from './printable'

function lastWords(error: unknown, reason: string): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const prefix = reasonPrefix(process.env)
  const line = (text: string): string => shownLine(text.replace(/\s*\n\s*/g, '; '))
  const quoted = (text: string): string => withoutReasonPrefix(text, prefix)
  try {
    // Not by a stream: it would be written after this process has ended.
    writeSync(2, `ERROR: ${quoted(line(stack))}\n${prefix}${quoted(forPacemaker(line(reason)))}\n`)
  } catch {
    // Nobody reads it.
  }
}

/**
 * From now on this process ends with ERR_GENERIC, and a reason, unless it says how it ends: when an error is thrown that
 * nobody handles, and when nothing is left to wait for.
 *
 * @param action - for the reason
 * @returns says how it ends
 */
export function guardExit(action: string): (code: ExitCode) => void {
  let answered = false
  process.exitCode = ExitCode.ERR_GENERIC
  process.on('uncaughtException', (error: unknown) => {
    if (isLostWord(error)) return
    if (!answered) lastWords(error, `${action} failed: ${messageOf(error)}`)
    answered = true
    process.exit(ExitCode.ERR_GENERIC)
  })
  process.once('exit', () => {
    if (answered) return
    lastWords(
      `${action} ended without a result`,
      `${action} ended without a result: this is a fault of the agent`,
    )
    process.exitCode = ExitCode.ERR_GENERIC
  })
  return (code) => {
    answered = true
    process.exitCode = code
  }
}
