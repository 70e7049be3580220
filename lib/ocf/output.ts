/**
 * The one way to standard output and standard error (the linter forbids every other): nothing leaves that could steer a
 * terminal or forge a line, and no password.
 */
import { printable, printableLine, withoutMarks } from './printable'
import { maskSecrets } from './secrets'

/** A reader that has gone, a disk that is full, a terminal that is closed: what cannot be said must not change the answer. */
const LOST_WORDS: readonly unknown[] = ['EPIPE', 'ENOSPC', 'EIO', 'EBADF', 'EAGAIN', 'ERR_STREAM_DESTROYED']

/** Whether the error is that standard output or error could not be written. */
export function isLostWord(error: unknown): boolean {
  return error instanceof Error && LOST_WORDS.includes((error as NodeJS.ErrnoException).code)
}

type Name = 'stdout' | 'stderr'

/** Whether a person reads it in a terminal. */
export function isTerminal(name: Name): boolean {
  // In a pipe Node has no such property at all.
  return (process[name].isTTY as boolean | undefined) === true
}

/** One of Node's own streams, for libraries that draw: what they are given to draw must come from `shownLine`. */
export function rawStream(name: Name): NodeJS.WriteStream {
  return process[name]
}

/** From now on `listener`, and nobody else, is told when these cannot be written to: a reader that has gone, for one. */
export function whenOutputFails(
  names: readonly Name[],
  listener: (error: NodeJS.ErrnoException) => void,
): void {
  for (const name of names) process[name].removeAllListeners('error').on('error', listener)
}

/** Text of one line, as it may be shown. */
export function shownLine(text: string): string {
  return maskSecrets(printableLine(text))
}

/** Writes text of any number of lines. Node loads its streams when they are first looked at: not before it is needed. */
export function printTo(name: Name, text: string): void {
  try {
    process[name].write(withoutMarks(maskSecrets(printable(text))))
  } catch (error) {
    if (!isLostWord(error)) throw error
  }
}

/** To standard output. */
export function print(text: string): void {
  printTo('stdout', text)
}

/** To standard error. */
export function printError(text: string): void {
  printTo('stderr', text)
}
