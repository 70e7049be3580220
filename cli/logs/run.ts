/** What `ocf-ts logs` does. */
import { sameNode } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { shownLine } from '../../lib/ocf/output'
import { type ClusterView, databasesOf, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { askTool } from '../nodes/answer'
import { type Terminal } from '../terminal'
import { type Level } from './line'
import { gatherOwnLogs, type OwnLogs, ownLogsForm } from './own-logs'
import { lastPromotion, readTime } from './span'
import { type Entry, mergeLines, type NodeLines } from './timeline'

export interface LogsFlags {
  readonly since?: string
  readonly until?: string
  readonly resource?: string
  readonly all?: true
  readonly json?: true
}

const TIMEOUT_MS = 30_000
/** Around the last promotion: how the primary was lost, and how the cluster came to rest again. */
const BEFORE_MS = 60_000
const AFTER_MS = 90_000

interface Span {
  readonly since: number
  readonly until: number
  /** What it is around. */
  readonly about: string
}

function chooseSpan({ xml, configuration }: ClusterView, flags: LogsFlags, now: Date): Span {
  const until = flags.until === undefined ? now.getTime() : readTime('--until', flags.until, now)
  if (flags.since !== undefined) {
    const since = readTime('--since', flags.since, now)
    if (since >= until) throw new CommandError(Exit.USAGE, `--since ${flags.since} is not before --until`)
    return { since, until, about: '' }
  }
  const resources =
    flags.resource === undefined ? databasesOf(configuration).map(({ id }) => id) : [flags.resource]
  const promotions = resources.flatMap((id) => lastPromotion(xml, id) ?? [])
  if (promotions.length === 0) {
    throw new CommandError(
      Exit.TROUBLE,
      'the cluster remembers no promotion since its nodes were started',
      'say what is wanted: --since 15m',
    )
  }
  const last = Math.max(...promotions)
  return { since: last - BEFORE_MS, until: last + AFTER_MS, about: 'around the last promotion' }
}

async function linesOf(
  view: ClusterView,
  node: string,
  resource: string | undefined,
  { since, until }: Span,
  all: boolean,
): Promise<NodeLines & Pick<OwnLogs, 'unknown'>> {
  if (sameNode(node, view.local)) {
    const { lines, unknown } = await gatherOwnLogs(resource, since, until, all)
    return { node, aheadMs: 0, lines, unknown }
  }
  const options = [
    ...(resource === undefined ? [] : ['--resource', resource]),
    ...['--since', String(since), '--until', String(until)],
    ...(all ? ['--all'] : []),
  ]
  const begun = Date.now()
  const { clock, lines, unknown } = await askTool(view, node, {
    args: ['node-logs', ...options],
    form: ownLogsForm,
    timeoutMs: TIMEOUT_MS,
  })
  const ended = Date.now()
  // It looked at its clock somewhere between the question and the answer.
  const outside = clock < begun ? clock - begun : clock > ended ? clock - ended : 0
  return { node, aheadMs: outside, lines, unknown }
}

const clockOf = (at: number): string => {
  const date = new Date(at)
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

function render(terminal: Terminal, entries: readonly Entry[]): readonly string[] {
  const { red, yellow, dim, cyan } = terminal.colours
  const colour: Readonly<Record<Level, (text: string) => string>> = {
    error: red,
    warning: yellow,
    notice: String,
    info: String,
  }
  const width = (of: (entry: Entry) => string): number =>
    entries.reduce((most, entry) => Math.max(most, shownLine(of(entry)).length), 0)
  const [nodes, names] = [width(({ node }) => node), width(({ who }) => who)]
  let day = ''
  return entries.flatMap((entry) => {
    const { at, node, who, level, text, times } = entry
    const today = new Date(at).toDateString()
    const head = today === day ? [] : [dim(`--- ${today}`)]
    day = today
    const again = times > 1 ? dim(` (${times} times)`) : ''
    return [
      ...head,
      `${dim(clockOf(at))}  ${cyan(shownLine(node).padEnd(nodes))}  ${shownLine(who).padEnd(names)}  ${colour[level](text)}${again}`,
    ]
  })
}

export async function logs(terminal: Terminal, flags: LogsFlags): Promise<Exit> {
  const view = await lookAtCluster()
  const span = chooseSpan(view, flags, new Date())
  const resource = flags.resource ?? databasesOf(view.configuration)[0]?.id
  const nodes = view.status.nodes.map(({ name }) => name)
  const missing: string[] = []
  const gathered = await Promise.all(
    nodes.map(async (node): Promise<NodeLines> => {
      try {
        const { unknown, ...own } = await linesOf(view, node, resource, span, flags.all === true)
        missing.push(...unknown.map((why) => `${node}: ${why}`))
        return own
      } catch (error) {
        missing.push(`${node}: ${messageOf(error)}`)
        return { node, aheadMs: 0, lines: [] }
      }
    }),
  )
  const entries = mergeLines(gathered)
  for (const why of missing) terminal.note(`not known: ${why}`)
  if (flags.json) {
    terminal.json({ since: span.since, until: span.until, entries, unknown: missing })
  } else if (entries.length > 0) {
    if (span.about !== '') terminal.line(terminal.colours.bold(span.about))
    terminal.lines(render(terminal, entries))
  } else {
    terminal.line('nothing was logged in that time')
  }
  return missing.length > 0 ? Exit.UNREACHABLE : Exit.OK
}
