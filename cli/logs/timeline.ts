/** One timeline of the lines of all nodes. */
import { type LogLine } from './line'

export interface NodeLines {
  readonly node: string
  /** How far the node's clock is ahead of this one's, in milliseconds. */
  readonly aheadMs: number
  readonly lines: readonly LogLine[]
}

export interface Entry extends LogLine {
  readonly node: string
  /** How many times it was said in a row. */
  readonly times: number
}

/** What several nodes say of the same event is told within this time. */
const SAME_EVENT_MS = 1500

const SAID_BY_ALL = /^(?:Setting |Node \S+ state is now |Quorum )/

/**
 * Every node says that an attribute or a member has changed; only the first of them is heard. That is pacemaker's word: in
 * PostgreSQL's log any client writes the same.
 */
const isSaidByAll = ({ source, text }: LogLine): boolean => source === 'pacemaker' && SAID_BY_ALL.test(text)

/** Without what differs between two that mean the same. */
const meaning = (line: LogLine): string =>
  `${line.source} ${isSaidByAll(line) ? '' : line.who} ${line.text.replace(/\b\d+\b/g, '#')}`

function isEcho(entry: Entry, earlier: readonly Entry[]): boolean {
  if (!isSaidByAll(entry)) return false
  for (let index = earlier.length - 1; index >= 0; index -= 1) {
    const other = earlier[index]
    if (other === undefined || entry.at - other.at > SAME_EVENT_MS) return false
    if (other.source === entry.source && other.text === entry.text) return true
  }
  return false
}

/** All lines by time, by this node's clock; what is said again in a row stands once. */
export function mergeLines(nodes: readonly NodeLines[]): readonly Entry[] {
  const all = nodes
    .flatMap(({ node, aheadMs, lines }) =>
      lines.map((line): Entry => ({ ...line, at: line.at - aheadMs, node, times: 1 })),
    )
    .sort((a, b) => a.at - b.at)
  const merged: Entry[] = []
  for (const entry of all) {
    if (isEcho(entry, merged)) continue
    const last = merged.at(-1)
    if (last?.node === entry.node && meaning(last) === meaning(entry)) {
      merged[merged.length - 1] = { ...last, times: last.times + 1 }
    } else {
      merged.push(entry)
    }
  }
  return merged
}
