/** Waiting for the cluster to become what it was told to. */
import { parseStatus, type ClusterStatus } from '../../lib/cluster/status'
import { messageOf } from '../../lib/ocf'
import { CommandError, Exit } from '../exit'
import { type Interruption } from '../interrupt'
import { runTool } from './change'

const POLL_MS = 200

/** How this node sees the cluster now. */
export async function readStatus(local: string): Promise<ClusterStatus> {
  return parseStatus(local, await runTool('crm_mon', '-Afr1', '--output-as=xml'))
}

export interface Patience {
  readonly local: string
  readonly seconds: number
  readonly interruption: Interruption
}

/**
 * Asks until there is an answer other than undefined; that pacemaker does not answer for a moment changes nothing.
 *
 * @param what - is waited for, in the error
 * @throws CommandError TROUBLE when the time is up, or a signal came
 */
export async function waitUntil<T>(
  what: string,
  { seconds, interruption }: Omit<Patience, 'local'>,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    interruption.check()
    let trouble = ''
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      if (error instanceof TypeError) throw error
      trouble = `: ${messageOf(error)}`
    }
    if (performance.now() >= end)
      throw new CommandError(Exit.TROUBLE, `waited ${seconds} s without success: ${what}${trouble}`)
    await interruption.pause(POLL_MS)
  }
}

/** As `waitUntil`, for what crm_mon shows. */
export function waitForStatus(
  what: string,
  patience: Patience,
  holds: (status: ClusterStatus) => boolean,
): Promise<ClusterStatus> {
  return waitUntil(what, patience, async () => {
    const status = await readStatus(patience.local)
    return holds(status) ? status : undefined
  })
}
