/** Making this node's data a copy of the primary's with pg_rewind. */
import { ExitCode, OcfError } from '../../lib/ocf'
import { controlDataOf } from '../../lib/postgres/control-data'
import { recoverAlone } from '../../lib/postgres/crash-recovery'
import { type Instance, usesStandbySignal } from '../../lib/postgres/instance'
import { dropKeptFiles, keepOwnFiles, restoreOwnFiles } from '../../lib/postgres/own-files'
import { askPrimary, type PrimaryService, withPrimaryService } from '../../lib/postgres/primary-service'
import { removeStalePidFile } from '../../lib/postgres/stop-server'
import { bytesToCopy, rewindComplaint, runRewind } from '../../lib/postgres/rewind'
import { type Upstream } from '../../lib/postgres/upstream'
import { roomFor } from '../../lib/system/file-system'
import { type ProgramResult } from '../../lib/system/run-program'
import { primarySettings } from './ask-primary'
import { reachPrimary } from './rejoin'
import { type RejoinWork } from './rejoin-work'
import { type Ask, awaitCheckpoint, checkRights } from './rewind-questions'
import { markDone, markRewinding, readMark, rewindingState, unmarkRewinding } from './rewinding'
import { writeStandbySettings } from './standby-settings'
import { type ReplicatedSite } from './site'

/** How long the primary may take for the checkpoint after its promotion, where it cannot be told to make haste. */
const CHECKPOINT_MS = 30 * 60_000

const fail = (reason: string, detail?: string): OcfError =>
  new OcfError(ExitCode.ERR_GENERIC, reason, detail === undefined ? {} : { detail })

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

/** Whether there is room for all that would be copied, although some of it replaces what is there. */
function checkRoom({ owner, dataDirectory }: Instance, output: string): void {
  const needed = bytesToCopy(output)
  const { freeBytes } = roomFor(owner, dataDirectory)
  if (needed === undefined || needed < freeBytes) return
  const inMegabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`
  throw fail(
    `pg_rewind may need ${inMegabytes(needed)}, and ${inMegabytes(freeBytes)} are free in pgdata: make room`,
  )
}

function check(result: ProgramResult, half: boolean): void {
  if (result.code === 0) return
  const why = result.code === undefined ? 'it was killed' : rewindComplaint(result.stderr)
  throw fail(half ? `${why} (the data is not whole now)` : why, result.stderr.trim())
}

/** What is left to do after pg_rewind: it may be done again. */
function finish(site: ReplicatedSite): void {
  if (readMark(site)?.done !== true) return
  const { instance, files } = site
  const { owner, dataDirectory } = instance
  restoreOwnFiles(owner, dataDirectory, files.kept)
  unmarkRewinding(site)
  dropKeptFiles(owner, files.kept)
}

async function rewind(
  work: RejoinWork,
  source: PrimaryService,
  primary: Upstream,
  again: boolean,
): Promise<void> {
  const { context, site, version, lockFd, report } = work
  const { values, deadline, log } = context
  const { instance, files } = site
  if (version === undefined) throw fail(`pgdata: ${instance.dataDirectory} holds no database to rewind`)
  const ask: Ask = (question) => askPrimary(instance, source, values.psql, question, deadline)
  await checkRights(ask, context, version, source.database)
  await awaitCheckpoint(ask, primary, work, deadline.within(CHECKPOINT_MS))

  let data = await controlDataOf(instance, deadline)
  if (!data.rewindable) {
    throw fail(
      'pg_rewind needs data checksums or wal_log_hints=on, which this data has not: take a base backup',
    )
  }
  if (!again && !data.state.startsWith('shut down')) {
    report('recovers')
    // No server runs, but its number may be another process's by now.
    removeStalePidFile(instance)
    data = await recoverAlone(instance, deadline, [lockFd])
  }
  const restores = values.restore_command !== ''
  // Where pg_rewind finds restore_command.
  if (restores && usesStandbySignal(version)) writeStandbySettings(site, values, version)
  const options = { version, source, restores, holds: [lockFd], deadline }
  report('compares')
  // Nothing is changed yet: what pg_rewind would fail of before it writes, it fails of here.
  const trial = await runRewind(instance, { ...options, dryRun: true })
  check(trial, again)
  if (/no rewind required/.test(trial.stdout + trial.stderr)) {
    log.info('pg_rewind finds nothing that the primary has not')
    return
  }
  checkRoom(instance, trial.stdout + trial.stderr)
  if (!again) {
    keepOwnFiles(instance.owner, instance.dataDirectory, files.kept)
    markRewinding(site, data)
  }
  log.info(`pg_rewind begins to write to ${instance.dataDirectory}`)
  report('copies', 0)
  const progress = (percent: number): void => {
    report('copies', percent)
  }
  check(await runRewind(instance, { ...options, dryRun: false, progress }), true)
  const after = await controlDataOf(instance, deadline)
  if (after.timeline !== primary.timeline) {
    throw fail(
      `after pg_rewind the data is on timeline ${after.timeline}, and the primary on ${primary.timeline}: see the log`,
    )
  }
  markDone(site)
}

/** Gives up what the primary does not have, and fetches what this node does not have. */
export async function rejoinByRewind(work: RejoinWork): Promise<void> {
  const { context, site } = work
  const { instance, tmpdir } = site
  const mark = readMark(site)
  if (mark?.done !== true) {
    if (isInside(tmpdir, instance.dataDirectory)) {
      throw fail(
        'tmpdir: it lies in pgdata, where pg_rewind removes what the primary has not: set it to another',
      )
    }
    if (mark && !(await rewindingState(site, context.deadline)).repeatable) {
      throw fail('pg_rewind was cut off and cannot be repeated: set rejoin=basebackup')
    }
    const settings = primarySettings(site, context.values)
    const primary = await reachPrimary(context, site, settings)
    await withPrimaryService(instance, settings, tmpdir, (source) =>
      rewind(work, source, primary, mark !== undefined),
    )
  }
  finish(site)
}
