/** One round under write load: something happens to the primary, and writes go on somewhere. */
import { type Lab, type WriteLoad } from '../../../test/cluster/lab'
import { isInSync, serves } from '../replication'
import { waitIdle } from './calm'
import { readTimeline, type Timeline } from './timeline'

/** A moment, as `monotonicMs` and as `Date.now()` tell it. */
export interface Moment {
  readonly atMs: number
  readonly date: number
}

export interface Round {
  readonly primary: string
  readonly outageMs: number
  /** From what happened to the first row after the outage. */
  readonly resumedMs: number
  readonly acknowledged: number
  readonly timeline: Timeline
}

export interface Plan<T extends Moment> {
  readonly primary: string
  readonly standby: string
  /** Who serves afterwards. */
  readonly next: string
  /** What happens to the primary. */
  readonly trouble: () => Promise<T>
  readonly tell: (text: string) => void
}

/** The nodes share this machine's processors with whoever looks at them: it is to be little. */
const SELDOM_MS = 500

/**
 * Plays a round, and fails when a single acknowledged row is missing afterwards.
 *
 * @returns the round, and what `trouble` returned
 */
export async function playRound<T extends Moment>(lab: Lab, plan: Plan<T>): Promise<[Round, T]> {
  const { primary, standby, next, trouble, tell } = plan
  tell('wait until the cluster is calm')
  await lab.waitFor(`${standby} is in sync with ${primary}`, isInSync(primary, standby), {
    timeoutMs: 120_000,
  })
  await waitIdle(lab)
  tell('write')
  const load = await lab.startWriteLoad()
  try {
    await load.waitForMore(100)
    const moment = await trouble()
    tell(`wait for ${next}`)
    await lab.waitFor(`${next} is the primary and has the addresses`, serves(next), {
      timeoutMs: 180_000,
      intervalMs: SELDOM_MS,
    })
    await load.waitForMore(50, { timeoutMs: 180_000 })
    const { outage, acknowledged } = await load.stop()
    if (outage.toMs < moment.atMs) {
      throw new Error(`the longest outage, ${outage.ms} ms, is from before there was any trouble`)
    }
    await loseNothing(lab, load, next)
    const timeline = readTimeline(lab, { dead: primary, survivor: next }, moment.date)
    const resumedMs = outage.toMs - moment.atMs
    return [{ primary, outageMs: outage.ms, resumedMs, acknowledged: acknowledged.length, timeline }, moment]
  } finally {
    await load.stop()
  }
}

async function loseNothing(lab: Lab, load: WriteLoad, survivor: string): Promise<void> {
  const lost = await load.lostRows(lab.node(survivor))
  if (lost.length === 0) return
  throw new Error(
    `ROWS WERE LOST: ${lost.length} acknowledged rows are not on ${survivor}: ${lost.join(' ')}`,
  )
}
