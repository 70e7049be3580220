/**
 * The numbers of the promotions, by which the later of two primaries is told from the earlier.
 *
 * Each promotion takes the number after the largest that is known. The node that is promoted publishes it for good as
 * its own (`X-promotion`), and before it promotes PostgreSQL it tells it to every member of its part of the cluster, as
 * the latest promotion that this member knows of (`X-epoch`: `8 node2`). Nobody writes another node's own number. So the
 * latest promotion is known wherever one of those members is, also when the node that was promoted is gone.
 *
 * A node whose own number is the largest was the last primary: it has every commit that was acknowledged. One that finds
 * a larger number than its own is no primary any more, whatever its memory, its score and its server say.
 */
import { type ClusterSnapshot, findNode, sameNode } from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { mayBecomePrimary, type ReplicationMode } from './mode'
import { attributeNames } from './names'

/** One promotion. Numbers grow; two nodes can have the same only where no majority decides. */
export interface Promotion {
  /** 0: there was none yet. */
  readonly number: number
  /** The node that was promoted. */
  readonly node: string
  /** The timeline that it wrote from then on, where that is known. */
  readonly timeline?: number | undefined
}

export const NO_PROMOTION: Promotion = { number: 0, node: '' }

/** `8 node2`; `0` where none is known. */
export function writePromotion({ number, node }: Promotion): string {
  return number === 0 ? '0' : `${number} ${node}`
}

/** Reads what `writePromotion` wrote; nothing where it is no such thing. */
export function readPromotion(text: string | undefined): Promotion | undefined {
  const [, number, node = ''] = /^(\d{1,9})(?: (\S+))?$/.exec(text ?? '') ?? []
  return number === undefined ? undefined : { number: Number(number), node }
}

/** What a node publishes of its own promotion: `8`, and once PostgreSQL is promoted, `8 timeline 12`. */
export function writeOwn(number: number, timeline: number | undefined): string {
  return timeline === undefined ? String(number) : `${number} timeline ${timeline}`
}

/** Reads what `writeOwn` wrote; nothing where it is no such thing. */
export function readOwn(text: string | undefined): Omit<Promotion, 'node'> | undefined {
  const [, number, timeline] = /^(\d{1,9})(?: timeline (\d{1,10}))?$/.exec(text ?? '') ?? []
  if (number === undefined) return undefined
  return { number: Number(number), ...(timeline !== undefined && { timeline: Number(timeline) }) }
}

function later(a: Promotion, b: Promotion): Promotion {
  const says = a.number === b.number && a.timeline === undefined && b.timeline !== undefined
  return b.number > a.number || says ? b : a
}

export function latestOf(promotions: readonly (Promotion | undefined)[]): Promotion {
  return promotions.reduce<Promotion>((a, b) => (b === undefined ? a : later(a, b)), NO_PROMOTION)
}

/** The number of a node's own last promotion; 0 where it has none. */
export function ownPromotion(snapshot: ClusterSnapshot, name: string, resource: string): number {
  const node = findNode(snapshot, name)
  if (node === undefined) return 0
  const { promotion, epoch } = attributeNames(resource)
  const published = readOwn(node.permanent[promotion])?.number ?? 0
  const known = readPromotion(node.transient[epoch])
  return known !== undefined && sameNode(known.node, name) ? Math.max(published, known.number) : published
}

/** The promotions that nodes say of themselves, and those that they know of. */
function knownPromotions(snapshot: ClusterSnapshot, resource: string): readonly Promotion[] {
  const { epoch, promotion } = attributeNames(resource)
  return snapshot.nodes.flatMap((node) => {
    const own = readOwn(node.permanent[promotion])
    const known = readPromotion(node.transient[epoch])
    return [
      ...(own === undefined ? [] : [{ ...own, node: node.name }]),
      ...(known === undefined ? [] : [known]),
    ]
  })
}

/** The latest promotion that any node knows of. */
export function latestPromotion(snapshot: ClusterSnapshot, resource: string): Promotion {
  return latestOf(knownPromotions(snapshot, resource))
}

/**
 * Whether a server that runs as a primary has come from the latest promotion, and was promoted after it by somebody who
 * gave that no number: by another agent, or by hand.
 *
 * @param history - the timelines that this server's own one comes from
 */
export function continues(
  latest: Promotion,
  timeline: number | undefined,
  history: readonly number[],
): boolean {
  return latest.timeline !== undefined && latest.timeline !== timeline && history.includes(latest.timeline)
}

/**
 * The latest promotion of another node, where it is not older than this node's own: later, or apart from it with the same
 * number, as only happens where no majority decides.
 */
export function laterElsewhere(
  snapshot: ClusterSnapshot,
  name: string,
  resource: string,
): Promotion | undefined {
  const others = knownPromotions(snapshot, resource).filter(({ node }) => !sameNode(node, name))
  const latest = latestOf(others)
  return latest.number > 0 && latest.number >= ownPromotion(snapshot, name, resource) ? latest : undefined
}

/** Whether nobody has been promoted after that node, as far as is known; also where nobody has ever been. */
export function isLatest(snapshot: ClusterSnapshot, name: string, resource: string): boolean {
  return ownPromotion(snapshot, name, resource) === latestPromotion(snapshot, resource).number
}

/** Whether another node, also one that is away, is said to have the latest data. */
function isLatestElsewhere(snapshot: ClusterSnapshot, name: string, resource: string): boolean {
  const { dataStatus } = attributeNames(resource)
  return snapshot.nodes.some((node) => !sameNode(node.name, name) && node.permanent[dataStatus] === 'LATEST')
}

/**
 * Whether a node may become the primary by what is published of its data. The last node that was promoted has all that
 * was acknowledged, whatever another one says of it. One that was promoted before that and is called LATEST has been
 * called so before, too. One of which nothing is said may only where nobody is LATEST: at the first start of all.
 */
export function mayBePromoted(
  snapshot: ClusterSnapshot,
  name: string,
  resource: string,
  mode: ReplicationMode,
  latest: Promotion = latestPromotion(snapshot, resource),
): boolean {
  const own = ownPromotion(snapshot, name, resource)
  if (own > 0 && own === latest.number) return true
  const dataStatus = findNode(snapshot, name)?.permanent[attributeNames(resource).dataStatus]
  if (dataStatus === 'LATEST' && own > 0) return false
  if (dataStatus === undefined && isLatestElsewhere(snapshot, name, resource)) return false
  return mayBecomePrimary(mode, dataStatus)
}

/**
 * Whether the cluster has lost attributes that every node has on which the resource runs: all of a node are lost at
 * once, those of other resources, too.
 */
export function hasLostAttributes(snapshot: ClusterSnapshot, name: string, resource: string): boolean {
  const node = findNode(snapshot, name)
  const { status, epoch } = attributeNames(resource)
  return (
    node?.online === true &&
    [node.transient[status], node.transient[epoch], promotionScore(node, resource)].includes(undefined)
  )
}

/** What this node's attribute of the latest promotion should say; nothing where it says so. */
export function epochToPublish(
  snapshot: ClusterSnapshot,
  name: string,
  resource: string,
): string | undefined {
  const said = readPromotion(findNode(snapshot, name)?.transient[attributeNames(resource).epoch])
  const latest = latestPromotion(snapshot, resource)
  return said !== undefined && said.number >= latest.number ? undefined : writePromotion(latest)
}
