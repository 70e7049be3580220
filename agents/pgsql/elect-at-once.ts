/** The election of a quorum right after the primary was demoted, when nobody wants to wait for the next monitors. */
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type Context } from './agent'
import { decideStandby, type StandbyFacts } from './decide-standby'
import { isListed, publishedQuorums } from './quorum'
import { publish } from './publish'
import { settle } from './end-receiver'
import { otherNodes, type ReplicatedSite } from './site'
import { describeStep, performSteps } from './steps'
import { standbySetting } from './sync-policy'

/** How long the others may take to say what they have; they are told at this same moment. */
const PATIENCE_MS = 3000
const POLL_MS = 50

/**
 * Says what this standby has, waits for the others that are there to say the same, and if this one is known to have
 * every acknowledged commit, lets it be promoted. Where that does not come about, the monitors go on with it.
 */
export async function electAtOnce(
  context: Context,
  site: ReplicatedSite,
  connection: Connection,
): Promise<void> {
  const { deadline, log, values } = context
  const { attributes, node, resource, mode } = site
  const first = await takeSnapshot(deadline)
  const quorums = publishedQuorums(first, attributes.quorum)
  if (mode !== 'sync' || !isListed(quorums, node)) return
  const end = await settle(context, site, connection)
  if (end === undefined) return
  await publish(site, node, { position: end })
  let snapshot = first
  await deadline.within(PATIENCE_MS).holds(POLL_MS, async () => {
    snapshot = await takeSnapshot(deadline)
    return otherNodes(site, snapshot).every((other) => {
      const state = findNode(snapshot, other)
      const asked = state?.online === true && isListed(quorums, other) && !state.stopped.includes(resource)
      return !asked || state.transient[attributes.position] !== undefined
    })
  })
  const facts: StandbyFacts = {
    resource,
    mode,
    node,
    others: otherNodes(site, snapshot),
    primaries: [],
    // That is for the monitors to look after.
    synchronousStandbyNames: standbySetting(mode),
    position: end,
    settled: true,
    note: undefined,
    checkCount: values.xlog_check_count,
    receiver: undefined,
    snapshot,
  }
  const plan = decideStandby(facts)
  if (plan.because !== undefined) log.info(plan.because)
  await carryOut(context, facts, plan, {
    describe: describeStep,
    perform: (steps) => performSteps(steps, { site, log }),
  })
}
