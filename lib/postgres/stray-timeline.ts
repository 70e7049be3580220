/**
 * A timeline that recovery would follow and cannot. PostgreSQL takes the latest that it finds a history file of, in the
 * archive or in its own WAL, and keeps a copy of that file; where its data went past the fork, it does not start
 * (PostgreSQL manual, "Timelines").
 */
import { type Deadline } from '../ocf'
import { listOwned, readOwned } from '../system/owned-files'
import { type ControlData, controlDataOf, type Timeline } from './control-data'
import { type Instance } from './instance'
import { type Fork, readTimelineHistory } from './timeline-history'
import { walDirectory } from './wal-segments'

/** Whether data can get to a timeline with that history: it comes from the data's own one, and left it no sooner. */
export function leadsTo(
  data: Pick<ControlData, 'timeline' | 'checkpoint' | 'recoveryEnd'>,
  history: readonly Fork[],
): boolean {
  const left = history.find(({ timeline }) => timeline === data.timeline)
  const { checkpoint, recoveryEnd = checkpoint } = data
  return left !== undefined && checkpoint <= left.end && recoveryEnd <= left.end
}

/**
 * Looks for such a timeline after a server did not start.
 *
 * @returns its number and its history file's path; nothing where that is not what keeps the server from starting
 * @throws OcfError when the control data cannot be read
 */
export async function findStrayTimeline(
  instance: Instance,
  deadline: Deadline,
): Promise<{ readonly timeline: Timeline; readonly file: string } | undefined> {
  const { owner } = instance
  const directory = walDirectory(instance)
  const [file] = listOwned(owner, directory)
    .filter((name) => /^[0-9A-F]{8}\.history$/.test(name))
    .sort()
    .reverse()
  if (file === undefined) return undefined
  const timeline = parseInt(file.slice(0, 8), 16)
  const data = await controlDataOf(instance, deadline)
  if (timeline <= data.timeline) return undefined
  const path = `${directory}/${file}`
  const history = readTimelineHistory(readOwned(owner, path) ?? '')
  return history === undefined || leadsTo(data, history) ? undefined : { timeline, file: path }
}
