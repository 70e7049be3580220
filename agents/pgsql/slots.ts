/** The replication slots on a primary: one for each of its standbys. */
import { sameNode } from '../../lib/cluster/snapshot'
import { type Log, messageOf } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { dropSlots, findSlotTroubles, makeSlots, type SlotTrouble } from '../../lib/postgres/slots'
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
  const names = slotsOf(site, (node) => !sameNode(node, site.node))
  if (names.length === 0) return
  await makeSlots(connection, names, version)
  log.info(`replication slots made: ${names.join(', ')}`)
}

/** A slot that a standby of the cluster is to stream through, and cannot. */
export interface TroubledSlot {
  readonly node: string
  readonly slot: string
  readonly trouble: SlotTrouble
}

/** Asks a primary for the slots of the other nodes that are gone, or of no more use. Without slots nothing is asked. */
export async function troubledSlots(
  connection: Connection,
  site: Site,
  version: number,
): Promise<readonly TroubledSlot[]> {
  const others = site.nodeList.filter((node) => !sameNode(node, site.node))
  if (site.slotPrefix === '' || others.length === 0) return []
  const slots = others.map((node) => ({ node, slot: slotName(site.slotPrefix, node) }))
  const troubles = await findSlotTroubles(
    connection,
    slots.map(({ slot }) => slot),
    version,
  )
  return slots.flatMap((each) => {
    const trouble = troubles[each.slot]
    return trouble === undefined ? [] : [{ ...each, trouble }]
  })
}

/** Makes the slots that are missing or invalidated. Where all slots are in use, that is no reason for a monitor to fail. */
export async function renewSlots(
  connection: Connection,
  names: readonly string[],
  version: number,
  log: Log,
): Promise<void> {
  try {
    await makeSlots(connection, names, version)
  } catch (error) {
    log.warning(
      `replication slots are not made (${names.join(', ')}), and the standbys that need them do not follow: ${messageOf(error)}; drop those that are not needed (pg_replication_slots), or raise max_replication_slots`,
    )
  }
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
