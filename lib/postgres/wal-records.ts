/** What a server that does not run has in its WAL. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, type ProgramResult } from '../system/run-program'
import { type Timeline } from './control-data'
import { type Instance } from './instance'
import { type Lsn, readLsn, writeLsn } from './lsn'
import { runServerProgram } from './server-program'

/** Counting takes its time where there is much; the number is for a person. */
const COUNT_MS = 5000

function dump(
  instance: Instance,
  timeline: Timeline,
  from: Lsn,
  deadline: Deadline,
  ...options: readonly string[]
): Promise<ProgramResult> {
  const where = ['--path', `${instance.dataDirectory}/pg_wal`, '--timeline', String(timeline)]
  return runServerProgram(instance, 'pg_waldump', [...where, '--start', writeLsn(from), ...options], deadline)
}

/** Whether pg_waldump's complaint is that the WAL has ended. */
function isTheEnd({ stderr }: ProgramResult): boolean {
  return /could not find (?:a valid record after|file) |could not open file .*No such file/.test(stderr)
}

/**
 * Whether there is a record that begins at `from` or after it. Only for positions from which on no WAL has been
 * removed: those after the latest checkpoint.
 *
 * @throws OcfError ERR_INSTALLED when there is no pg_waldump (it came with version 10), ERR_GENERIC when it fails
 */
export async function hasRecordsFrom(
  instance: Instance,
  timeline: Timeline,
  from: Lsn,
  deadline: Deadline,
): Promise<boolean> {
  const result = await dump(instance, timeline, from, deadline, '--limit', '1')
  if (/^rmgr: /m.test(result.stdout)) return true
  if (isTheEnd(result)) return false
  throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('pg_waldump', result))
}

/** How many bytes the records from `from` on have; nothing when that cannot be found out soon. */
export async function bytesFrom(
  instance: Instance,
  timeline: Timeline,
  from: Lsn,
  deadline: Deadline,
): Promise<number | undefined> {
  const { stdout, timedOut } = await dump(instance, timeline, from, deadline.within(COUNT_MS), '--stats')
  const [, bytes] = /^Total\s.*\s(\d+) \[\d+(?:\.\d+)?%\]\s*$/m.exec(stdout) ?? []
  return timedOut || bytes === undefined ? undefined : Number(bytes)
}

/**
 * Where the records end that begin at `from`; nothing when that cannot be found out soon.
 *
 * @throws OcfError ERR_INSTALLED when there is no pg_waldump
 */
export async function endOfRecords(
  instance: Instance,
  timeline: Timeline,
  from: Lsn,
  deadline: Deadline,
): Promise<Lsn | undefined> {
  const { stderr, timedOut } = await dump(instance, timeline, from, deadline.within(COUNT_MS), '--stats')
  if (timedOut) return undefined
  const [, last] = /error in WAL record at ([0-9A-F]+\/[0-9A-F]+):/.exec(stderr) ?? []
  return readLsn(last) ?? (/could not find a valid record after/.test(stderr) ? from : undefined)
}
