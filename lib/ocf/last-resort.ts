/**
 * What stands between Node's own exit codes and the cluster manager, which reads them as OCF's: Node ends with 0 when
 * nothing is left to wait for ("success"), and with 7 when its last handler fails ("not running").
 */
import { writeSync } from 'node:fs'
import { messageOf } from './errors'
import { ExitCode } from './exit-codes'

/** A reader that has gone, a disk that is full, a terminal that is closed: what cannot be said must not change the answer. */
const LOST_WORDS: readonly unknown[] = ['EPIPE', 'ENOSPC', 'EIO', 'EBADF', 'EAGAIN', 'ERR_STREAM_DESTROYED']

/** Whether the error is that standard output or error could not be written. */
export function isLostWord(error: unknown): boolean {
  return error instanceof Error && LOST_WORDS.includes((error as NodeJS.ErrnoException).code)
}

/** Writes to standard error, as far as that can be done. */
export function toStandardError(text: string): void {
  try {
    process.stderr.write(text)
  } catch (error) {
    if (!isLostWord(error)) throw error
  }
}

function lastWords(error: unknown, reason: string): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const prefix = process.env['OCF_EXIT_REASON_PREFIX'] ?? 'ocf-exit-reason:'
  const line = (text: string): string => text.replace(/\s*\n\s*/g, '; ')
  try {
    // Not by a stream: it would be written after this process has ended.
    writeSync(2, `ERROR: ${line(stack)}\n${prefix}${line(reason)}\n`)
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
