/** The form of what a node tells of its part in a rejoin. */
import { flag, type Form, nullable, oneOf, optional, record } from '../../lib/system/state-file'
import { words } from '../nodes/answer'
import { type Standing } from './own-side'

const LOSSES = [
  'nothing',
  'diverged',
  'same timeline',
  'unknown timeline',
  'another database',
  'wal removed',
] as const satisfies readonly Standing['loss'][]

export const noteForm: Form<Standing['note']> = nullable(
  record({
    method: oneOf('rewind', 'basebackup'),
    state: oneOf('running', 'done', 'failed', 'cut off'),
    phase: words,
    reason: optional(words),
  }),
)

export const standingForm: Form<Standing> = record({
  running: flag,
  dataDirectory: words,
  locked: flag,
  loss: nullable(oneOf(...LOSSES)),
  lost: nullable(words),
  unknown: nullable(words),
  rewindable: nullable(flag),
  rewinding: nullable(oneOf('repeatable', 'not repeatable')),
  note: noteForm,
})
