/**
 * Files in directories that another account can write to. There is one way to them: with the rights of the account that
 * is named; and for root itself, by a directory that is held (see held-directory.ts).
 */
import { closeSync, constants, fstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { asUser } from './as-user'
import { type Files, type FileStats, NULL_DEVICE, type Opened, unlessMissing } from './files'
import { ROOT, withParent } from './held-directory'
import {
  type Part,
  type ReadFile,
  type ReadOptions,
  readPart,
  readRegular,
  UnusableFileError,
} from './regular-file'
import { isRoot, type User } from './users'

export {
  makeDirectory,
  makeDirectoryAsOwner,
  makePrivateDirectory,
  privateDirectoryObstacle,
} from './owned-directories'

/** Works on a file with the user's rights. What root itself does in a directory it does by one that it holds. */
function reach<T>(user: User, path: string, work: (files: Files, reached: string) => T): T {
  return user.uid === 0 && isRoot()
    ? withParent(ROOT, path, (reached, { files }) => work(files, reached))
    : asUser(user, (files) => work(files, path))
}

/**
 * A regular file's text, or nothing when there is no such file.
 *
 * @throws UnusableFileError for anything but a regular file, and for one that is too large; Error of the system
 */
export function readOwned(user: User, path: string, options: ReadOptions = {}): string | undefined {
  return readOwnedFile(user, path, options)?.content.toString('utf8')
}

/** As `readOwned`: its bytes, and whose it is. */
export function readOwnedFile(user: User, path: string, options: ReadOptions = {}): ReadFile | undefined {
  return unlessMissing(() =>
    reach(user, path, (files, reached) => readRegular(files, reached, options, path)),
  )
}

/**
 * A part of a regular file, or nothing when there is no such file, or it is not to be read.
 *
 * @param part - which, of a file of which so much is known
 * @throws as `readOwned`
 */
export function readOwnedPart(
  user: User,
  path: string,
  part: (stat: FileStats) => Part | undefined,
  options: Pick<ReadOptions, 'links'> = {},
): ReadFile | undefined {
  return unlessMissing(() =>
    reach(user, path, (files, reached) => readPart(files, reached, part, options, path)),
  )
}

/** What has that name, links not followed; nothing when nothing has. */
export function statOwned(user: User, path: string): FileStats | undefined {
  return unlessMissing(() => reach(user, path, (files, reached) => files.lstat(reached)))
}

/** Whether something of that name is there, a dangling link included. */
export function existsOwned(user: User, path: string): boolean {
  return statOwned(user, path) !== undefined
}

/**
 * The names in a directory.
 *
 * @throws Error of the system
 */
export function listOwned(user: User, path: string): readonly string[] {
  return reach(user, path, (files, reached) => files.readdir(reached))
}

/**
 * Replaces a file in one step: readers see the old text or the new, also after a crash.
 *
 * @param mode - the new file's mode. Default: only the owner may read and write.
 * @throws Error of the system
 */
export function writeOwned(user: User, path: string, text: string | Uint8Array, mode = 0o600): void {
  reach(user, path, (files, reached) => {
    replace(files, reached, text, { mode })
  })
}

/**
 * As `writeOwned`, with what the account works with.
 *
 * @param owner - whose the file is to be; root only. Default: this account's
 */
export function replace(
  files: Files,
  path: string,
  text: string | Uint8Array,
  { mode, owner }: { readonly mode: number; readonly owner?: { readonly uid: number; readonly gid: number } },
): void {
  const fresh = `${path}.new.${process.pid}`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  let file: Opened
  try {
    file = files.open(fresh, flags, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Of a process of this number that was killed; whatever it is, it is not written to.
    files.unlink(fresh)
    file = files.open(fresh, flags, 0o600)
  }
  try {
    try {
      if (owner !== undefined) files.fchown(file, owner.uid, owner.gid)
      files.fchmod(file, mode)
      files.write(file, text)
      files.fsync(file)
    } finally {
      files.close(file)
    }
    files.rename(fresh, path)
  } catch (error) {
    try {
      files.unlink(fresh)
    } catch {
      // It is already in its place.
    }
    throw error
  }
  syncDirectory(files, dirname(path))
}

/** Has the disk keep what has become of the names in a directory. */
export function syncDirectory(files: Files, path: string): void {
  const directory = files.open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    files.fsync(directory)
  } finally {
    files.close(directory)
  }
}

/**
 * Opens a file of root's own to read and to write, and makes it when it is missing. Close the descriptor afterwards.
 *
 * @throws UnusableFileError where something else has that name; Error of the system
 */
export function openPrivate(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const fd = reach(ROOT, path, (files, reached) => files.take(files.open(reached, flags, 0o600), flags, path))
  const found = fstatSync(fd)
  if (found.isFile() && found.uid === process.geteuid?.()) return fd
  closeSync(fd)
  throw new UnusableFileError(`${path} is not a file of the agent's own`)
}

/** Removes a file; it is no error when there is none. */
export function removeOwned(user: User, path: string): void {
  unlessMissing(() => {
    reach(user, path, (files, reached) => {
      files.unlink(reached)
    })
  })
}

/** Changes the mode of a file or directory of the user's. */
export function changeMode(user: User, path: string, mode: number): void {
  reach(user, path, (files, reached) => {
    files.chmod(reached, mode)
  })
}

/**
 * Makes sure, by doing it, that `user` can make files in a directory. (access(2) would answer for whoever runs the
 * agent, not for whom it acts.)
 *
 * @throws Error when not
 */
export function tryToMakeFile(user: User, directory: string): void {
  const path = `${directory}/.ocf-ts.${process.pid}`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  reach(user, path, (files, reached) => {
    files.close(files.open(reached, flags, 0o600))
    files.unlink(reached)
  })
}

/**
 * Opens a log file of the user's to append to; makes it when it is missing. Close the descriptor afterwards.
 *
 * @throws UnusableFileError for a pipe, a directory, and any device but /dev/null; Error of the system
 */
export function openOwnedLog(user: User, path: string): number {
  // Without O_NONBLOCK a pipe that nobody reads would be waited for.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOCTTY | constants.O_NONBLOCK
  let fd: number
  try {
    fd = asUser(user, (files) => files.take(files.open(path, flags | constants.O_CREAT, 0o600), flags, path))
  } catch (error) {
    // /var/log belongs to root: there root creates a new file, without following links, and hands it over.
    if (!isRoot() || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    fd = withParent(user, path, (reached, { actor, files }) => {
      if (actor.uid !== 0 || unlessMissing(() => files.lstat(reached))) throw error as Error
      const fresh = flags | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
      const made = files.open(reached, fresh, 0o600)
      files.fchown(made, user.uid, user.gid)
      return files.take(made, flags, path)
    })
  }
  const found = fstatSync(fd)
  // A terminal, say, takes what is written to it in root's name.
  if (found.isFile() || (found.isCharacterDevice() && found.rdev === NULL_DEVICE)) return fd
  closeSync(fd)
  throw new UnusableFileError(`${path} is not a regular file`)
}
