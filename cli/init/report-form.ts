/** The form of what a node tells of its `init`. */
import { either, flag, type Form, list, numeric, oneOf, optional, record } from '../../lib/system/state-file'
import { words } from '../nodes/answer'
import { type InitReport } from './make'
import { type Change, type Finding } from './needs'

const change: Form<Change> = either(
  record({ kind: oneOf('set'), name: words, value: words }),
  either(record({ kind: oneOf('let in'), line: words }), record({ kind: oneOf('record') })),
)

const told = record({
  name: words,
  found: words,
  needed: words,
  why: words,
  state: oneOf('ok', 'lacks', 'waits'),
  change: optional(change),
  restart: flag,
  advice: optional(words),
})

/** JSON leaves out what has no value. */
const finding: Form<Finding> = (value) => {
  const read = told(value)
  return read && { ...read, change: read.change, advice: read.advice }
}

export const initReportForm: Form<InitReport> = record({
  version: numeric(),
  server: oneOf('running', 'stopped'),
  findings: list(finding),
  made: list(words),
})
