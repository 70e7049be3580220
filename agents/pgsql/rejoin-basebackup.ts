/** Making this node's data a copy of the primary's by a base backup, which is put in its place when it is complete. */
import { setTimeout as sleep } from 'node:timers/promises'
import { dirname } from 'node:path'
import { type Deadline, ExitCode, type Log, messageOf, OcfError } from '../../lib/ocf'
import { backupSettings, takeBaseBackup } from '../../lib/postgres/base-backup'
import { controlDataOf } from '../../lib/postgres/control-data'
import { copyOwnLinks, keepOwnFiles, restoreOwnFiles } from '../../lib/postgres/own-files'
import { withPrimaryService } from '../../lib/postgres/primary-service'
import { replacementObstacle } from '../../lib/postgres/replaceable'
import { findServer } from '../../lib/postgres/server-state'
import { type Upstream } from '../../lib/postgres/upstream'
import { roomFor } from '../../lib/system/file-system'
import { existsOwned, readOwned } from '../../lib/system/owned-files'
import {
  directoryMark,
  freeSibling,
  isMarked,
  makeSibling,
  removeSibling,
  stampedSiblings,
} from '../../lib/system/sibling-directory'
import { primarySettings } from './ask-primary'
import { reachPrimary } from './rejoin'
import { type RejoinWork } from './rejoin-work'
import { readMark } from './rewinding'
import { type ReplicatedSite } from './site'
import { DIVERGED, FRESH, mendSwap, swapIn } from './swap'

/** How often it is started again when the primary is lost meanwhile, and how long the next primary is waited for. */
const TRIES = 3
const NEXT_PRIMARY_MS = 2 * 60_000

/** How long the new standby may take until it is up, before the directories that are too many go. */
const UP_MS = 10 * 60_000
const POLL_MS = 500

const fail = (reason: string, detail?: string): OcfError =>
  new OcfError(ExitCode.ERR_GENERIC, reason, detail === undefined ? {} : { detail })

/** Before anything is written. */
function checkPlace({ instance, tmpdir }: ReplicatedSite): void {
  const { owner, dataDirectory } = instance
  if (tmpdir === dataDirectory || tmpdir.startsWith(`${dataDirectory}/`)) {
    throw fail('tmpdir: it lies in pgdata, which a base backup replaces: set it to another')
  }
  const obstacle = replacementObstacle(owner, dataDirectory)
  if (obstacle !== undefined) throw fail(obstacle)
}

/** The WAL of the meantime, which nobody knows before. */
const WAL_BYTES = 64 * 2 ** 20

function checkRoom(needed: number, free: number, diverged: readonly string[]): void {
  if (needed + WAL_BYTES < free) return
  const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`
  throw fail(
    `a base backup needs ${inMegabytes(needed + WAL_BYTES)} beside pgdata, ${inMegabytes(free)} are free: make room`,
    diverged.length > 0 ? `old data that may be removed: ${diverged.join(', ')}` : 'or set rejoin=rewind',
  )
}

async function removeFresh({ instance }: ReplicatedSite, deadline: Deadline, log: Log): Promise<void> {
  for (const path of stampedSiblings(instance.dataDirectory, FRESH)) {
    log.info(`${path}, of a base backup that was cut off, is removed`)
    await removeSibling(instance.owner, path, deadline)
  }
}

function makeFresh({ instance: { owner, dataDirectory } }: ReplicatedSite): string {
  const fresh = freeSibling(dataDirectory, FRESH)
  try {
    makeSibling(owner, dataDirectory, fresh)
    return fresh
  } catch (error) {
    throw fail(
      `no directory can be made in ${dirname(dataDirectory)}, beside pgdata: see how it is mounted, and its owner`,
      messageOf(error),
    )
  }
}

async function takeInto(fresh: string, { context, site, lockFd, report }: RejoinWork): Promise<void> {
  const { values, deadline } = context
  const { instance, tmpdir } = site
  const { owner, dataDirectory } = instance
  const { freeBytes } = roomFor(owner, fresh)
  const diverged = stampedSiblings(dataDirectory, DIVERGED)
  const settings = backupSettings(primarySettings(site, values))
  report('waits for a checkpoint')
  await withPrimaryService(instance, settings, tmpdir, (source) =>
    takeBaseBackup(instance, {
      source,
      into: fresh,
      maxRate: values.rejoin_max_rate,
      holds: [lockFd],
      deadline,
      progress: ({ totalBytes, percent }) => {
        checkRoom(totalBytes, freeBytes, diverged)
        report('copies', percent)
      },
    }),
  )
}

/** It may be another one than before. */
async function awaitPrimary({ context, site, report }: RejoinWork): Promise<void> {
  report('waits for a primary')
  const patience = context.deadline.within(NEXT_PRIMARY_MS)
  for (;;) {
    try {
      await reachPrimary(context, site)
      return
    } catch (error) {
      if (patience.passed) throw error
      await sleep(POLL_MS)
    }
  }
}

const LOST =
  /server closed the connection|terminating connection|connection to server .* failed|could not receive|could not read COPY|could not connect|could not translate|timeout|child process .*|background process terminated|the database system is/i
const REFUSED = /pg_hba\.conf|password|max_wal_senders|replication role|WAL sender/

async function take(work: RejoinWork): Promise<string> {
  const { context, site } = work
  for (let attempt = 1; ; attempt++) {
    const fresh = makeFresh(site)
    try {
      await takeInto(fresh, work)
      return fresh
    } catch (error) {
      await removeSibling(site.instance.owner, fresh, context.deadline)
      const said = error instanceof OcfError ? (error.detail ?? '') : ''
      if (attempt === TRIES || !LOST.test(said) || REFUSED.test(said)) throw error
      context.log.warning(`the base backup is started again: ${messageOf(error)} (${said})`)
      await awaitPrimary(work)
    }
  }
}

/** Whether it is what was meant to be copied. */
async function checkCopy(
  fresh: string,
  primary: Upstream,
  { context, site, version }: RejoinWork,
): Promise<void> {
  const { instance } = site
  const copied = readOwned(instance.owner, `${fresh}/PG_VERSION`)?.trim()
  if (version !== undefined && copied !== String(version)) {
    throw fail(`the primary is of PostgreSQL ${copied ?? '?'}, and this node of ${version}: install the same`)
  }
  const { systemIdentifier } = await controlDataOf({ ...instance, dataDirectory: fresh }, context.deadline)
  if (systemIdentifier !== primary.systemIdentifier)
    throw fail('master_ip is another database by now: see there')
}

/** Old data goes when the new works. */
async function removeOldest({ context, site }: RejoinWork): Promise<void> {
  const { values, deadline, log } = context
  const { owner, dataDirectory } = site.instance
  const diverged = stampedSiblings(dataDirectory, DIVERGED)
  const tooMany = diverged.slice(0, Math.max(0, diverged.length - values.rejoin_keep))
  if (tooMany.length === 0) return
  const mark = directoryMark(dataDirectory)
  const isThere = (): boolean => mark !== undefined && isMarked(dataDirectory, mark)
  const isUp = (): boolean => {
    const server = findServer(site.instance)
    return server.kind === 'running' && ['ready', 'standby'].includes(server.pidFile?.status ?? '')
  }
  await deadline.within(UP_MS).holds(POLL_MS, () => !isThere() || isUp())
  if (!isThere() || !isUp()) {
    log.warning(`PostgreSQL is not up: ${tooMany.join(', ')} stays`)
    return
  }
  for (const path of tooMany) {
    log.info(`${path} is removed: rejoin_keep is ${values.rejoin_keep}`)
    await removeSibling(owner, path, deadline)
  }
}

/** Puts a copy of all that the primary has beside this node's data, and then in its place. */
export async function rejoinByBaseBackup(work: RejoinWork): Promise<void> {
  const { context, site, report } = work
  const { deadline, log } = context
  const { owner, dataDirectory } = site.instance
  work.afterwards(() => removeOldest(work))
  if (mendSwap(site, log)) return
  checkPlace(site)
  await removeFresh(site, deadline, log)
  const mine = await controlDataOf(site.instance, deadline)
  const primary = await reachPrimary(context, site)
  if (mine.systemIdentifier !== primary.systemIdentifier) {
    throw fail(
      'pgdata holds another database than the primary (system identifiers differ): take a base backup by hand',
    )
  }
  const fresh = await take(work)
  report('swaps')
  await checkCopy(fresh, primary, work)
  // pg_rewind that was cut off has put the primary's files in the place of this node's.
  if (!readMark(site) || !existsOwned(owner, site.files.kept))
    keepOwnFiles(owner, dataDirectory, site.files.kept)
  restoreOwnFiles(owner, fresh, site.files.kept)
  copyOwnLinks(owner, dataDirectory, fresh)
  swapIn(site, fresh, log)
}
