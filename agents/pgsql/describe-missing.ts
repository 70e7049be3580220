import { type Timeline } from '../../lib/postgres/control-data'
import { type Lsn, writeLsn } from '../../lib/postgres/lsn'

/** WAL that a node needs next, and that can no longer be had. */
export interface MissingWal {
  readonly kind: 'wal removed'
  readonly timeline: Timeline
  readonly position: Lsn
  /** `restore_command` has been asked too. */
  readonly archived: boolean
}

export function describeMissing({ timeline, position, archived }: MissingWal): string {
  const who = archived ? 'neither the primary nor restore_command has' : 'the primary has removed'
  return `${who} the next WAL (${writeLsn(position)}, timeline ${timeline})`
}
