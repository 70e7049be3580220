/**
 * Files in directories that another account can write to. There is one way to them: with the rights of the account that
 * is named; and for root itself, by a directory that is held (see held-directory.ts).
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { ROOT, withParent } from './held-directory'
import { openRegular, type ReadOptions, readRegular, UnusableFileError } from './regular-file'
import { asUser, isRoot, type User } from './users'

export {
  makeDirectory,
  makeDirectoryAsOwner,
  makePrivateDirectory,
  privateDirectoryObstacle,
} from './owned-directories'

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** What `find` finds, or nothing when there is no such file. */
function unlessMissing<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Works on a file with the user's rights. What root itself does in a directory it does by one that it holds. */
function reach<T>(user: User, path: string, work: (reached: string) => T): T {
  return user.uid === 0 && isRoot() ? withParent(ROOT, path, work) : asUser(user, () => work(path))
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
export function readOwnedFile(
  user: User,
  path: string,
  options: ReadOptions = {},
): { readonly content: Buffer; readonly stat: Stats } | undefined {
  return unlessMissing(() => reach(user, path, (reached) => readRegular(reached, options, path)))
}

/** Opens a regular file that the user may read; nothing when there is none. Close the descriptor afterwards. */
export function openOwned(
  user: User,
  path: string,
  options: Pick<ReadOptions, 'links'> = {},
): { readonly fd: number; readonly stat: Stats } | undefined {
  return unlessMissing(() => reach(user, path, (reached) => openRegular(reached, options, path)))
}

/** What has that name, links not followed; nothing when nothing has. */
export function statOwned(user: User, path: string): Stats | undefined {
  return unlessMissing(() => reach(user, path, (reached) => lstatSync(reached)))
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
  return reach(user, path, (reached) => readdirSync(reached))
}

/**
 * Replaces a file in one step: readers see the old text or the new, also after a crash.
 *
 * @param mode - the new file's mode. Default: only the owner may read and write.
 * @throws Error of the system
 */
export function writeOwned(user: User, path: string, text: string | Uint8Array, mode = 0o600): void {
  reach(user, path, (reached) => {
    replace(reached, text, { mode })
  })
}

/**
 * As `writeOwned`, as whoever this process is now.
 *
 * @param owner - whose the file is to be; root only. Default: this account's
 */
export function replace(
  path: string,
  text: string | Uint8Array,
  { mode, owner }: { readonly mode: number; readonly owner?: { readonly uid: number; readonly gid: number } },
): void {
  const fresh = `${path}.new.${process.pid}`
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  let fd: number
  try {
    fd = openSync(fresh, flags, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Of a process of this number that was killed; whatever it is, it is not written to.
    unlinkSync(fresh)
    fd = openSync(fresh, flags, 0o600)
  }
  try {
    try {
      if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid)
      fchmodSync(fd, mode)
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(fresh, path)
  } catch (error) {
    try {
      unlinkSync(fresh)
    } catch {
      // It is already in its place.
    }
    throw error
  }
  syncDirectory(dirname(path))
}

/** Has the disk keep what has become of the names in a directory. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Opens a file of root's own to read and to write, and makes it when it is missing. Close the descriptor afterwards.
 *
 * @throws UnusableFileError where something else has that name; Error of the system
 */
export function openPrivate(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const fd = reach(ROOT, path, (reached) => openSync(reached, flags, 0o600))
  const found = fstatSync(fd)
  if (found.isFile() && found.uid === process.geteuid?.()) return fd
  closeSync(fd)
  throw new UnusableFileError(`${path} is not a file of the agent's own`)
}

/** Removes a file; it is no error when there is none. */
export function removeOwned(user: User, path: string): void {
  unlessMissing(() => {
    reach(user, path, (reached) => {
      unlinkSync(reached)
    })
  })
}

/** Changes the mode of a file or directory of the user's. */
export function changeMode(user: User, path: string, mode: number): void {
  reach(user, path, (reached) => {
    chmodSync(reached, mode)
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
  reach(user, path, (reached) => {
    closeSync(openSync(reached, flags, 0o600))
    unlinkSync(reached)
  })
}

/** The number of /dev/null, 1:3 on every Linux. A terminal, say, takes what is written to it in root's name. */
const NULL_DEVICE = (1 << 8) | 3

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
    fd = asUser(user, () => openSync(path, flags | constants.O_CREAT, 0o600))
  } catch (error) {
    // /var/log belongs to root: there root makes the file, anew and without following links, and hands it over.
    if (!isRoot() || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    fd = withParent(user, path, (reached, { actor }) => {
      if (actor.uid !== 0 || lstatSync(reached, { throwIfNoEntry: false })) throw error as Error
      const made = openSync(
        reached,
        flags | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        0o600,
      )
      fchownSync(made, user.uid, user.gid)
      return made
    })
  }
  const found = fstatSync(fd)
  if (found.isFile() || (found.isCharacterDevice() && found.rdev === NULL_DEVICE)) return fd
  closeSync(fd)
  throw new UnusableFileError(`${path} is not a regular file`)
}
