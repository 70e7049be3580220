/** Whether a standby's monitor looks after the slots of the other nodes this time: loaded by each, the rest is not. */
import { statOwned } from '../../lib/system/owned-files'
import { type MajorVersion } from '../../lib/postgres/instance'
import { OLDEST_WITH_ADVANCE } from '../../lib/postgres/standby-slots'
import { type Values } from './agent'
import { type Site } from './site'

/** At most so often, in seconds; more often where the time after which a slot is dropped is short. */
const EVERY = 60

/** Of two nodes, none has a sibling: the primary's slot is all there is. */
export function mayHaveSiblings({ slotPrefix, nodeList, kind }: Site, version: MajorVersion): boolean {
  return kind === 'member' && slotPrefix !== '' && nodeList.length > 2 && version >= OLDEST_WITH_ADVANCE
}

export function isDue(site: Site, { standby_slot_timeout: timeout }: Values): boolean {
  const every = timeout > 0 ? Math.min(EVERY, timeout / 4) : EVERY
  const written = statOwned(site.instance.owner, site.files.siblings)?.mtimeMs
  // Also where the clock has been set back.
  return written === undefined || Math.abs(Date.now() - written) >= every * 1000
}
