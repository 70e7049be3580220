/**
 * What keeps a fast shutdown of a primary from its end although nobody can write any more: an archive_command that does
 * not return, a subscriber of logical replication that does not read, a standby that does not answer.
 */
import { type Deadline, type Log, messageOf } from '../ocf'
import { commandLine, descendsFrom, signalOwned } from '../system/processes'
import { listOwned } from '../system/owned-files'
import { type Connection } from './connection'
import { controlDataOf } from './control-data'
import { type Instance, type MajorVersion } from './instance'
import { serverProcesses } from './server-state'
import { cleanShutdown } from './shutdown'

/** Nothing is looked at before: a shutdown takes a moment, and each look runs a program. */
const FIRST_LOOK_MS = 1000
const LOOK_MS = 250
/** How long pg_controldata may take. */
const ANSWER_MS = 2000

/** How long the shutdown may wait for subscribers of logical replication, whose slots keep what they have not read. */
const SUBSCRIBERS_MS = 3000

/** How long the archiver, or the connection of a standby, may take for a step once the shutdown is complete. */
const IDLE_MS = 5000

/** What a process of the server says in its title that it does (before version 13 also `process`). */
const ARCHIVER = /^postgres: (?:.*: )?archiver\b/
const SENDER = /^postgres: (?:.*: )?wal ?sender\b/

/** The processes that send changes to subscribers of logical replication, asked before the shutdown. */
export async function logicalSenders(
  connection: Connection,
  version: MajorVersion,
): Promise<readonly number[]> {
  // Before version 10, only extensions use them.
  if (version < 10) return []
  const rows = await connection.rows<{ pid: number }>(
    `select active_pid as pid from pg_catalog.pg_replication_slots
      where slot_type = 'logical' and active_pid is not null`,
  )
  return rows.map(({ pid }) => pid)
}

export interface HangingShutdown {
  readonly instance: Instance
  readonly postmaster: number
  /** From `logicalSenders`. */
  readonly subscribers: readonly number[]
  readonly deadline: Deadline
  readonly log: Log
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** WAL files that are complete and that the archive does not have yet. */
function unarchived({ owner, dataDirectory }: Instance): readonly string[] {
  for (const wal of ['pg_wal', 'pg_xlog']) {
    try {
      const names = listOwned(owner, `${dataDirectory}/${wal}/archive_status`)
      return names.flatMap((name) => /^(.*)\.ready$/.exec(name)?.[1] ?? []).sort()
    } catch {
      // The other name, or a disk that fails: no reason not to go on.
    }
  }
  return []
}

/** What still runs, as the log says it. */
function describeRest(titles: readonly string[]): string {
  const rest = [
    ...(titles.some((title) => ARCHIVER.test(title)) ? ['archive_command has not ended'] : []),
    ...(titles.some((title) => SENDER.test(title)) ? ['a standby has not confirmed all WAL'] : []),
  ]
  return rest.join(', ') || 'PostgreSQL does not end'
}

/**
 * Watches a fast shutdown that was begun just now.
 *
 * @returns a function to be called again and again, which says whether the shutdown is complete (the control file says
 * so: nothing of the database is left to be written) and what is left makes no progress: then the rest may be ended. It
 * ends connections of logical subscribers that the shutdown waits for.
 */
export function watchShutdown({
  instance,
  postmaster,
  subscribers,
  deadline,
  log,
}: HangingShutdown): () => Promise<boolean> {
  const begun = now()
  let next = begun + FIRST_LOOK_MS
  let told = false
  let last: { readonly titles: string; readonly at: number } | undefined

  /** The first SIGTERM may only have it wait for the same connection again, to say goodbye: the second ends it. */
  const endSubscribers = (): void => {
    const alive = subscribers.filter(
      (pid) => descendsFrom(pid, postmaster) && SENDER.test(commandLine(pid)[0] ?? ''),
    )
    if (alive.length === 0) return
    if (!told) {
      log.warning(
        `the shutdown waits for ${alive.length} subscribers of logical replication that have not read all changes: their connections are ended, and their slots keep what they have not read`,
      )
    }
    told = true
    for (const pid of alive) signalOwned(instance.owner, pid, 'SIGTERM')
  }

  return async () => {
    if (now() < next) return false
    try {
      const complete = cleanShutdown(await controlDataOf(instance, deadline.within(ANSWER_MS))) !== undefined
      if (!complete) {
        if (now() - begun > SUBSCRIBERS_MS) endSubscribers()
        return false
      }
      const titles = serverProcesses(instance)
        .map(({ pid }) => commandLine(pid)[0] ?? '')
        .filter((title) => ARCHIVER.test(title) || SENDER.test(title))
      const text = titles.join('\n')
      if (last?.titles !== text) last = { titles: text, at: now() }
      if (now() - last.at < IDLE_MS) return false
      const files = unarchived(instance)
      const lacking =
        files.length === 0
          ? ''
          : `; not in the archive: ${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''} (in pg_wal of this node: archive them by hand)`
      log.warning(`the shutdown is complete, and ${describeRest(titles)}: the rest is ended${lacking}`)
      return true
    } catch (error) {
      log.info(`whether the shutdown is complete is not known: ${messageOf(error)}`)
      return false
    } finally {
      next = now() + LOOK_MS
    }
  }
}
