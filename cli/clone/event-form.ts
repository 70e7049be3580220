/** The form of what a node tells while it clones. */
import { either, type Form, numeric, oneOf, optional, record } from '../../lib/system/state-file'
import { words } from '../nodes/answer'
import { type CloneEvent } from './on-node'

export const cloneEventForm: Form<CloneEvent> = either(
  either(
    record({ event: oneOf('step'), text: words }),
    record({ event: oneOf('progress'), percent: numeric(), totalBytes: numeric() }),
  ),
  either(
    record({ event: oneOf('done'), dataDirectory: words, aside: optional(words) }),
    record({ event: oneOf('refused', 'failed'), reason: words, advice: optional(words) }),
  ),
)
