/**
 * How long writes stand still after kill -9 of the primary's postgres.
 *
 * Most of it is luck: pacemaker looks at the primary every two seconds, and a kill right after a look is noticed
 * two seconds later than one right before it. So that luck does not decide, the rounds' kills are spread evenly
 * over the time from one look to the next, the same way for both kinds of agents: a stratified sample of all
 * moments at which a server can die. That time is measured before every kill, because pacemaker counts its two
 * seconds from the end of a monitor, and a slow monitor makes it longer.
 */
import { type Lab, monotonicMs } from '../../../test/cluster/lab'
import { pause } from '../../../test/cluster/lab/wait'
import { bringBack, findParts } from '../replication'
import { nextMonitorStart } from './actions'
import { type Moment, playRound, type Round } from './round'

export interface Kill extends Moment {
  /** Milliseconds from one look at the primary to the next. */
  readonly periodMs: number
  /** When in it the kill fell: 0 right after a monitor began, 1 right before the next. */
  readonly phase: number
}

export type KillRound = Round & Pick<Kill, 'periodMs' | 'phase'>

export interface Options {
  readonly rounds: number
  readonly onStep: (text: string) => void
}

const PRIMARY_MONITOR = { agent: 'pgsql', resource: 'pgsql', intervalMs: 2000 } as const

/**
 * Kills the primary again and again, and brings it back each time as the document's chapter 5.3 does, so that the
 * nodes swap their parts.
 */
export async function measureOutages(lab: Lab, { rounds, onStep }: Options): Promise<readonly KillRound[]> {
  const results: KillRound[] = []
  let [primary, standby] = await findParts(lab)
  for (let index = 0; index < rounds; index += 1) {
    const tell = roundTeller(onStep, index, rounds)
    const phase = (index + 0.5) / rounds
    results.push(await playKill(lab, { primary, standby, next: standby, tell }, phase))
    ;[primary, standby] = [standby, primary]
    if (index + 1 < rounds) await bringBack(lab, { primary, returning: standby }, tell)
  }
  return results
}

/**
 * Kills the primary again and again where the cluster allows it more than one failure, so that it is recovered
 * where it is. Leaves the cluster with the threshold it came with.
 */
export async function measureInPlace(lab: Lab, { rounds, onStep }: Options): Promise<readonly KillRound[]> {
  const [primary, standby] = await findParts(lab)
  const node = lab.node(primary)
  const threshold = ['crm_resource', '--resource', 'msPostgresql', '--meta']
  await node.must([...threshold, '--set-parameter', 'migration-threshold', '--parameter-value', '3'])
  const results: KillRound[] = []
  for (let index = 0; index < rounds; index += 1) {
    const tell = roundTeller(onStep, index, rounds)
    results.push(await playKill(lab, { primary, standby, next: primary, tell }, (index + 0.5) / rounds))
    await node.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
  }
  await node.must([...threshold, '--delete-parameter', 'migration-threshold'])
  return results
}

export function roundTeller(
  onStep: (text: string) => void,
  index: number,
  rounds: number,
): (text: string) => void {
  return (text) => {
    onStep(`round ${index + 1} of ${rounds}: ${text}`)
  }
}

interface Sides {
  readonly primary: string
  readonly standby: string
  readonly next: string
  readonly tell: (text: string) => void
}

async function playKill(lab: Lab, sides: Sides, phase: number): Promise<KillRound> {
  const trouble = async (): Promise<Kill> => {
    sides.tell(`kill -9 on ${sides.primary}`)
    return killAtPhase(lab, sides.primary, phase)
  }
  const [round, { periodMs }] = await playRound(lab, { ...sides, trouble })
  return { ...round, periodMs, phase }
}

/** Kills all of a node's PostgreSQL at a certain moment between two looks at it. */
export async function killAtPhase(lab: Lab, primary: string, phase: number): Promise<Kill> {
  const node = lab.node(primary)
  const first = await nextMonitorStart(node, PRIMARY_MONITOR)
  const second = await nextMonitorStart(node, PRIMARY_MONITOR)
  const periodMs = second - first
  await pause(second + phase * periodMs - monotonicMs())
  const killed = { atMs: monotonicMs(), date: Date.now() }
  if (node.killPostgres() === 0) throw new Error(`no postgres runs on ${primary}`)
  return { ...killed, periodMs, phase }
}
