/** Whether the WAL that a node needs next can still be had. */
import { type Deadline, messageOf } from '../../lib/ocf'
import { type ControlData } from '../../lib/postgres/control-data'
import { restores } from '../../lib/postgres/restore-command'
import { type Upstream } from '../../lib/postgres/upstream'
import { isWalRemoved } from '../../lib/postgres/wal-probe'
import { segmentName } from '../../lib/postgres/wal-segments'
import { type Context } from './agent'
import { type PrimarySettings } from './ask-primary'
import { type Need, type Obstacle, timelinesFrom } from './decide-obstacle'
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
): Promise<Extract<Obstacle, { readonly kind: 'wal removed' }> | undefined> {
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
