/**
 * Putting a complete base backup in the data directory's place. Two directories change their names one after the other:
 * a note, safely on disk before the first, lets the next start finish what was cut off in between.
 */
import { type Log } from '../../lib/ocf'
import { dropKeptFiles } from '../../lib/postgres/own-files'
import { readOwned, removeOwned, writeOwned } from '../../lib/system/owned-files'
import {
  directoryMark,
  type DirectoryMark,
  freeSibling,
  isMarked,
  renameSibling,
} from '../../lib/system/sibling-directory'
import { unlock } from './lock-file'
import { unmarkRewinding } from './rewinding'
import { type ReplicatedSite } from './site'

/** In the name of a data directory that a base backup has replaced, before the time of that. */
export const DIVERGED = '.diverged-'

interface Swap {
  /** The base backup before it is in its place. */
  readonly fresh: string
  /** The old data directory afterwards. */
  readonly aside: string
  /** The base backup, wherever it is. */
  readonly mark: DirectoryMark
}

function readSwap({ instance, files }: ReplicatedSite): Swap | undefined {
  const text = readOwned(instance.owner, files.swap)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Swap
  } catch {
    return undefined
  }
}

/** What spoke of the data that is aside now. The note goes last: until then all of this is done again. */
function finish(site: ReplicatedSite): void {
  const { instance, files } = site
  unmarkRewinding(site)
  dropKeptFiles(instance.owner, files.kept)
  unlock(site)
  removeOwned(instance.owner, files.swap)
}

/** @param fresh - a complete base backup beside the data directory, safely on disk */
export function swapIn(site: ReplicatedSite, fresh: string, log: Log): void {
  const { instance, files } = site
  const { owner, dataDirectory } = instance
  const mark = directoryMark(fresh)
  if (mark === undefined) throw new Error(`${fresh} is gone`)
  const swap: Swap = { fresh, aside: freeSibling(dataDirectory, DIVERGED), mark }
  writeOwned(owner, files.swap, `${JSON.stringify(swap)}\n`)
  renameSibling(dataDirectory, swap.aside)
  renameSibling(fresh, dataDirectory)
  log.info(`the base backup is ${dataDirectory} now, and what was there before is ${swap.aside}`)
  finish(site)
}

/**
 * Finishes a swap that was cut off. One that had not begun is forgotten.
 *
 * @returns whether the base backup is in its place
 */
export function mendSwap(site: ReplicatedSite, log: Log): boolean {
  const { instance, files } = site
  const { owner, dataDirectory } = instance
  const swap = readSwap(site)
  if (swap === undefined) return false
  const { fresh, aside, mark } = swap
  if (directoryMark(dataDirectory) === undefined) {
    if (isMarked(fresh, mark)) {
      renameSibling(fresh, dataDirectory)
    } else if (directoryMark(aside) !== undefined) {
      log.warning(`the base backup ${fresh} is gone: ${aside} is ${dataDirectory} again`)
      renameSibling(aside, dataDirectory)
    }
  }
  if (!isMarked(dataDirectory, mark)) {
    removeOwned(owner, files.swap)
    return false
  }
  log.info(
    `a swap that was cut off is finished: the base backup is ${dataDirectory} now, the old data ${aside}`,
  )
  finish(site)
  return true
}
