/** What this node's logs say of a while: the internal command `node-logs`, which the others call. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { resourceEnvironment } from '../../lib/cluster/resource-environment'
import { Deadline, messageOf } from '../../lib/ocf'
import { jsonText } from '../../lib/ocf/printable'
import { ROOT } from '../../lib/system/held-directory'
import { type FileStats } from '../../lib/system/files'
import { readOwnedPart } from '../../lib/system/owned-files'
import { type Part, type ReadFile } from '../../lib/system/regular-file'
import { type Form, list, oneOf, record } from '../../lib/system/state-file'
import { findUser, isRoot, type User } from '../../lib/system/users'
import { moment, words } from '../nodes/answer'
import { type LogLine, matters, readClusterLog, readServerLog } from './line'

export interface OwnLogs {
  /** The node's clock, in milliseconds since 1970. */
  readonly clock: number
  readonly lines: readonly LogLine[]
  /** Where they are from. */
  readonly files: readonly string[]
  /** What could not be read, and why. */
  readonly unknown: readonly string[]
}

/** What another node answers. */
export const ownLogsForm: Form<OwnLogs> = record({
  clock: moment,
  lines: list<LogLine>(
    record({
      at: moment,
      source: oneOf('pacemaker', 'agent', 'postgresql'),
      who: words,
      level: oneOf('error', 'warning', 'notice', 'info'),
      text: words,
    }),
    1_000_000,
  ),
  files: list(words),
  unknown: list(words),
})

/** Of a file that is larger than this, only the end is looked at. */
const MOST_BYTES = 64 * 1024 * 1024

/** Of a longer line only so many characters: any client of the server writes one of any length. */
const MOST_TEXT = 8000

/** What is told in all, in characters of JSON: an answer of another node's is limited (run-program.ts). */
const MOST_TOLD = 48 * 2 ** 20
/** Of a line, what stands around it. */
const LINE_COST = 150

/** How long it may take to look the account of the server up. */
const ACCOUNT_MS = 5000

/** What a daemon's file of settings gives a variable. */
function setting(name: string): string | undefined {
  for (const file of ['/etc/default/pacemaker', '/etc/sysconfig/pacemaker']) {
    if (!existsSync(file)) continue
    const [, value] = new RegExp(`^\\s*${name}=["']?([^"'\\s#]+)`, 'm').exec(readFileSync(file, 'utf8')) ?? []
    if (value !== undefined) return value
  }
  return undefined
}

function clusterLogs(): readonly string[] {
  const file = setting('PCMK_logfile') ?? '/var/log/pacemaker/pacemaker.log'
  return [`${file}.1`, file, '/var/log/pacemaker.log', '/var/log/ha-log']
}

/** Where PostgreSQL writes: the agent's logfile, Debian's directory, and what the server itself collects. */
function serverLogs(parameters: Readonly<Record<string, string>>): readonly string[] {
  const directories = ['/var/log/postgresql', join(parameters['OCF_RESKEY_pgdata'] ?? '/nowhere', 'log')]
  const collected = directories.flatMap((directory) => {
    try {
      return readdirSync(directory)
        .filter((name) => /\.log(?:\.1)?$/.test(name))
        .map((name) => join(directory, name))
    } catch {
      return []
    }
  })
  const logfile = parameters['OCF_RESKEY_logfile'] ?? ''
  return logfile === '' || logfile === '/dev/null' ? collected : [logfile, ...collected]
}

/** The part of a log that is to be read; nothing of one that is not. */
type Wanted = (stat: FileStats) => Part | undefined

/** Reads a log as its account may; nothing where there is none, or nothing of it is wanted. */
type Read = (path: string, wanted: Wanted) => ReadFile | undefined

/** Of the cluster's daemons: what lies there is read, and no link to anything else. */
const readOfCluster: Read = (path, wanted) => readOwnedPart(ROOT, path, wanted)

/** Of the server: what its account may read, wherever that is; otherwise what lies there. */
function serverLogReader(owner: User | undefined): Read {
  return (path, wanted) => {
    if (owner === undefined || !isRoot()) return readOwnedPart(ROOT, path, wanted, { links: !isRoot() })
    try {
      return readOwnedPart(owner, path, wanted, { links: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
      return readOwnedPart(ROOT, path, wanted)
    }
  }
}

const endOf = ({ size }: FileStats): Part => ({
  position: Math.max(0, size - MOST_BYTES),
  length: Math.min(size, MOST_BYTES),
})

/** A line that tells its time in whole seconds was written after the one before it. */
function withinSecond(at: number, last: number): number {
  return at % 1000 === 0 && last > at && last < at + 1000 ? last : at
}

/** What is reported of a line. */
function shortened(line: LogLine): LogLine {
  const { length } = line.text
  if (length <= MOST_TEXT) return line
  return { ...line, text: `${line.text.slice(0, MOST_TEXT)}... (of ${length} characters)` }
}

/**
 * @param since - milliseconds since 1970, by this node's clock
 * @param all - also what is not worth reading first
 */
export async function gatherOwnLogs(
  resource: string | undefined,
  since: number,
  until: number,
  all: boolean,
): Promise<OwnLogs> {
  const unknown: string[] = []
  const parameters =
    resource === undefined
      ? {}
      : await resourceEnvironment(resource).catch((error: unknown) => {
          unknown.push(messageOf(error))
          return {}
        })
  const now = new Date()
  const files: string[] = []
  const lines: LogLine[] = []
  const seen = new Set<string>()
  let told = 0
  const tell = (line: LogLine): void => {
    told += jsonText(line).length + LINE_COST
    if (told > MOST_TOLD)
      throw new Error('it says more than can be told: name a shorter time (--since, --until)')
    lines.push(line)
  }
  const read = (
    paths: readonly string[],
    readPart: Read,
    parse: (lines: Iterable<string>) => Iterable<LogLine>,
  ): void => {
    for (const path of paths) {
      try {
        const log = readPart(path, (stat) => {
          const identity = `${stat.dev}:${stat.ino}`
          if (stat.mtimeMs < since || seen.has(identity)) return undefined
          seen.add(identity)
          return endOf(stat)
        })
        if (log === undefined) continue
        files.push(path)
        let last = 0
        for (const found of parse(log.content.toString('utf8').split('\n'))) {
          const line = { ...found, at: withinSecond(found.at, last) }
          last = line.at
          if (line.at >= since && line.at <= until && (all || matters(line))) tell(shortened(line))
        }
      } catch (error) {
        unknown.push(`${path}: ${messageOf(error)}`)
      }
    }
  }
  const account = parameters['OCF_RESKEY_pgdba'] ?? 'postgres'
  const owner = await findUser(account, new Deadline(ACCOUNT_MS)).catch(() => undefined)
  read(clusterLogs(), readOfCluster, (texts) => readClusterLog(texts, now))
  read(serverLogs(parameters), serverLogReader(owner), readServerLog)
  if (files.length === 0) {
    const where = dirname(clusterLogs()[1] ?? '')
    unknown.push(`no log of that time was found (in ${where} and /var/log/postgresql)`)
  }
  return { clock: Date.now(), lines: lines.sort((a, b) => a.at - b.at), files, unknown }
}
