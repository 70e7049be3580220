/** How long writes stand still when a person moves the primary, and how soon the old one is in sync again. */
import { type Lab, monotonicMs } from '../../../test/cluster/lab'
import { bringBack, findParts, isInSync } from '../replication'
import { roundTeller } from './outage'
import { type Moment, playRound, type Round } from './round'

/** How the primary is moved. */
export interface Move {
  readonly begin: (primary: string) => readonly string[]
  /** Takes back what `begin` did. */
  readonly end: (primary: string) => readonly string[]
  /** Whether the old primary may run only after that. */
  readonly endFirst: boolean
}

const standby = (primary: string, ...change: string[]): readonly string[] => [
  ...['crm_standby', '--node', primary, '--lifetime', 'reboot', ...change],
]
const PROMOTED = ['crm_resource', '--resource', 'msPostgresql', '--promoted']

/** As `crm node standby`, and until the node starts again at most. */
export const BY_STANDBY: Move = {
  begin: (primary) => standby(primary, '--update', 'on'),
  end: (primary) => standby(primary, '--delete'),
  endFirst: true,
}

/** As `crm resource ban`, of the primary role alone: the server goes on as a standby at once. */
export const BY_BAN: Move = {
  begin: (primary) => [...PROMOTED, '--ban', '--node', primary],
  end: (primary) => [...PROMOTED, '--clear', '--node', primary],
  endFirst: false,
}

export type SwitchoverRound = Round & {
  /** From the command until the old primary is a synchronous standby; only where it comes back by itself. */
  readonly returnMs?: number
}

export interface Options {
  readonly move: Move
  readonly rounds: number
  /** Whether a person has to bring the old primary back. */
  readonly byHand: boolean
  readonly onStep: (text: string) => void
}

/** Moves the primary to and fro; the nodes swap their parts each time. */
export async function measureSwitchovers(lab: Lab, options: Options): Promise<readonly SwitchoverRound[]> {
  const { move, rounds, byHand, onStep } = options
  const results: SwitchoverRound[] = []
  let [primary, next] = await findParts(lab)
  for (let index = 0; index < rounds; index += 1) {
    const tell = roundTeller(onStep, index, rounds)
    const [old, node] = [primary, lab.node(next)]
    const trouble = async (): Promise<Moment> => {
      tell(`move the primary from ${old}`)
      const begun = { atMs: monotonicMs(), date: Date.now() }
      await node.must(move.begin(old))
      return begun
    }
    const [round, { atMs }] = await playRound(lab, { primary, standby: next, next, trouble, tell })
    ;[primary, next] = [next, primary]
    if (byHand) {
      await bringBack(lab, { primary, returning: next }, tell)
      results.push(round)
      continue
    }
    tell(`wait until ${old} is back`)
    if (move.endFirst) await node.must(move.end(old))
    await lab.waitFor(`${old} is in sync with ${primary}`, isInSync(primary, old), { timeoutMs: 120_000 })
    results.push({ ...round, returnMs: monotonicMs() - atMs })
    if (!move.endFirst) await node.must(move.end(old))
  }
  return results
}
