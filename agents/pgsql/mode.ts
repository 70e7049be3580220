/** What the replication modes have in common, and where they differ. */

/** A mode in which the cluster chooses the primary. */
export type ReplicationMode = 'sync' | 'async'

/**
 * Whether a node with this data status may become the primary. In synchronous replication it must hold every commit
 * that was acknowledged; in asynchronous replication it must have followed the last primary to its end. A node of
 * which nothing has ever been said may: the first start of all.
 */
export function mayBecomePrimary(mode: ReplicationMode, dataStatus: string | undefined): boolean {
  if (dataStatus === undefined || dataStatus === 'LATEST' || dataStatus === 'STREAMING|SYNC') return true
  return mode === 'async' && dataStatus.startsWith('STREAMING|')
}

/** Whether a standby is said not to follow, for whatever reason (`DISCONNECT|FORKED`). */
export function isDisconnected(dataStatus: string | undefined): boolean {
  return dataStatus === 'DISCONNECT' || dataStatus?.startsWith('DISCONNECT|') === true
}
