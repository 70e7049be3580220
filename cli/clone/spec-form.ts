/** The form of what another node's clone asks this one to do. */
import { dictionary, flag, type Form, numeric, record, text } from '../../lib/system/state-file'
import { words } from '../nodes/answer'
import { type CloneSpec } from './on-node'

export const cloneSpecForm: Form<CloneSpec> = record({
  variables: dictionary(words, 1000),
  replace: flag,
  from: text({ pattern: /^[^\0-\x1f\x7f]*$/ }),
  maxRate: numeric(),
})
