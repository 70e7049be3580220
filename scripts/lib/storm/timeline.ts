/** The story of a violation: what the storm did, what the nodes wrote, and who acknowledged, in one row. */
import { existsSync, readFileSync } from 'node:fs'
import { type Lab } from '../../../test/cluster/lab'
import { type Event, timeOfDay } from './events'
import {
  type JournalLine,
  merge,
  printLine,
  readCorosyncLog,
  readPacemakerLog,
  readPostgresLog,
} from './journal'
import { type Reign } from './reigns'
import { isOutside } from './rows'

/** More of the time before and after what is to be explained. */
const MARGIN_MS = 5000
/** Between two rows of one server: more is told. */
const PAUSE_MS = 1000

/** The timeline of a time on the monotonic clock. */
export function timeline(
  lab: Lab,
  events: readonly Event[],
  reigns: readonly Reign[],
  window: { readonly fromMs: number; readonly toMs: number },
): readonly string[] {
  const own = events.map(({ atMs, text }) => ({ atMs: timeOfDay(atMs), where: 'STORM', text }))
  const span = { fromMs: timeOfDay(window.fromMs - MARGIN_MS), toMs: timeOfDay(window.toMs + MARGIN_MS) }
  return merge([own, reigns.flatMap(acknowledgements), ...logs(lab)], span).map(printLine)
}

function logs(lab: Lab): readonly (readonly JournalLine[])[] {
  const year = new Date().getFullYear()
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  return Object.entries(lab.logs()).flatMap(([node, { pacemaker, corosync, postgres }]) => [
    readPacemakerLog(node, read(pacemaker), year),
    readCorosyncLog(node, read(corosync), year),
    readPostgresLog(node, read(postgres)),
  ])
}

/** When a server acknowledged, told at the beginning and at the end of each time without a pause. */
export function acknowledgements({ server, timeline: line, rows }: Reign): readonly JournalLine[] {
  const ways = [rows.filter(isOutside), rows.filter((row) => !isOutside(row))]
  return ways.flatMap((own, index) => {
    const way = index === 0 ? 'through the address' : 'on the node itself'
    const sorted = [...own].sort((a, b) => a.endedMs - b.endedMs)
    let count = 0
    return sorted.flatMap((row, place) => {
      const before = sorted[place - 1]
      const after = sorted[place + 1]
      const begins = !before || row.endedMs - before.endedMs > PAUSE_MS
      const ends = !after || after.endedMs - row.endedMs > PAUSE_MS
      count = begins ? 1 : count + 1
      const told = (text: string): JournalLine => ({
        ...{ atMs: timeOfDay(row.endedMs), where: 'CLIENT' },
        text: `${server} on timeline ${line} acknowledges ${way}: ${text}`,
      })
      return [
        ...(begins ? [told(`row ${row.id} of ${row.writer}, the first`)] : []),
        ...(ends ? [told(`row ${row.id} of ${row.writer}, the last of ${count}`)] : []),
      ]
    })
  })
}
