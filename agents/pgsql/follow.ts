/** A standby that does not receive although there is a primary finds out why: loaded only then. */
import { type Deadline, messageOf } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { controlDataOf } from '../../lib/postgres/control-data'
import { type MajorVersion } from '../../lib/postgres/instance'
import { laterLsn } from '../../lib/postgres/lsn'
import { askSlot } from '../../lib/postgres/upstream'
import { type Progress, walFileNames } from '../../lib/postgres/wal-receiver'
import { timelineAt } from '../../lib/postgres/wal-segments'
import { type Context } from './agent'
import { askPrimary, type PrimarySettings, primarySettings } from './ask-primary'
import { decideFollow, type Finding, type FollowFacts, type FollowPlan, isStuck } from './decide-follow'
import { compareStanding, readRefusal } from './decide-obstacle'
import { knowsDegraded } from './degraded'
import { readFollowNote } from './follow-note'
import { findMissingWal } from './missing-wal'
import { requireLatest } from './rejoin'
import { type ReplicatedSite } from './site'
import { slotName } from './slot-names'

/** How long the primary may take to answer: this node may be about to be promoted, which waits for the monitor. */
const ASK_MS = 15_000
const CONNECT_SECONDS = '2'

async function find(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  { received, replayed }: Progress,
): Promise<Finding> {
  const deadline = context.deadline.within(ASK_MS)
  const mine = await controlDataOf(site.instance, deadline)
  const names = await walFileNames(connection, version)
  const settings = primarySettings(site, context.values)
  let primary
  try {
    primary = await askPrimary(context, site, settings, deadline, CONNECT_SECONDS)
    await requireLatest(context, site, primary)
  } catch (error) {
    const message = messageOf(error)
    return { kind: readRefusal(message) === undefined ? 'unanswered' : 'refused', message }
  }
  const end = laterLsn(received, replayed)
  const followed = end === undefined ? undefined : timelineAt(names, end, mine.walSegmentSize)
  const found = compareStanding({ ...mine, received, replayed, followed }, primary)
  if (found.kind !== 'fits') return found
  const missing =
    found.need && (await findMissingWal(context, site, mine, found.need, primary, settings, deadline))
  return missing ?? (await findSlotTrouble(context, site, settings, deadline)) ?? { kind: 'none' }
}

/** Whether the primary refuses the slot of this standby. */
async function findSlotTrouble(
  { values }: Context,
  site: ReplicatedSite,
  settings: PrimarySettings,
  deadline: Deadline,
): Promise<Finding | undefined> {
  if (site.slotPrefix === '') return undefined
  const slot = slotName(site.slotPrefix, site.node)
  const { instance, tmpdir } = site
  const trouble = await askSlot(instance, settings, slot, values.psql, tmpdir, deadline, CONNECT_SECONDS)
  return trouble && { kind: 'no slot', slot, trouble }
}

/**
 * @param primary - the node on which the primary runs
 * @param progress - of this standby, which receives nothing
 */
export async function follow(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  primary: string,
  dataStatus: string | undefined,
  progress: Progress,
): Promise<{ readonly facts: FollowFacts; readonly plan: FollowPlan }> {
  const { values, env, log, explain } = context
  const { received, replayed } = progress
  const now = { primary, received, replayed }
  const note = readFollowNote(site)
  // By hand, nobody wants to ask twice.
  const asks = explain !== undefined || isStuck(now, note)
  const facts: FollowFacts = {
    resource: site.resource,
    node: site.node,
    now,
    note,
    finding: asks ? await find(context, site, version, connection, progress).catch(unanswered) : undefined,
    dataStatus,
    rejoin: values.rejoin,
    knowsDegraded: knowsDegraded(env.featureSet),
    user: values.repuser,
    masterIp: values.master_ip,
    owner: site.instance.owner.name,
  }
  const plan = decideFollow(facts)
  if (plan.info !== undefined) log.info(plan.info)
  if (plan.warning !== undefined) log.warning(plan.warning)
  return { facts, plan }
}

/** What could not be found out is no proof of anything. */
function unanswered(error: unknown): Finding {
  return { kind: 'unanswered', message: messageOf(error) }
}
