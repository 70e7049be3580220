/** The nodes' logs as one: the lines that tell of roles, attributes, elections and servers, by time. */

export interface JournalLine {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly where: string
  readonly text: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** What of pacemaker's log is worth reading beside the agents' own lines. */
const TELLING = [
  /pacemaker-attrd.* Setting .*(?:pgsql|ping)/,
  /pacemaker-controld.* Result of (?:promote|demote|start|stop|monitor) operation for (?:pgsql|vip-)\S* on \S+: (?!Cancelled)/,
  /pacemaker-controld.* (?:Quorum|quorum|Our peer|is now (?:lost|member)|terminat|We were).*/,
  /pacemaker-based.* \+\+? .*(?:pgsql-data-status|pgsql-master)/,
  /pacemaker-fenced.* (?:fencing|Operation '|Requesting)/,
  /pacemakerd.* (?:Shutting down|Starting|respawn|terminated|Tracking)/,
  /pacemaker-schedulerd.* (?:Actions: .*(?:pgsql|vip-|Fence)|Choosing pgsql|cannot run anywhere)/,
  /ocf-exit-reason|\bpgsql\(pgsql\)/,
  /pgsql_(?:start|promote|demote|notify|stop|monitor)_\d+.* (?:ERROR|error)/,
]

const AGENT = /^(pgsql\([^)]*\)\[\d+\]):\s+(\d{4})\/(\d\d)\/(\d\d)_(\d\d):(\d\d):(\d\d) (.*)$/
const PACEMAKER = /^([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{3}))? \S+ +(\S+?) *\[\d+\] +(.*)$/

/** pacemaker.log, in which the agents write too. Their stamps hold no fractions: they keep their place in the file. */
export function readPacemakerLog(node: string, text: string, year: number): readonly JournalLine[] {
  let last = 0
  return text.split('\n').flatMap((line) => {
    const own = AGENT.exec(line)
    if (own) {
      const [, agent = '', y, month, day, hour, minute, second, said = ''] = own
      const stamp = new Date(
        +(y ?? 0),
        +(month ?? 1) - 1,
        +(day ?? 1),
        +(hour ?? 0),
        +(minute ?? 0),
        +(second ?? 0),
      )
      const atMs = stamp.getTime()
      // Written in the same second as the line before it, and after that.
      if (last >= atMs && last < atMs + 1000) return [{ atMs: last, where: node, text: `${agent} ${said}` }]
      return [{ atMs, where: node, text: `${agent} ${said}` }]
    }
    const found = PACEMAKER.exec(line)
    if (!found) return []
    const [, month = '', day, hour, minute, second, fraction, daemon = '', said = ''] = found
    last = new Date(
      ...([year, MONTHS.indexOf(month), +(day ?? 1), +(hour ?? 0), +(minute ?? 0), +(second ?? 0)] as const),
      +(fraction ?? 0),
    ).getTime()
    const told = `${daemon} ${said.replace(/^\([^)]*\)\s+/, '')}`
    return TELLING.some((pattern) => pattern.test(told)) ? [{ atMs: last, where: node, text: told }] : []
  })
}

const POSTGRES_TELLING =
  /synchronous_standby_names|new timeline|ready to accept|received promote|starting up|received fast shutdown|received immediate shutdown|is shut down|PANIC|was not properly|terminated by signal|invalid record|starting as|entering standby|consistent recovery|fork|started streaming|recovery target|archive recovery complete|primary_conninfo/

/** postgresql.log: its stamps are of the machine's own time zone, which is named in them. */
export function readPostgresLog(node: string, text: string): readonly JournalLine[] {
  return text.split('\n').flatMap((line) => {
    const found = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (\S+) (.*)$/.exec(line)
    const [, stamp = '', zone = '', said = ''] = found ?? []
    if (!found || !POSTGRES_TELLING.test(said) || said.includes('storm_')) return []
    const atMs = Date.parse(`${stamp.replace(' ', 'T')}${zone === 'UTC' || zone === 'GMT' ? 'Z' : ''}`)
    return [{ atMs, where: node, text: `postgres ${said.replace(/^\[\d+\] \S* ?/, '')}` }]
  })
}

/** corosync.log: who is a member with whom. */
export function readCorosyncLog(node: string, text: string, year: number): readonly JournalLine[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3}) \S+ +(.*)$/.exec(line)
    if (!found || !/A new membership|Members\[|quorum|Quorum|not scheduled/.test(line)) return []
    const [, month = '', day, hour, minute, second, fraction, said = ''] = found
    const atMs = new Date(
      ...([year, MONTHS.indexOf(month), +(day ?? 1), +(hour ?? 0), +(minute ?? 0), +(second ?? 0)] as const),
      +(fraction ?? 0),
    ).getTime()
    return [{ atMs, where: node, text: `corosync ${said}` }]
  })
}

/** Within this time the nodes note one and the same thing. */
const SAME_MS = 200

/** All lines of a time, sorted; lines of one moment keep their order. What several nodes note at once is one line. */
export function merge(
  journals: readonly (readonly JournalLine[])[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly JournalLine[] {
  const lines = journals
    .flat()
    .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    .sort((a, b) => a.atMs - b.atMs)
  const merged: JournalLine[] = []
  const latest = new Map<string, number>()
  for (const line of lines) {
    const place = latest.get(line.text)
    const same = place === undefined ? undefined : merged[place]
    if (place !== undefined && same && line.atMs - same.atMs <= SAME_MS && !same.where.includes(line.where)) {
      merged[place] = { ...same, where: `${same.where}+${line.where.replace(/^node/, '')}` }
    } else {
      latest.set(line.text, merged.length)
      merged.push(line)
    }
  }
  return merged
}

/** `07:45:44.123 node1 …` */
export function printLine({ atMs, where, text }: JournalLine): string {
  const at = new Date(atMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const stamp = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
  return `${stamp} ${where.padEnd(9)} ${text}`
}
