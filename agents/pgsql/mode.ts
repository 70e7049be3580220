/** What the replication modes have in common, and where they differ. */

/** A mode in which the cluster chooses the primary. */
export type ReplicationMode = 'sync' | 'async'

/** How the data status of a standby begins that lacks too much to be promoted in asynchronous replication. */
export const BEHIND = 'LAGGING|'

/**
 * Whether a node with this data status may become the primary. In synchronous replication it must hold every commit
 * that was acknowledged; in asynchronous replication it must have followed the last primary to its end. A node of
 * which nothing has ever been said may: the first start of all.
 */
export function mayBecomePrimary(mode: ReplicationMode, dataStatus: string | undefined): boolean {
  if (dataStatus === undefined || dataStatus === 'LATEST' || dataStatus === 'STREAMING|SYNC') return true
  if (mode === 'sync') return dataStatus.endsWith('|SYNC')
  return dataStatus.startsWith('STREAMING|')
}

/** What a primary says of a standby that is away and still waited for; see decide-primary.ts. */
const STANDING = ['DISCONNECT|SYNC', 'DISCONNECT|QUORUM']

/** Whether a standby has said itself why it does not follow: `DISCONNECT|FORKED`. */
export function isExplained(dataStatus: string | undefined): boolean {
  return dataStatus?.startsWith('DISCONNECT|') === true && !STANDING.includes(dataStatus)
}

/** Whether its data was found not to fit the primary's: how much WAL it has says nothing then. */
export function isUnfit(dataStatus: string | undefined): boolean {
  return isExplained(dataStatus) && dataStatus !== 'DISCONNECT|REFUSED'
}

/** Whether a standby is said not to follow, for whatever reason (`DISCONNECT|FORKED`). */
export function isDisconnected(dataStatus: string | undefined): boolean {
  return dataStatus === 'DISCONNECT' || dataStatus?.startsWith('DISCONNECT|') === true
}
