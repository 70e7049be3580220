/**
 * Putting a complete base backup in the data directory's place. Two directories change their names one after the other:
 * a note, safely on disk before the first, lets the next start finish what was cut off in between.
 */
import { type Log } from '../../lib/ocf'
import { dropKeptFiles } from '../../lib/postgres/own-files'
import { removeOwned } from '../../lib/system/owned-files'
import { findState, type Formed, record, text, writeState } from '../../lib/system/state-file'
import {
  directoryMark,
  freeSibling,
  isMarked,
  isStampedSibling,
  renameSibling,
} from '../../lib/system/sibling-directory'
import { unlock } from './lock-file'
import { unmarkRewinding } from './rewinding'
import { type Site } from './site'

/** In the name of a data directory that a base backup has replaced, before the time of that. */
export const DIVERGED = '.diverged-'

/** In the name of what `ocf-ts clone` has replaced, before the time of that. */
export const REPLACED = '.replaced-'

/** In the name of a base backup that is not in its place yet, before the time of its beginning. */
export const FRESH = '.new-'

const NUMBER = text({ max: 32, pattern: /^\d+$/ })
const PATH_MAX = 4096

const swapNote = record({
  /** The base backup before it is in its place. */
  fresh: text({ max: PATH_MAX }),
  /** The old data directory afterwards. */
  aside: text({ max: PATH_MAX }),
  /** The base backup, wherever it is. */
  mark: record({ device: NUMBER, inode: NUMBER }),
})

type Swap = Formed<typeof swapNote>

type SwapLog = Pick<Log, 'info' | 'warning'>

/** Whether the note is about this data directory and the names that the agent gives beside it, and nothing else. */
export function isSwapOf(dataDirectory: string, { fresh, aside }: Pick<Swap, 'fresh' | 'aside'>): boolean {
  return (
    isStampedSibling(dataDirectory, FRESH, fresh) &&
    [DIVERGED, REPLACED].some((word) => isStampedSibling(dataDirectory, word, aside))
  )
}

/** The swap that was started. A note that says anything else is removed: there is nothing that it could be about. */
function readSwap({ instance, files }: Site, log: SwapLog): Swap | undefined {
  const found = findState(instance.owner, files.swap, swapNote)
  if (found.kind === 'nothing') return undefined
  if (found.kind === 'state' && isSwapOf(instance.dataDirectory, found.state)) return found.state
  const why = found.kind === 'unusable' ? found.because : `${files.swap} names other directories`
  log.warning(`${why}: it is not followed, and removed`)
  removeOwned(instance.owner, files.swap)
  return undefined
}

/** What spoke of the data that is aside now. The note goes last: until then all of this is done again. */
export function forgetOldData(site: Site): void {
  const { instance, files } = site
  unmarkRewinding(site)
  dropKeptFiles(instance.owner, files.kept)
  unlock(site)
  removeOwned(instance.owner, files.swap)
}

/**
 * @param fresh - a complete base backup beside the data directory, safely on disk
 * @param word - of the name that the old directory gets
 * @returns that name
 */
export function swapIn(
  site: Site,
  fresh: string,
  log: SwapLog,
  word: typeof DIVERGED | typeof REPLACED = DIVERGED,
): string {
  const { instance, files } = site
  const { owner, dataDirectory } = instance
  const mark = directoryMark(fresh)
  if (mark === undefined) throw new Error(`${fresh} is gone`)
  const swap: Swap = { fresh, aside: freeSibling(dataDirectory, word), mark }
  writeState(owner, files.swap, swap)
  renameSibling(owner, dataDirectory, swap.aside)
  renameSibling(owner, fresh, dataDirectory)
  log.info(`the base backup is ${dataDirectory} now, and what was there before is ${swap.aside}`)
  forgetOldData(site)
  return swap.aside
}

/**
 * Finishes a swap that was cut off. One that had not begun is forgotten.
 *
 * @returns whether the base backup is in its place
 */
export function mendSwap(site: Site, log: SwapLog): boolean {
  const { instance, files } = site
  const { owner, dataDirectory } = instance
  const swap = readSwap(site, log)
  if (swap === undefined) return false
  const { fresh, aside, mark } = swap
  if (directoryMark(dataDirectory) === undefined) {
    if (isMarked(fresh, mark)) {
      renameSibling(owner, fresh, dataDirectory)
    } else if (directoryMark(aside) !== undefined) {
      log.warning(`the base backup ${fresh} is gone: ${aside} is ${dataDirectory} again`)
      renameSibling(owner, aside, dataDirectory)
    }
  }
  if (!isMarked(dataDirectory, mark)) {
    removeOwned(owner, files.swap)
    return false
  }
  log.info(
    `a swap that was cut off is finished: the base backup is ${dataDirectory} now, the old data ${aside}`,
  )
  forgetOldData(site)
  return true
}
