/**
 * The quorum that commits are acknowledged by, as the primary publishes it for the time after its own death, and what
 * can be proved with it.
 *
 * With `ANY K (n1 … nN)` an acknowledged commit is on K of the N standbys, nobody knows on which. Any N-K+1 of them
 * have at least one among them that has it, and so the one with the most WAL among those has every acknowledged
 * commit: what a standby has received is the beginning of what the primary wrote.
 *
 * What is published must at all times be true of every commit that was acknowledged so far, and of all that will be
 * until it is published again. So a change of the list goes in four steps: publish what is true of the old list and of
 * the new one (`covering`), wait by the new list, see that everything up to then is on enough standbys of it, and
 * publish the new one. Where one of two is the same as before, nothing is written.
 */
import { type ClusterSnapshot, sameNode } from '../../lib/cluster/snapshot'
import { type Lsn } from '../../lib/postgres/lsn'

export interface Quorum {
  /** How many of the standbys have every acknowledged commit at the least. */
  readonly count: number
  readonly names: readonly string[]
}

/** `1 of node2 node3`. */
export function writeQuorum({ count, names }: Quorum): string {
  return `${count} of ${names.join(' ')}`
}

/** Reads what `writeQuorum` wrote. Of anything else nobody can prove anything. */
export function readQuorum(text: string): Quorum {
  const [, count = '0', names = ''] = /^(\d+) of (\S.*)$/.exec(text) ?? []
  return { count: Number(count), names: names.split(/\s+/).filter(Boolean) }
}

/** What is true of commits that were acknowledged by either of two quorums; nothing where nothing is. */
export function covering(a: Quorum | undefined, b: Quorum | undefined): Quorum | undefined {
  if (a === undefined || b === undefined) return undefined
  const more = b.names.filter((name) => !a.names.some((other) => sameNode(name, other)))
  const names = [...a.names, ...more]
  return { count: Math.min(a.count, b.count), names: more.length === 0 ? a.names : names }
}

export function isSameQuorum(a: Quorum | undefined, b: Quorum | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.count === b.count &&
    a.names.length === b.names.length &&
    a.names.every((name) => b.names.some((other) => sameNode(name, other)))
  )
}

/** The quorums that primaries have published. There is one, or for a moment of a promotion that failed, more. */
export function publishedQuorums({ nodes }: ClusterSnapshot, attribute: string): readonly Quorum[] {
  return nodes.flatMap(({ permanent }) => {
    const text = permanent[attribute]
    return text === undefined ? [] : [readQuorum(text)]
  })
}

export function isListed(quorums: readonly Quorum[], node: string): boolean {
  return quorums.length > 0 && quorums.every(({ names }) => names.some((name) => sameNode(name, node)))
}

/**
 * What keeps a node from being known to have every acknowledged commit; nothing when it has.
 *
 * @param positions - where the WAL of each node that has said so ends, the node itself among them
 */
export function missingProof(
  quorums: readonly Quorum[],
  node: string,
  positions: Readonly<Record<string, Lsn>>,
): string | undefined {
  const positionOf = (name: string): Lsn | undefined =>
    Object.entries(positions).find(([other]) => sameNode(other, name))?.[1]
  const own = positionOf(node)
  if (!isListed(quorums, node)) return 'commits did not wait for this node'
  if (own === undefined) return 'it is not known how much WAL this node has'
  for (const { count, names } of quorums) {
    const needed = names.length - count + 1
    const known = names.filter((name) => positionOf(name) !== undefined)
    const silent = names.filter((name) => !known.includes(name))
    if (known.length < needed) {
      return `${needed} of ${names.join(', ')} must say what they have, and ${silent.join(', ')} has not`
    }
    const newer = known.find((name) => (positionOf(name) ?? '') > own)
    if (newer !== undefined) return `${newer} has newer data`
  }
  return undefined
}
