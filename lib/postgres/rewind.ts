/** pg_rewind: a server's data made a copy of another's, by fetching what differs. */
import { type Deadline } from '../ocf'
import { abridged, type ProgramResult } from '../system/run-program'
import { type Instance, type MajorVersion } from './instance'
import { type PrimaryService } from './primary-service'
import { runServerProgram } from './server-program'

export interface RewindOptions {
  readonly version: MajorVersion
  readonly source: PrimaryService
  /** WAL that has been removed is fetched by the restore_command of the configuration. */
  readonly restores: boolean
  /** Everything but the changes. */
  readonly dryRun: boolean
  /** Open files that it is given. */
  readonly holds: readonly number[]
  readonly deadline: Deadline
  /** @param percent - of what is to be copied */
  readonly progress?: (percent: number) => void
}

/** The options by which pg_rewind gets at WAL that is in the archive only. */
function restoreOptions({ configFile, dataDirectory }: Instance, version: MajorVersion): readonly string[] {
  const inside = configFile === `${dataDirectory}/postgresql.conf`
  if (version >= 15) return ['--restore-target-wal', ...(inside ? [] : ['--config-file', configFile])]
  return version >= 13 && inside ? ['--restore-target-wal'] : []
}

/** Runs it, as the data's owner, on a server that was shut down. */
export function runRewind(instance: Instance, options: RewindOptions): Promise<ProgramResult> {
  const { version, source, restores, dryRun, holds, deadline, progress } = options
  const args = [
    ...['--target-pgdata', instance.dataDirectory, '--source-server', source.connection, '--progress'],
    ...(dryRun ? ['--dry-run'] : []),
    ...(version >= 13 ? ['--no-ensure-shutdown'] : []),
    ...(restores ? restoreOptions(instance, version) : []),
  ]
  return runServerProgram(instance, 'pg_rewind', args, deadline, {
    env: source.env,
    holds,
    ...(progress && {
      watch: (text: string) => {
        const percent = copiedPercent(text)
        if (percent !== undefined) progress(percent)
      },
    }),
  })
}

/** The last figure in what it prints as it goes. */
export function copiedPercent(text: string): number | undefined {
  const [, percent] = [...text.matchAll(/(?<!\d)\d{1,20}\/\d{1,20} kB \((\d{1,3})%\) copied/g)].at(-1) ?? []
  return percent === undefined ? undefined : Number(percent)
}

/** How many bytes it would copy, from what it prints in a dry run. */
export function bytesToCopy(text: string): number | undefined {
  const [, megabytes] = /need to copy (\d+) MB/.exec(text) ?? []
  return megabytes === undefined ? undefined : Number(megabytes) * 2 ** 20
}

/** What it says that it failed of, in few words. */
export function rewindComplaint(output: string): string {
  const stderr = abridged(output)
  const lacksWal =
    /could not find previous WAL record|could not find (?:common ancestor|any WAL)|could not (?:open|read) file "[^"]*pg_wal[^"]*": No such file|could not read WAL record|could not restore file "[^"]*" from archive/
  if (lacksWal.test(stderr))
    return 'WAL of this node since the fork is gone (wal_keep_size, restore_command): take a base backup'
  const said = stderr
    .split('\n')
    .flatMap(
      (line) => /^pg_rewind: (?:error|fatal): (.*)|^(?:.*FATAL|ERROR): +(.*)/.exec(line)?.slice(1) ?? [],
    )
    .filter(Boolean)
  return said.at(-1) ?? stderr.trim().split('\n').at(-1) ?? ''
}
