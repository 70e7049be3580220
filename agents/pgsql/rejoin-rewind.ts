import { ExitCode, OcfError } from '../../lib/ocf'
import { type RejoinWork } from './rejoin-work'

/** Makes this node's data a copy of the primary's by pg_rewind. */
export function rejoinByRewind({ site }: RejoinWork): Promise<void> {
  return Promise.reject(
    new OcfError(ExitCode.ERR_GENERIC, `rejoin=rewind of ${site.resource} is not there yet`),
  )
}
