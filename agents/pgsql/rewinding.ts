/**
 * The mark of a pg_rewind that has begun to write. It lies outside of the data directory and is safely on disk before
 * the first change, and goes when pg_rewind has ended well.
 */
import { type Deadline, ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { type ControlData, controlDataOf } from '../../lib/postgres/control-data'
import { existsOwned, removeOwned } from '../../lib/system/owned-files'
import {
  findState,
  flag,
  type Formed,
  optional,
  record,
  text,
  whole,
  writeState,
} from '../../lib/system/state-file'
import { bootId } from './rejoin-note'
import { type Site } from './site'

const rewinding = record({
  /** pg_rewind has ended well; only the node's own files are to be put back. */
  done: optional(flag),
  since: text({ max: 64 }),
  boot: text({ max: 64 }),
  /** What the data was before: pg_rewind changes that last of all. */
  before: optional(
    record({ checkpoint: text({ max: 64 }), timeline: whole(1, 2 ** 32), state: text({ max: 64 }) }),
  ),
})

export type Rewinding = Formed<typeof rewinding>

/** The mark, if there is one. One that makes no sense says that pg_rewind has started to write, and no more. */
export function readMark({ instance, files }: Pick<Site, 'instance' | 'files'>): Rewinding | undefined {
  const found = findState(instance.owner, files.rewinding, rewinding)
  if (found.kind === 'nothing') return undefined
  return found.kind === 'state' ? found.state : { since: 'at an unknown time', boot: '' }
}

export function markRewinding({ instance, files }: Site, { checkpoint, timeline, state }: ControlData): void {
  const mark: Rewinding = {
    since: new Date().toISOString(),
    boot: bootId(),
    before: { checkpoint, timeline, state },
  }
  writeState(instance.owner, files.rewinding, mark)
}

export function markDone(site: Site): void {
  const mark = readMark(site)
  if (mark) writeState(site.instance.owner, site.files.rewinding, { ...mark, done: true })
}

/** @throws OcfError ERR_GENERIC where pg_rewind was cut off: a server must not be started on what it left */
export function refuseHalf({ instance, files }: Site): void {
  if (!existsOwned(instance.owner, files.rewinding)) return
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    'not started: pg_rewind was cut off here, the data is not whole: set rejoin=basebackup, or take a base backup',
    { detail: `after the base backup: rm ${files.rewinding}` },
  )
}

export function unmarkRewinding({ instance, files }: Site): void {
  removeOwned(instance.owner, files.rewinding)
}

/**
 * Whether pg_rewind may be run again. What it has written is in the files as long as the host has not gone down since;
 * and as long as the control file is the old one, it finds again what it has to do, or fails for want of WAL. After a crash
 * of the host a file may have its length and not its content, which pg_rewind would not notice.
 */
export async function rewindingState(
  site: Site,
  deadline: Deadline,
): Promise<{ readonly repeatable: boolean; readonly because: string }> {
  const mark = readMark(site)
  const because = (why: string, repeatable = false) => ({
    repeatable,
    because: `begun ${mark?.since ?? 'at an unknown time'}; ${why}`,
  })
  if (mark?.done) return because('its last steps are missing', true)
  if (mark?.boot !== bootId()) return because('the host has gone down since')
  try {
    const now = await controlDataOf(site.instance, deadline)
    const { checkpoint, timeline, state } = mark.before ?? {}
    const unchanged = now.checkpoint === checkpoint && now.timeline === timeline && now.state === state
    return unchanged ? because('killed', true) : because('the control file has changed since')
  } catch (error) {
    return because(messageOf(error))
  }
}
