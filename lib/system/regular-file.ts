/**
 * Reading a file that another account can have put in its place: a regular file only, without waiting for anything, and
 * no more of it than is expected.
 */
import { constants } from 'node:fs'
import { type Files, type FileStats, type Opened } from './files'

/** A file of state or of notes has some hundred bytes. */
export const STATE_BYTES = 64 * 1024

/** Configuration files, timeline histories. */
export const TEXT_BYTES = 4 * 1024 * 1024

export interface ReadOptions {
  /** A larger file is not read, in bytes. Default: TEXT_BYTES. */
  readonly limit?: number
  /** A symbolic link as the last part of the path is followed, with the rights of the account that reads. Default: not. */
  readonly links?: boolean
}

/** What has been read of a file. */
export interface ReadFile {
  readonly content: Buffer
  readonly stat: FileStats
}

/** A part of a file, in bytes. */
export interface Part {
  readonly position: number
  readonly length: number
}

/** What is there is no file that can be read as one. */
export class UnusableFileError extends Error {
  override readonly name = 'UnusableFileError'
}

/** Opens a regular file to read, and closes it afterwards. */
function withRegular<T>(
  files: Files,
  path: string,
  { links = false }: Pick<ReadOptions, 'links'>,
  shown: string,
  work: (file: Opened, stat: FileStats) => T,
): T {
  // A pipe without a writer is not waited for, and a terminal does not become this process's own.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
  let file: Opened
  try {
    file = files.open(path, links ? flags : flags | constants.O_NOFOLLOW)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP') throw new UnusableFileError(`${shown} is a symbolic link`, { cause: error })
    // A socket, or a device without a driver.
    if (code === 'ENXIO') throw new UnusableFileError(`${shown} is not a regular file`, { cause: error })
    throw error
  }
  try {
    const stat = files.fstat(file)
    if (!stat.isFile()) throw new UnusableFileError(`${shown} is not a regular file`)
    return work(file, stat)
  } finally {
    files.close(file)
  }
}

/**
 * Reads a regular file.
 *
 * @param files - as whom
 * @param shown - its path in messages, where `path` goes through a directory that is held open
 * @throws UnusableFileError for anything but a regular file, and for one that is larger than `limit`; Error of the system
 */
export function readRegular(files: Files, path: string, options: ReadOptions = {}, shown = path): ReadFile {
  const { limit = TEXT_BYTES } = options
  return withRegular(files, path, options, shown, (file, stat) => {
    // One byte more than the file has: it may grow meanwhile.
    const buffer = Buffer.alloc(Math.min(stat.size, limit) + 1)
    let length = 0
    for (;;) {
      const read = files.read(file, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0) return { content: buffer.subarray(0, length), stat }
      if (length < buffer.length) continue
      if (length > limit) {
        throw new UnusableFileError(`${shown} is larger than ${Math.ceil(limit / 1024)} kB`)
      }
      throw new UnusableFileError(`${shown} grows while it is read`)
    }
  })
}

/**
 * Reads a part of a regular file.
 *
 * @param part - which, of a file of which so much is known; nothing where it is not to be read
 * @throws UnusableFileError for anything but a regular file; Error of the system
 */
export function readPart(
  files: Files,
  path: string,
  part: (stat: FileStats) => Part | undefined,
  options: Pick<ReadOptions, 'links'> = {},
  shown = path,
): ReadFile | undefined {
  return withRegular(files, path, options, shown, (file, stat) => {
    const wanted = part(stat)
    if (wanted === undefined) return undefined
    const buffer = Buffer.alloc(wanted.length)
    const length = files.read(file, buffer, 0, buffer.length, wanted.position)
    return { content: buffer.subarray(0, length), stat }
  })
}
