/**
 * How long writes stand still after kill -9 of the primary's postgres.
 *
 * Most of it is luck: pacemaker looks at the primary every two seconds, and a kill right after a look is noticed
 * two seconds later than one right before it. So that luck does not decide, the rounds' kills are spread evenly
 * over the time from one look to the next, the same way for both kinds of agents: a stratified sample of all
 * moments at which a server can die. That time is measured before every kill, because pacemaker counts its two
 * seconds from the end of a monitor, and a slow monitor makes it longer.
 */
import { type Lab, monotonicMs, type WriteLoad } from '../../../test/cluster/lab'
import { pause } from '../../../test/cluster/lab/wait'
import { bringBack, isInSync, serves } from '../replication'
import { nextMonitorStart } from './actions'
import { waitIdle } from './calm'
import { readTimeline, type Timeline } from './timeline'

export interface Round {
  readonly primary: string
  /** Milliseconds from one look at the primary to the next. */
  readonly periodMs: number
  /** When in it the kill fell: 0 right after a monitor began, 1 right before the next. */
  readonly phase: number
  readonly outageMs: number
  readonly acknowledged: number
  readonly timeline: Timeline
}

const PRIMARY_MONITOR = { agent: 'pgsql', resource: 'pgsql', intervalMs: 2000 } as const

/**
 * Kills the primary again and again, and brings it back each time as the document's chapter 5.3 does, so that the
 * nodes swap their parts. Fails when a single acknowledged row is missing.
 */
export async function measureOutages(
  lab: Lab,
  options: { readonly rounds: number; readonly onStep: (text: string) => void },
): Promise<readonly Round[]> {
  const { rounds, onStep } = options
  const results: Round[] = []
  let [primary = '', standby = ''] = lab.record.nodes
  for (let index = 0; index < rounds; index += 1) {
    const which = `round ${index + 1} of ${rounds}`
    const tell = (text: string): void => {
      onStep(`${which}: ${text}`)
    }
    results.push(await playRound(lab, { primary, standby, phase: (index + 0.5) / rounds }, tell))
    ;[primary, standby] = [standby, primary]
    if (index + 1 < rounds) await bringBack(lab, { primary, returning: standby }, tell)
  }
  return results
}

interface Plan {
  readonly primary: string
  readonly standby: string
  readonly phase: number
}

async function playRound(lab: Lab, plan: Plan, tell: (text: string) => void): Promise<Round> {
  const { primary, standby, phase } = plan
  tell('wait until the cluster is calm')
  await lab.waitFor(`${standby} is in sync with ${primary}`, isInSync(primary, standby))
  await waitIdle(lab)
  tell('write')
  const load = await lab.startWriteLoad()
  try {
    await load.waitForMore(100)
    tell(`kill -9 on ${primary}`)
    const { periodMs, killed } = await killAtPhase(lab, primary, phase)
    tell(`wait for ${standby}`)
    await load.waitForMore(50, { timeoutMs: 180_000 })
    await lab.waitFor(`${standby} is the primary and has the addresses`, serves(standby))
    const { outage, acknowledged } = await load.stop()
    if (outage.fromMs > killed.atMs + 100 || outage.toMs < killed.atMs) {
      throw new Error(`the longest outage, ${outage.ms} ms, is not the one after the kill`)
    }
    await loseNothing(lab, load, standby)
    return {
      primary,
      periodMs,
      phase,
      outageMs: outage.ms,
      acknowledged: acknowledged.length,
      timeline: readTimeline(lab, { dead: primary, survivor: standby }, killed.date),
    }
  } finally {
    await load.stop()
  }
}

async function killAtPhase(lab: Lab, primary: string, phase: number) {
  const node = lab.node(primary)
  const first = await nextMonitorStart(node, PRIMARY_MONITOR)
  const second = await nextMonitorStart(node, PRIMARY_MONITOR)
  const periodMs = second - first
  await pause(second + phase * periodMs - monotonicMs())
  const killed = { atMs: monotonicMs(), date: Date.now() }
  if (node.killPostgres() === 0) throw new Error(`no postgres runs on ${primary}`)
  return { periodMs, killed }
}

async function loseNothing(lab: Lab, load: WriteLoad, survivor: string): Promise<void> {
  const lost = await load.lostRows(lab.node(survivor))
  if (lost.length === 0) return
  throw new Error(
    `ROWS WERE LOST: ${lost.length} acknowledged rows are not on ${survivor}: ${lost.join(' ')}`,
  )
}
