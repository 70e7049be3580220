/** What `ocf-ts` answers on another node: JSON of a known form, or it counts for nothing. */
import { type Form, numeric, parseState, text } from '../../lib/system/state-file'
import { CommandError, Exit } from '../exit'

/** The latest time that a date can hold, in milliseconds since 1970. */
const LAST_MS = 8.64e15

/** Text of any kind: a server's message, a line of a log. */
export const words = text({ max: 1_000_000 })
/** Of a column that PostgreSQL leaves empty for who may not see it. */
export const wordsOrNone: Form<string> = (value) => (value === null ? '' : words(value))
/** Milliseconds since 1970. */
export const moment = numeric(LAST_MS)

/** @throws CommandError UNREACHABLE for anything else */
export function readAnswer<T>(answer: string, form: Form<T>): T {
  const read = parseState(answer, form)
  if (read === undefined) {
    throw new CommandError(Exit.UNREACHABLE, 'it answered with something else than ocf-ts does')
  }
  return read
}
