/** What `ocf-ts status` does. */
import { setTimeout as sleep } from 'node:timers/promises'
import { databasesOf, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { gatherFacts } from '../nodes/gather'
import { renderReport } from './render'
import { type DatabaseReport, makeReport, membersToAsk, type StatusReport } from './report'
import { findUpcoming } from './upcoming'
import { type Terminal } from '../terminal'

export interface StatusFlags {
  readonly json?: true
  /** Seconds between two looks; true for the default. */
  readonly watch?: number | true
}

const WATCH_SECONDS = 2

/** Everything `status` tells, now. */
export async function takeReport(): Promise<StatusReport> {
  const view = await lookAtCluster()
  const databases = databasesOf(view.configuration)
  const [upcoming, ...gathered] = await Promise.all([
    findUpcoming(),
    ...databases.map(
      async (database) =>
        [database.id, await gatherFacts(view, database, membersToAsk(view, database))] as const,
    ),
  ])
  return makeReport(view, Object.fromEntries(gathered), upcoming)
}

/** Whether a script may go on: a primary serves, nothing has failed or is blocked, and a failover now would lose nothing. */
export function isWell({ databases, failures, quorate }: StatusReport): boolean {
  const isWhole = ({ risk, members }: DatabaseReport): boolean =>
    risk.level === 'none' && !members.some(({ blocked }) => blocked)
  return quorate && failures.length === 0 && databases.every(isWhole)
}

async function watch(terminal: Terminal, seconds: number): Promise<Exit> {
  let ended = false
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      ended = true
      stop.abort()
    })
  }
  terminal.beginDrawing()
  try {
    for (;;) {
      const report = await takeReport().then(
        (now) => renderReport(terminal, now),
        (error: unknown) => {
          if (error instanceof CommandError) return [error.message]
          throw error
        },
      )
      // A signal may have come meanwhile; the compiler cannot know.
      if (ended as boolean) return Exit.OK
      const stamp = `ocf-ts status, every ${seconds} s, ${new Date().toTimeString().slice(0, 8)}`
      terminal.draw([stamp, '', ...report])
      await sleep(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined)
      if (ended as boolean) return Exit.OK
    }
  } finally {
    terminal.endDrawing()
  }
}

export async function status(terminal: Terminal, flags: StatusFlags): Promise<Exit> {
  if (flags.watch !== undefined) {
    return watch(terminal, flags.watch === true ? WATCH_SECONDS : flags.watch)
  }
  const report = await takeReport()
  if (flags.json) terminal.json(report)
  else terminal.lines(renderReport(terminal, report))
  return isWell(report) ? Exit.OK : Exit.TROUBLE
}
