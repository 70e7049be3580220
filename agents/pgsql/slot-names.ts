/** The longest name PostgreSQL takes (NAMEDATALEN - 1). */
export const SLOT_NAME_MAX = 63

/** The replication slot on the primary through which a node's standby streams. */
export function slotName(prefix: string, node: string): string {
  return `${prefix}_${node.toLowerCase().replace(/[-.]/g, '_')}`
}
