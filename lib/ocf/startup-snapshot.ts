/**
 * Whether a Node starts slowly. One that is built without a snapshot of its own, as Debian 13's is, compiles its library at
 * every start: 80 ms of CPU. lib/system/startup-snapshot.ts spares a monitor that.
 */

/** This process is to make a snapshot, and nothing else (node(1), --build-snapshot). */
export function isMakingSnapshot(): boolean {
  return process.execArgv.includes('--build-snapshot')
}

/** This process was started from one. */
export function isFromSnapshot(): boolean {
  return process.execArgv.includes('--snapshot-blob')
}

/** Node 18 can make them, too; it is not tried there. */
const OLDEST = 20

/** Whether a snapshot would spare something. */
export function startsSlowly(): boolean {
  const { node_use_node_snapshot: hasOwn } = process.config.variables as unknown as Record<string, unknown>
  return hasOwn === false && parseInt(process.versions.node, 10) >= OLDEST && !isFromSnapshot()
}
