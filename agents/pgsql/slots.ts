/** The replication slots on a primary: one for each of its standbys. */
import { type Log } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { dropSlots, makeSlots } from '../../lib/postgres/slots'
import { type Site } from './site'
import { slotName } from './slot-names'

function slotsOf({ slotPrefix, nodeList }: Site, keep: (node: string) => boolean): readonly string[] {
  return slotPrefix === '' ? [] : nodeList.filter(keep).map((node) => slotName(slotPrefix, node))
}

/** Makes, on a server that has just become primary, a slot for each other node. */
export async function makeStandbySlots(
  connection: Connection,
  site: Site,
  version: number,
  log: Log,
): Promise<void> {
  const names = slotsOf(site, (node) => node.toLowerCase() !== site.node.toLowerCase())
  if (names.length === 0) return
  await makeSlots(connection, names, version)
  log.info(`replication slots made: ${names.join(', ')}`)
}

export interface SlotsToDrop {
  /** Others than those of the nodes. */
  readonly besides?: readonly string[]
  readonly except?: readonly string[]
}

/** Removes what a primary left when it became a standby: a slot that nobody uses keeps its WAL for ever. */
export async function dropStandbySlots(
  connection: Connection,
  site: Site,
  log: Log,
  { besides = [], except = [] }: SlotsToDrop = {},
): Promise<void> {
  const names = [...slotsOf(site, () => true), ...besides].filter((name) => !except.includes(name))
  const dropped = await dropSlots(connection, names)
  if (dropped.length > 0) log.info(`replication slots dropped: ${dropped.join(', ')}`)
}
