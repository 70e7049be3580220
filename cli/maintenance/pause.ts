/** What `ocf-ts pause` does. */
import { lookAtCluster } from '../cluster/view'
import { waitForStatus } from '../cluster/wait'
import { Exit } from '../exit'
import { Interruption } from '../interrupt'
import { type Terminal } from '../terminal'
import { isPaused, setPaused } from './mode'

export interface PauseFlags {
  readonly json?: true
}

/** What is under way goes on to its end; an action has its own timeout, and is not waited for longer than this. */
const SETTLE_SECONDS = 60

export async function pause(terminal: Terminal, { json }: PauseFlags): Promise<Exit> {
  const view = await lookAtCluster()
  const already = isPaused(view)
  if (!already) {
    const interruption = new Interruption()
    try {
      await setPaused(true)
      const patience = { local: view.local, seconds: SETTLE_SECONDS, interruption }
      await waitForStatus('the actions that were under way have ended', patience, ({ resources }) =>
        resources.every(({ managed, active, pending }) => (!active || !managed) && pending === undefined),
      )
    } finally {
      interruption.release()
    }
  }
  if (json) terminal.json({ paused: true, already })
  else
    terminal.line(
      `${already ? 'the cluster is paused already' : 'the cluster is paused'}: it starts, stops and fails over nothing, and watches nothing, until 'ocf-ts resume'`,
    )
  return Exit.OK
}
