/** What a server's control file says, as pg_controldata prints it: read while the server does not run. */
import { dirname } from 'node:path'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure } from '../system/run-program'
import { type Instance } from './instance'
import { type Lsn, readLsn } from './lsn'
import { runServerProgram } from './server-program'

/** Number of a timeline (PostgreSQL manual, "Timelines"). */
export type Timeline = number

export interface ControlData {
  /** The same for a primary and all copies of its data. */
  readonly systemIdentifier: string
  /** In PostgreSQL's words: `shut down`, `shut down in recovery`, `in production`, `in archive recovery`, … */
  readonly state: string
  /** Where the record of the latest checkpoint begins; after a clean shutdown it is the last record. */
  readonly checkpoint: Lsn
  /** Where a recovery would begin. */
  readonly redo: Lsn
  /**
   * The timeline that the data is on. A server that ended between its promotion and its first checkpoint has noted the
   * new one only as the end of a recovery.
   */
  readonly timeline: Timeline
  /** Of a standby: up to where at least it has received and replayed. Nothing where it was never one. */
  readonly recoveryEnd: Lsn | undefined
  /** Size of a page of the WAL, in bytes. */
  readonly walBlockSize: number
  /** Size of a file of the WAL, in bytes. */
  readonly walSegmentSize: number
  /** pg_rewind can work on it: it has data checksums, or wal_log_hints was on. */
  readonly rewindable: boolean
}

/** What PostgreSQL writes where there is no position. */
const NOWHERE: Lsn = '0'.repeat(16)

/**
 * Reads what pg_controldata prints.
 *
 * @returns nothing when something that is needed is missing
 */
export function readControlData(text: string): ControlData | undefined {
  const values = new Map(
    text.split('\n').flatMap((line) => {
      const [, name, value] = /^([^:]+):\s*(.*?)\s*$/.exec(line) ?? []
      return name !== undefined && value !== undefined ? [[name, value] as const] : []
    }),
  )
  const number = (name: string): number => Number(values.get(name) ?? NaN)
  const systemIdentifier = values.get('Database system identifier')
  const state = values.get('Database cluster state')
  const checkpoint = readLsn(values.get('Latest checkpoint location'))
  const redo = readLsn(values.get("Latest checkpoint's REDO location"))
  const timeline = Math.max(
    number("Latest checkpoint's TimeLineID"),
    number("Min recovery ending loc's timeline"),
  )
  const recoveryEnd = readLsn(values.get('Minimum recovery ending location'))
  const walBlockSize = number('WAL block size')
  const walSegmentSize = number('Bytes per WAL segment')
  if (!systemIdentifier || !state || !checkpoint || !redo) return undefined
  if (!(timeline > 0 && walBlockSize > 0 && walSegmentSize > 0)) return undefined
  const rewindable = number('Data page checksum version') > 0 || values.get('wal_log_hints setting') === 'on'
  return {
    systemIdentifier,
    state,
    checkpoint,
    redo,
    timeline,
    recoveryEnd: recoveryEnd === NOWHERE ? undefined : recoveryEnd,
    walBlockSize,
    walSegmentSize,
    rewindable,
  }
}

/** It followed a primary when it last ran. */
export function wasStandby({ state }: ControlData): boolean {
  return state === 'shut down in recovery' || state === 'in archive recovery'
}

/**
 * The control data of a server that does not run.
 *
 * @throws OcfError ERR_INSTALLED when there is no pg_controldata beside pg_ctl, ERR_GENERIC when it cannot read the
 * control file
 */
export async function controlDataOf(instance: Instance, deadline: Deadline): Promise<ControlData> {
  const result = await runServerProgram(instance, 'pg_controldata', ['-D', instance.dataDirectory], deadline)
  const data = result.code === 0 ? readControlData(result.stdout) : undefined
  if (data) return data
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    result.code === 0
      ? `pg_controldata does not say what is in ${instance.dataDirectory}: is it of the version of ${dirname(instance.pgctl)}?`
      : describeFailure('pg_controldata', result),
  )
}
