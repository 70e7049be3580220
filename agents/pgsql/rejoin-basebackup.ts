import { ExitCode, OcfError } from '../../lib/ocf'
import { type RejoinWork } from './rejoin-work'

/** Makes this node's data a copy of the primary's by a base backup. */
export function rejoinByBaseBackup({ site }: RejoinWork): Promise<void> {
  return Promise.reject(
    new OcfError(
      ExitCode.ERR_GENERIC,
      `rejoin=basebackup of ${site.resource} is not there yet: take a base backup by hand`,
    ),
  )
}
