/** pg_basebackup: a copy of all of a running server's data. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { abridged, type ProgramResult } from '../system/run-program'
import { type Instance } from './instance'
import { type PrimaryService } from './primary-service'
import { runServerProgram } from './server-program'

export interface BaseBackupOptions {
  readonly source: PrimaryService
  /** An empty directory. */
  readonly into: string
  /** kB/s; 0 for as fast as it goes. */
  readonly maxRate: number
  /** Open files that it is given. */
  readonly holds: readonly number[]
  readonly deadline: Deadline
  /** @throws Error when it is to be given up */
  readonly progress: (progress: BackupProgress) => void
}

export interface BackupProgress {
  /** What there is to copy, without the WAL of the meantime. */
  readonly totalBytes: number
  readonly percent: number
}

/** The last figures in what pg_basebackup prints as it goes. */
export function readBackupProgress(text: string): BackupProgress | undefined {
  const [, total, percent] = [...text.matchAll(/(?<!\d)\d{1,20}\/(\d{1,20}) kB \((\d{1,3})%\)/g)].at(-1) ?? []
  return total === undefined ? undefined : { totalBytes: Number(total) * 1024, percent: Number(percent) }
}

/**
 * Connections of a base backup must not be taken for the standby's own, nor hang for hours on a primary that is gone.
 *
 * @param settings - of the standby's connection
 */
export function backupSettings(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    keepalives_idle: '30',
    keepalives_interval: '5',
    keepalives_count: '6',
    ...settings,
    application_name: 'ocf-ts_rejoin',
  }
}

/**
 * Takes it, as the data's owner; everything is safely on disk afterwards. The WAL that it needs is received beside it,
 * through a temporary slot, which is gone with its connection; without one where the primary has none to give.
 *
 * @throws OcfError ERR_GENERIC with a reason for crm_mon
 */
export async function takeBaseBackup(instance: Instance, options: BaseBackupOptions): Promise<void> {
  const result = await run(instance, options, [])
  if (result.code === 0) return
  const again = lacksSlots(result.stderr) ? await run(instance, options, ['--no-slot']) : result
  if (again.code === 0) return
  const reason = wasKilled(again) ? 'pg_basebackup was killed' : backupComplaint(again.stderr)
  throw new OcfError(ExitCode.ERR_GENERIC, reason, { detail: abridged(again.stderr.trim()) })
}

/** Where runuser starts it, that tells of a signal as a shell does. */
function wasKilled({ code }: ProgramResult): boolean {
  return code === undefined || code > 128
}

function lacksSlots(stderr: string): boolean {
  return /all replication slots are in use|replication slots can only be used if/.test(stderr)
}

async function run(
  instance: Instance,
  { source, into, maxRate, holds, deadline, progress }: BaseBackupOptions,
  more: readonly string[],
): Promise<ProgramResult> {
  const args = [
    ...['--dbname', source.connection, '--pgdata', into, '--no-password', '--progress'],
    ...['--wal-method', 'stream', '--checkpoint', 'fast', '--label', 'ocf-ts rejoin'],
    ...(maxRate > 0 ? ['--max-rate', String(maxRate)] : []),
    ...more,
  ]
  const stop = new AbortController()
  let refusal: unknown
  const result = await runServerProgram(instance, 'pg_basebackup', args, deadline, {
    env: { ...source.env, LC_ALL: 'C' },
    holds,
    stop: stop.signal,
    watch: (text) => {
      const found = readBackupProgress(text)
      if (found === undefined || refusal !== undefined) return
      try {
        progress(found)
      } catch (error) {
        refusal = error
        stop.abort()
      }
    },
  })
  if (refusal !== undefined) throw refusal as Error
  return result
}

/** What is known to go wrong, with the fix. */
const COMPLAINTS: readonly (readonly [RegExp, string])[] = [
  [
    /requested standby connections exceeds max_wal_senders/,
    'max_wal_senders of the primary is too low: a base backup takes two, beside the standbys',
  ],
  [/no pg_hba\.conf entry/, 'pg_hba.conf of the primary does not let repuser in for replication'],
  [
    /fe_sendauth: no password supplied|password authentication failed/,
    'the primary wants another password of repuser: put it into ~/.pgpass of pgdba',
  ],
  [/No space left on device|Disk quota exceeded/, 'no space left beside pgdata: make room'],
  [
    /must be superuser or replication role|permission denied to start WAL sender/,
    'repuser lacks REPLICATION',
  ],
]

/** What it says that it failed of, in few words. */
export function backupComplaint(output: string): string {
  const stderr = abridged(output)
  const [, known] = COMPLAINTS.find(([pattern]) => pattern.test(stderr)) ?? []
  if (known !== undefined) return known
  const said = stderr
    .split('\n')
    .flatMap(
      (line) => /^pg_basebackup: (?:error|fatal): (.*)|^(?:.*FATAL|ERROR): +(.*)/.exec(line)?.slice(1) ?? [],
    )
    .filter(Boolean)
  return said.at(-1) ?? stderr.trim().split('\n').at(-1) ?? ''
}
