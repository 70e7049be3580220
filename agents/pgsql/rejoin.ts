/** Comparing this node's data with the primary's, while its server does not run. */
import { setTimeout as sleep } from 'node:timers/promises'
import { takeSnapshot } from '../../lib/cluster/snapshot'
import { type Deadline, ExitCode, OcfError } from '../../lib/ocf'
import { type ControlData, controlDataOf, wasStandby } from '../../lib/postgres/control-data'
import { type Upstream } from '../../lib/postgres/upstream'
import { bytesFrom, hasRecordsFrom } from '../../lib/postgres/wal-records'
import { type Context } from './agent'
import { askPrimary, type PrimarySettings, primarySettings } from './ask-primary'
import { findFork, type Loss } from './decide-rejoin'
import { findMissingNext } from './missing-wal'
import { latestPromotion } from './promotions'
import { type Site } from './site'

/** The address of a primary that has just been promoted comes a moment later. */
const REACH_MS = 10_000
const POLL_MS = 250

/**
 * Sees that the server which answers at `master_ip` is the one that was promoted last: a primary that was away holds the
 * address still when it is back, and its data is not to replace anything.
 */
export async function requireLatest(
  { deadline }: Context,
  site: Site,
  { timeline }: Upstream,
): Promise<void> {
  const latest = latestPromotion(await takeSnapshot(deadline), site.resource)
  if (latest.number === 0 || latest.timeline === timeline) return
  const expected =
    latest.timeline === undefined ? 'has not said which it writes' : `writes timeline ${latest.timeline}`
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `the server at master_ip is on timeline ${timeline}, and the primary (${latest.node}) ${expected}`,
  )
}

/** Asks the primary, and again while it cannot be reached. */
export async function reachPrimary(
  context: Context,
  site: Site,
  settings: PrimarySettings = primarySettings(site, context.values),
): Promise<Upstream> {
  const { deadline } = context
  const patience = deadline.within(REACH_MS)
  for (;;) {
    try {
      const upstream = await askPrimary(context, site, settings, deadline)
      await requireLatest(context, site, upstream)
      return upstream
    } catch (error) {
      if (patience.passed) throw error
      await sleep(POLL_MS)
    }
  }
}

/** Whether there is WAL on this node that the primary does not have. */
async function lossOf(
  site: Site,
  mine: ControlData,
  primary: Upstream,
  { locked, restartOnPromote }: { readonly locked: boolean; readonly restartOnPromote: boolean },
  deadline: Deadline,
): Promise<Loss> {
  const { instance } = site
  const { timeline, checkpoint } = mine
  const fork = findFork(mine, primary)
  if (fork.kind === 'another database') return fork
  if (fork.kind === 'unknown timeline') return { ...fork, timeline, primaryTimeline: primary.timeline }
  if (fork.kind === 'shared') {
    const followed = !locked || (wasStandby(mine) && !restartOnPromote)
    return followed ? { kind: 'nothing' } : { kind: 'same timeline', timeline }
  }
  // Before its latest checkpoint a server may have removed WAL: what is not found there says nothing.
  if (checkpoint < fork.end && !(await hasRecordsFrom(instance, timeline, fork.end, deadline))) {
    return { kind: 'nothing' }
  }
  const bytes = await bytesFrom(instance, timeline, fork.end, deadline)
  return { kind: 'diverged', timeline, fork: fork.end, bytes }
}

/**
 * What would be given up if this node followed the primary.
 *
 * @param locked - it was primary itself
 * @throws OcfError when the primary cannot be asked, or this node's own data does not say
 */
export async function compareWithPrimary(context: Context, site: Site, locked: boolean): Promise<Loss> {
  const { deadline } = context
  const mine = await controlDataOf(site.instance, deadline)
  const settings = primarySettings(site, context.values)
  const primary = await reachPrimary(context, site, settings)
  const loss = await lossOf(
    site,
    mine,
    primary,
    { locked, restartOnPromote: context.values.restart_on_promote },
    deadline,
  )
  if (loss.kind !== 'nothing') return loss
  const { timeline, recoveryEnd } = mine
  const { flushed } = primary
  if (timeline === primary.timeline && recoveryEnd && flushed !== undefined && recoveryEnd > flushed) {
    return { kind: 'diverged', timeline, fork: flushed, bytes: undefined }
  }
  return (await findMissingNext(context, site, mine, primary, settings)) ?? loss
}
