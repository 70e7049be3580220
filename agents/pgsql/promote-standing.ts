/** The cluster as a promotion finds it, and the proof that this node belongs to the part that decides. */
import { setTimeout as sleep } from 'node:timers/promises'
import { answersForAll } from '../../lib/cluster/attribute-commands'
import { type ClusterSnapshot, findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { valuesInMemory } from '../../lib/cluster/total-order'
import { ExitCode, OcfError } from '../../lib/ocf'
import { since, thisMoment } from '../../lib/system/clocks'
import { type Context } from './agent'
import { hasSameReasons, type PromoteFacts } from './decide-promote'
import { NO_PROMOTION, type Promotion, readOwn } from './promotions'
import { type Proof, type ProofMemory, prove } from './prove'
import { publishedQuorums } from './quorum'
import { otherNodes, type ReplicatedSite, type Site } from './site'

/** Milliseconds between two looks at the cluster. */
const POLL_MS = 20

/** What the other nodes that are there have said in an election of where their data ends. */
export function positionsOf(site: Site, snapshot: ClusterSnapshot): PromoteFacts['others'] {
  return otherNodes(site, snapshot).flatMap((name) => {
    const node = findNode(snapshot, name)
    const position = node?.online ? node.transient[site.attributes.position] : undefined
    return position === undefined ? [] : [{ node: name, position }]
  })
}

/** The cluster before anything is changed, and what is proven of it. */
export interface Standing {
  readonly snapshot: ClusterSnapshot
  readonly proof: Pick<Proof, 'startedAt'> & {
    readonly latest: Promotion
    readonly unproven: string | undefined
  }
}

/** How long the CIB of this node may lag behind what the members know, after it has been away. */
const LAG_MS = 3000
/** The part of the action's time that is left for the promotion. */
const PROMOTION_SHARE = 1 / 2

/** Whether the CIB has what the latest promotion wrote last: all that it said of this node is there, too. */
function hasAll(snapshot: ClusterSnapshot, { number, node }: Promotion, { attributes }: Site): boolean {
  const published = readOwn(findNode(snapshot, node)?.permanent[attributes.promotion])
  return number === 0 || published?.number === number
}

/**
 * The cluster, with the proof that this node belongs to the part that decides. This node may have slept since the cluster
 * decided to promote it: what it saw before the proof counts only where the members know of no more.
 */
export async function proveStanding(
  { deadline, explain }: Context,
  site: ReplicatedSite,
  looking: Promise<ClusterSnapshot>,
): Promise<Standing> {
  const startedAt = thisMoment()
  if (explain)
    return { snapshot: await looking, proof: { startedAt, latest: NO_PROMOTION, unproven: undefined } }
  let seen = looking
  const patience = deadline.before(deadline.remainingMs * PROMOTION_SHARE)
  const memory: ProofMemory = {}
  for (;;) {
    const proof = await prove(site, seen, undefined, deadline, { patienceMs: patience.remainingMs, memory })
    const snapshot = await seen
    if (proof.kind !== 'proven') {
      const unproven = proof.kind === 'unproven' ? proof.why : 'another node was promoted meanwhile'
      return { snapshot, proof: { startedAt, latest: NO_PROMOTION, unproven } }
    }
    const found = {
      snapshot,
      proof: { startedAt: proof.startedAt, latest: proof.latest, unproven: undefined },
    }
    if (proof.prompt && (hasAll(snapshot, proof.latest, site) || since(startedAt) > LAG_MS)) return found
    if (patience.passed) {
      const unproven = 'the members of the cluster change all the time'
      return { snapshot, proof: { ...found.proof, unproven } }
    }
    await sleep(POLL_MS)
    seen = takeSnapshot(deadline)
    seen.catch(() => undefined)
  }
}

/**
 * Right before the number is published, and not earlier: a primary that was away can come back and go on without this
 * node, until the members know of this promotion. What was decided holds only if nothing of it has changed.
 *
 * @param facts - what the promotion was decided by
 * @param number - of this promotion
 * @throws OcfError ERR_GENERIC where that is so
 */
export async function requireUnchanged(
  context: Context,
  site: ReplicatedSite,
  facts: PromoteFacts,
  number: number,
): Promise<void> {
  const { deadline } = context
  const now = await proveStanding(context, site, takeSnapshot(deadline))
  // A primary that goes on may have changed it while the proof was collected. What the others have said in the
  // election counts as the members know it now: the configuration may lag behind that.
  const [after, positions] = await Promise.all([
    takeSnapshot(deadline),
    facts.complete || !answersForAll(site.featureSet)
      ? undefined
      : valuesInMemory(site.attributes.position, deadline),
  ])
  const reasons = {
    dataStatus: findNode(after, site.node)?.permanent[site.attributes.dataStatus],
    quorums: publishedQuorums(after, site.attributes.quorum),
    others: positionsOf(site, after).filter(
      ({ node, position }) => positions === undefined || positions[node] === position,
    ),
  }
  const stands = now.proof.unproven === undefined && now.proof.latest.number < number
  if (stands && hasSameReasons(facts, reasons)) return
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    'not promoted: the cluster has changed since it decided to promote this node, and decides again',
  )
}
