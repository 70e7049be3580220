/**
 * Reading a file that another account can have put in its place: a regular file only, without waiting for anything, and
 * no more of it than is expected.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

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

/** What is there is no file that can be read as one. */
export class UnusableFileError extends Error {
  override readonly name = 'UnusableFileError'
}

/**
 * Opens a regular file to read.
 *
 * @param shown - its path in messages, where `path` goes through a directory that is held open
 * @throws UnusableFileError for anything but a regular file; Error of the system
 */
export function openRegular(
  path: string,
  { links = false }: Pick<ReadOptions, 'links'> = {},
  shown = path,
): { readonly fd: number; readonly stat: Stats } {
  // A pipe without a writer is not waited for, and a terminal does not become this process's own.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
  let fd: number
  try {
    fd = openSync(path, links ? flags : flags | constants.O_NOFOLLOW)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP') throw new UnusableFileError(`${shown} is a symbolic link`, { cause: error })
    // A socket, or a device without a driver.
    if (code === 'ENXIO') throw new UnusableFileError(`${shown} is not a regular file`, { cause: error })
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new UnusableFileError(`${shown} is not a regular file`)
    return { fd, stat }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * Reads a regular file as whoever this process is now.
 *
 * @throws UnusableFileError for anything but a regular file, and for one that is larger than `limit`; Error of the system
 */
export function readRegular(
  path: string,
  options: ReadOptions = {},
  shown = path,
): { readonly content: Buffer; readonly stat: Stats } {
  const { limit = TEXT_BYTES } = options
  const { fd, stat } = openRegular(path, options, shown)
  try {
    // One byte more than the file has: it may grow meanwhile.
    const buffer = Buffer.alloc(Math.min(stat.size, limit) + 1)
    let length = 0
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0) return { content: buffer.subarray(0, length), stat }
      if (length < buffer.length) continue
      if (length > limit) {
        throw new UnusableFileError(`${shown} is larger than ${Math.ceil(limit / 1024)} kB`)
      }
      throw new UnusableFileError(`${shown} grows while it is read`)
    }
  } finally {
    closeSync(fd)
  }
}
