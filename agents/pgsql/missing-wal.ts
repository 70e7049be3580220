/** Whether the WAL that a node needs next can still be had. */
import { type Deadline, messageOf } from '../../lib/ocf'
import { type ControlData } from '../../lib/postgres/control-data'
import { laterLsn, type Lsn } from '../../lib/postgres/lsn'
import { restores } from '../../lib/postgres/restore-command'
import { type Upstream } from '../../lib/postgres/upstream'
import { isWalRemoved } from '../../lib/postgres/wal-probe'
import { endOfRecords } from '../../lib/postgres/wal-records'
import { segmentName, walFiles } from '../../lib/postgres/wal-segments'
import { type Context } from './agent'
import { type PrimarySettings } from './ask-primary'
import { mayBeRemoved, type Need, timelinesFrom } from './decide-obstacle'
import { type MissingWal } from './describe-missing'
import { type Site } from './site'

/** Nothing where the primary or restore_command has it, or it cannot be found out. */
export async function findMissingWal(
  { values, log }: Context,
  site: Site,
  mine: Pick<ControlData, 'timeline' | 'redo' | 'walSegmentSize'>,
  { timeline, position }: Need,
  primary: Upstream,
  settings: PrimarySettings,
  deadline: Deadline,
): Promise<MissingWal | undefined> {
  const { instance, tmpdir } = site
  try {
    if (!(await isWalRemoved(instance.owner, settings, position, timeline, deadline))) return undefined
  } catch (error) {
    log.info(`the primary does not say whether it has the WAL that this node needs: ${messageOf(error)}`)
    return undefined
  }
  const command = values.restore_command
  const oldest = segmentName(mine.timeline, mine.redo, mine.walSegmentSize)
  for (const each of command === '' ? [] : timelinesFrom(timeline, primary)) {
    const file = segmentName(each, position, mine.walSegmentSize)
    if ((await restores(instance, command, file, oldest, tmpdir, deadline)) !== false) return undefined
  }
  return { kind: 'wal removed', timeline, position, archived: command !== '' }
}

/**
 * As `findMissingWal`, for a server that does not run. What it noted of its position may be long before the end of
 * what it has received: that is looked at where the primary has nothing for the position noted.
 */
export async function findMissingNext(
  context: Context,
  site: Site,
  mine: ControlData,
  primary: Upstream,
  settings: PrimarySettings,
): Promise<MissingWal | undefined> {
  const { deadline, log } = context
  const { timeline, checkpoint, recoveryEnd, walSegmentSize } = mine
  const missingFrom = (position: Lsn): Promise<MissingWal | undefined> =>
    mayBeRemoved(position, primary, walSegmentSize)
      ? findMissingWal(context, site, mine, { timeline, position }, primary, settings, deadline)
      : Promise.resolve(undefined)
  const noted = laterLsn(checkpoint, recoveryEnd) ?? checkpoint
  if ((await missingFrom(noted)) === undefined) return undefined
  try {
    // It has received what came later than its control file says: on which way, only a server that runs can tell.
    if (walFiles(site.instance).some((file) => file.timeline > timeline)) return undefined
    const end = await endOfRecords(site.instance, timeline, noted, deadline)
    return end === undefined ? undefined : await missingFrom(end)
  } catch (error) {
    log.warning(`nothing shows how much WAL this node has: ${messageOf(error)}`)
    return undefined
  }
}
