import { banFromNode } from '../../lib/cluster/ban'
import { findNode, sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, type Deadline, ExitCode, namedSteps } from '../../lib/ocf'
import { type Lsn } from '../../lib/postgres/lsn'
import { readRole } from '../../lib/postgres/replication'
import { findServer } from '../../lib/postgres/server-state'
import { type Context } from './agent'
import { type BeforePromoteStep, decideBeforePromote } from './decide-before-promote'
import { SCORE } from './names'
import { isPrimary } from './primaries'
import { latestPromotion, mayBePromoted } from './promotions'
import { prove } from './prove'
import { publish } from './publish'
import { isListed, publishedQuorums } from './quorum'
import { withSession } from './session'
import { readReplicatedSite, readSiteVersion, type ReplicatedSite } from './site'

/** How long the node that is about to be promoted may take to say what it has; it does so at this same moment. */
const PATIENCE_MS = 3000
const POLL_MS = 50

const DESCRIPTIONS: Record<BeforePromoteStep, string> = {
  claim: 'claim the promotion: this node has newer data',
  refuse: 'say why in a node attribute, and keep the resource off this node',
}

/** Where the data of the node that is about to be promoted ends, as soon as it has said so. */
async function baselineOf(node: string, site: ReplicatedSite, deadline: Deadline): Promise<Lsn | undefined> {
  const patience = deadline.within(PATIENCE_MS)
  let baseline: Lsn | undefined
  await patience.holds(POLL_MS, async () => {
    baseline = findNode(await takeSnapshot(deadline), node)?.transient[site.attributes.baseline]
    return baseline !== undefined
  })
  return baseline
}

/**
 * Before a promotion among three nodes or more: the one that is promoted says where its data ends, and the others
 * compare.
 */
export async function beforePromote(context: Context, promoting: string): Promise<ExitCode> {
  const { values, deadline, log } = context
  const site = await readReplicatedSite(context)
  const server = findServer(site.instance)
  if (server.kind !== 'running') return ExitCode.SUCCESS
  const handle = { pid: server.postmaster.pid, pidFile: server.pidFile }
  const { inRecovery, position } = await withSession(site, values, handle, deadline, (connection) =>
    readRole(connection, readSiteVersion(site)),
  )
  if (!inRecovery || position === undefined) return ExitCode.SUCCESS
  // Promoted once more after its parameters were reloaded: nothing is decided by it.
  if (isPrimary(await takeSnapshot(deadline), promoting, site.resource)) return ExitCode.SUCCESS
  if (sameNode(promoting, site.node)) {
    await publish(site, site.node, { baseline: position })
    return ExitCode.SUCCESS
  }

  const baseline = await baselineOf(promoting, site, deadline)
  if (baseline === undefined) log.warning(`${promoting} did not say in time what data it is promoted with`)
  const snapshot = await takeSnapshot(deadline)
  const quorums = publishedQuorums(snapshot, site.attributes.quorum)
  const promotable = mayBePromoted(snapshot, promoting, site.resource, site.mode)
  const listed = isListed(quorums, promoting)
  const facts = {
    resource: site.resource,
    mode: site.mode,
    promoting,
    baseline,
    node: site.node,
    complete: mayBePromoted(snapshot, site.node, site.resource, site.mode),
    promotable: promotable || (site.mode === 'sync' && listed),
    heals: values.rejoin === 'rewind' || values.rejoin === 'basebackup',
    ofQuorum: site.mode === 'sync' && listed && isListed(quorums, site.node) && !promotable,
    position,
  }
  const plan = decideBeforePromote(facts)
  const perform: Record<BeforePromoteStep, () => Promise<void>> = {
    claim: async () => {
      // It is another node that is barred by this: see decide-proof.ts.
      const proof = await prove(site, snapshot, latestPromotion(snapshot, site.resource).number, deadline)
      if (proof.kind !== 'proven' || !proof.prompt) {
        log.warning('the cluster has changed meanwhile: the promotion is not claimed')
        return
      }
      log.warning(`this node has newer data than ${promoting}, and claims the promotion`)
      await publish(site, site.node, { position, score: SCORE.primary })
      await publish(site, promoting, { score: SCORE.never })
    },
    refuse: async () => {
      await publish(site, site.node, { refused: plan.reason ?? '', score: SCORE.never })
      await banFromNode(site.resource, site.node, deadline)
    },
  }
  return carryOut(context, facts, plan, namedSteps(DESCRIPTIONS, perform))
}
