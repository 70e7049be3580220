/** What a promotion says to and of the other nodes before PostgreSQL is promoted. */
import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode, sameNode } from '../../lib/cluster/snapshot'
import { SCORE } from './names'
import { type Promotion, writeOwn, writePromotion } from './promotions'
import { publish } from './publish'
import { otherNodes, type Site } from './site'

/** Before the first new commit, the cluster must know that nobody else has what this node is going to have. */
export async function barOthers(site: Site, snapshot: ClusterSnapshot): Promise<void> {
  const nodes = otherNodes(site, snapshot)
    .map((name) => findNode(snapshot, name))
    .filter((node) => node !== undefined)
  await Promise.all(
    nodes.map((state) => {
      const { name, online } = state
      const score = promotionScore(state, site.resource)
      const hasScore = online && score !== undefined && score !== SCORE.never
      const published = state.permanent[site.attributes.quorum] !== undefined
      return publish(site, name, {
        dataStatus: 'DISCONNECT',
        ...(hasScore && { score: SCORE.never }),
        ...(published && { quorum: null }),
      })
    }),
  )
}

/**
 * Tells all members the number of this promotion: whichever of them is asked later knows of it. Nodes without the
 * resource are told, too: they count for the quorum.
 */
export async function publishNumber(
  site: Site,
  snapshot: ClusterSnapshot,
  promotion: Promotion,
): Promise<void> {
  const epoch = writePromotion(promotion)
  const others = snapshot.nodes.filter(({ name, online }) => online && !sameNode(name, site.node))
  await Promise.all([
    publish(site, site.node, { claim: writeOwn(promotion.number, undefined), epoch }),
    ...others.map(({ name }) => publish(site, name, { epoch })),
  ])
}
