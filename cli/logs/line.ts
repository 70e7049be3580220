/** The lines of the cluster's logs: what they say, and which of them a person wants to read first. */

export type Source = 'pacemaker' | 'agent' | 'postgresql'
export type Level = 'error' | 'warning' | 'notice' | 'info'

export interface LogLine {
  /** Milliseconds since 1970, by the clock of the node. */
  readonly at: number
  readonly source: Source
  /** The daemon, the resource, or PostgreSQL's user and database. */
  readonly who: string
  readonly level: Level
  readonly text: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const LEVELS: Readonly<Record<string, Level | undefined>> = {
  emerg: 'error',
  alert: 'error',
  crit: 'error',
  error: 'error',
  panic: 'error',
  fatal: 'error',
  warning: 'warning',
  warn: 'warning',
  notice: 'notice',
}

const levelOf = (word: string): Level => LEVELS[word.toLowerCase()] ?? 'info'

/** The date of a line that does not tell its year: the latest one that is not in the future. */
function withoutYear(month: string, day: string, time: string, now: Date): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number)
  const inYear = (year: number): number =>
    new Date(year, MONTHS.indexOf(month), Number(day), hours, minutes).getTime() + seconds * 1000
  const thisYear = inYear(now.getFullYear())
  const DAY = 24 * 3600_000
  return thisYear > now.getTime() + DAY ? inYear(now.getFullYear() - 1) : thisYear
}

/** A line of a daemon of pacemaker 2: `Nov 23 23:24:44.549 node1 pacemaker-attrd [69] (function) notice: text | more`. */
function readDaemonLine(line: string, now: Date): LogLine | undefined {
  const match =
    /^([A-Z][a-z]{2}) +(\d+) (\d\d:\d\d:\d\d(?:\.\d+)?) \S+ ([\w-]+) *\[\d+\] \([^)]*\)\s+(\w+): (.*)$/s.exec(
      line,
    )
  const [, month = '', day = '', time = '', who = '', level = '', text = ''] = match ?? []
  if (!match) return undefined
  const said = text.split(' | ')[0] ?? text
  return {
    at: withoutYear(month, day, time, now),
    source: 'pacemaker',
    who,
    level: levelOf(level),
    text: said,
  }
}

/** A line of an agent: `pgsql(pgsql)[1734]: 2026/11/23_23:24:45 INFO: text`. */
function readAgentLine(line: string): LogLine | undefined {
  const match = /^[\w.-]+\(([^)]+)\)\[\d+\]:\s+(\d{4})\/(\d\d)\/(\d\d)_(\d\d:\d\d:\d\d)\s+(\w+): (.*)$/s.exec(
    line,
  )
  const [, who = '', year = '', month = '', day = '', time = '', level = '', text = ''] = match ?? []
  if (!match) return undefined
  const at = new Date(`${year}-${month}-${day}T${time}`).getTime()
  return { at, source: 'agent', who, level: levelOf(level), text }
}

/** @param now - of the node, for lines that do not tell their year */
export function readClusterLine(line: string, now: Date): LogLine | undefined {
  return readDaemonLine(line, now) ?? readAgentLine(line)
}

/** @param now - as for `readClusterLine` */
export function* readClusterLog(lines: Iterable<string>, now: Date): Generator<LogLine> {
  for (const each of lines) {
    const line = readClusterLine(each, now)
    if (line) yield line
  }
}

/** Who says what the server's own processes do. */
const SERVER = 'postgres'
/** Who says it where the prefix does not name a user. */
const CLIENT = 'client'

const SEVERITY = 'LOG|FATAL|PANIC|ERROR|WARNING|NOTICE|INFO|DEBUG\\d?'
const MORE = 'HINT|DETAIL|STATEMENT|CONTEXT|QUERY|LOCATION'
const IS_MORE = new RegExp(`^(?:${MORE})$`)
const WITH_LEVEL = new RegExp(`^(.*?)\\b(${SEVERITY}|${MORE}): {1,2}(.*)$`, 's')
const ANOTHER_LEVEL = new RegExp(`\\b(?:${SEVERITY}|${MORE}): {2}`)
const NOT_SHOWN = /^(?:NOTICE|INFO|DEBUG)/

/** A line with the time at its beginning: what stands behind time and process, as `[1204] user@database LOG:  text`. */
interface TimedLine {
  readonly at: number
  readonly pid: string
  readonly prefix: string
  /** Nothing where the line ends within its prefix. */
  readonly level: string | undefined
  readonly text: string
}

/**
 * As `log_line_prefix` of Debian (`%m [%p] %q%u@%d `) and the default (`%m [%p] `) have it. Of a time zone that is not
 * UTC only the server knows what it means: it is taken for the node's own.
 */
function readTimedLine(line: string): TimedLine | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([A-Z]+|[+-]\d\d(?::?\d\d)?) (?:\[(\d+)\] ?)?(.*)$/s.exec(
      line,
    )
  const [, date = '', time = '', zone = '', pid = '', rest = ''] = match ?? []
  if (!match) return undefined
  const [, prefix = '', level, text = ''] = WITH_LEVEL.exec(rest) ?? []
  const at = new Date(`${date}T${time}${/^(?:UTC|GMT|Z)$/.test(zone) ? 'Z' : ''}`).getTime()
  return { at, pid, prefix, level, text }
}

/**
 * Who said it. The server's own processes have no user and no database; both are names that a client may choose before
 * it is let in, with line breaks and levels in them: an `@`, or a second level, may be the rest of such a prefix.
 */
function speakerOf({ pid, prefix, text }: TimedLine, level: Level): string {
  const isOwn = pid !== '' && (prefix === '' || prefix === '@ ') && !text.includes('@')
  // A standby quotes what its primary answered.
  if (isOwn && (level === 'error' || !ANOTHER_LEVEL.test(text))) return SERVER
  return prefix.includes('@') && prefix !== '@ ' ? prefix.trim() : CLIENT
}

/**
 * PostgreSQL's lines, each with who said it: `postgres` is the server itself. The lines behind one may tell that it was
 * a client: a statement of the same process (RAISE LOG), or the rest of a prefix with a line break in it.
 */
export function* readServerLog(lines: Iterable<string>): Generator<LogLine> {
  let held: { readonly pid: string; readonly line: LogLine } | undefined
  /** The line before this one ended within its prefix. */
  let isCut = false
  const byClient = (): void => {
    if (held?.line.who === SERVER) held = { ...held, line: { ...held.line, who: CLIENT } }
  }
  for (const each of lines) {
    const timed = readTimedLine(each)
    if (timed === undefined) {
      // The server indents the further lines of a text.
      if (!each.startsWith('\t') && (each.startsWith('@') || ANOTHER_LEVEL.test(each))) byClient()
      continue
    }
    const { at, pid, level: word, text } = timed
    if (word !== undefined && IS_MORE.test(word) && pid === held?.pid) {
      if (word === 'STATEMENT') byClient()
      continue
    }
    if (held) yield held.line
    held = undefined
    if (word !== undefined && !NOT_SHOWN.test(word) && !IS_MORE.test(word)) {
      const level = levelOf(word)
      // The rest of a prefix has the level of its line in itself, or in the line behind it; the server's own has not.
      const who = isCut && ANOTHER_LEVEL.test(text) ? CLIENT : speakerOf(timed, level)
      held = { pid, line: { at, source: 'postgresql', who, level, text } }
    }
    isCut = word === undefined
  }
  if (held) yield held.line
}

/** What is of interest of pacemaker's lines, by their text. */
const OF_PACEMAKER: readonly RegExp[] = [
  /^Node \S+ state is now /,
  /^Quorum (?:acquired|lost)/,
  /^Actions: (?!Leave|Reload)/,
  /^Result of (?!monitor|notify|probe|meta-data)\w+ operation for /,
  // A monitor that succeeds says so once; one that fails is what a failover begins with.
  /^Result of monitor operation for \S+ on \S+: (?!(?:ok|promoted|cancelled)$)/i,
  /^(?:Requesting fencing|Operation '\w+'|Fencing |Will shut down|Shutting down|Starting Pacemaker \d|Peer \S+ was )/,
  /^Setting (?:fail-count-|[\w.-]+-(?:status|data-status|refused|waiting|rejoin)\[|master-)/,
]

/** Warnings that tell nothing of what happened. */
const NO_NEWS = /^(?:Blind faith|High CPU load|No template or tag|Ignoring constraint|No on-disk digest)/

const OF_POSTGRESQL =
  /^(?:starting PostgreSQL|database system |received (?:\w+ )?(?:shutdown|promote) request|selected new timeline|archive recovery complete|started streaming|terminating any other|server process .* was terminated|(?:all server processes|requested) |standby ".*" is now |invalid record|entering standby|could not (?:connect to|receive data from) )/

/** Of a client that is turned away there are many, and of a standby's that retries. */
const OF_CLIENTS =
  /^(?:the database system is |terminating connection|connection to client lost|sorry, too many)/

/** Whether a line belongs to what a person wants to read first. */
export function matters({ source, who, level, text }: LogLine): boolean {
  switch (source) {
    case 'agent':
      return true
    case 'pacemaker':
      if (NO_NEWS.test(text)) return false
      return OF_PACEMAKER.some((pattern) => pattern.test(text)) || level === 'warning' || level === 'error'
    case 'postgresql':
      return (who === SERVER && OF_POSTGRESQL.test(text)) || (level === 'error' && !OF_CLIENTS.test(text))
  }
}
