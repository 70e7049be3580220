/** What `ocf-ts pause` does. */
import { lookAtCluster } from '../cluster/view'
import { waitUntil } from '../cluster/wait'
import { Exit } from '../exit'
import { Interruption } from '../interrupt'
import { type Terminal } from '../terminal'
import { isPaused, setPaused } from './mode'
import { answeredBy } from './monitors'

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
      const patience = { seconds: SETTLE_SECONDS, interruption }
      await waitUntil('the actions and monitors that were under way have ended', patience, async () => {
        const { status, xml } = await lookAtCluster()
        const watched = answeredBy(xml, 'monitors')
        const active = status.resources.filter((resource) => resource.active)
        const ended = active.every(({ managed }) => !managed)
        const busy = status.resources.some(({ pending }) => pending !== undefined)
        // One that still runs would notice what is done from now on, and count it as a failure.
        const watches = active.some(({ id, node }) => watched.includes(`${id} on ${node ?? ''}`))
        return (ended && !busy && !watches) || undefined
      })
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
