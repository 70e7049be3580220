/** Files in directories that belong to another user, handled as that user. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { asUser, isRoot, type User } from './users'

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** A file's text, or nothing when there is no such file. Does not wait on a pipe that lies in the file's place. */
export function readOwned(user: User, path: string): string | undefined {
  return asUser(user, () => {
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        return readFileSync(fd, 'utf8')
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  })
}

/** Whether something of that name is there, a dangling link included. */
export function existsOwned(user: User, path: string): boolean {
  return asUser(user, () => {
    try {
      lstatSync(path)
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  })
}

/**
 * Replaces a file in one step: readers see the old text or the new, also after a crash.
 *
 * @param mode - the new file's mode. Default: only the owner may read and write.
 */
export function writeOwned(user: User, path: string, text: string | Uint8Array, mode = 0o600): void {
  asUser(user, () => {
    const fresh = `${path}.new.${process.pid}`
    try {
      const fd = openSync(
        fresh,
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        mode,
      )
      try {
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
        // It was never made, or is already in its place.
      }
      throw error
    }
    syncDirectory(dirname(path))
  })
}

function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Removes a file; it is no error when there is none. */
export function removeOwned(user: User, path: string): void {
  asUser(user, () => {
    try {
      unlinkSync(path)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
}

/**
 * Makes sure that there is a directory which belongs to `user` and that only `user` can enter. Directories that are
 * missing are made, each as the owner of the one above.
 *
 * @throws Error when something other than a directory is in the way, when it is a directory for everybody (such as
 * /tmp, which must not be taken away from them), or when the owner above may not write there
 */
export function makePrivateDirectory(user: User, path: string): void {
  makeDirectory(path, 0o700)
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const found = fstatSync(fd)
    if ((found.mode & 0o002) !== 0) throw new Error(`${path} is a directory that everybody may write to`)
    if (isRoot() && found.uid !== user.uid) fchownSync(fd, user.uid, user.gid)
    if ((found.mode & 0o777) !== 0o700) fchmodSync(fd, 0o700)
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes sure, by doing it, that `user` can make files in a directory. (access(2) would answer for whoever runs the
 * agent, not for whom it acts.)
 *
 * @throws Error when not
 */
export function tryToMakeFile(user: User, directory: string): void {
  asUser(user, () => {
    const path = `${directory}/.ocf-ts.${process.pid}`
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    closeSync(openSync(path, flags, 0o600))
    unlinkSync(path)
  })
}

/** Makes a directory of `user`'s unless something of that name is there, which is left as it is. */
export function makeSharedDirectory(user: User, path: string, mode: number): void {
  if (!makeDirectory(path, mode)) return
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    if (isRoot()) fchownSync(fd, user.uid, user.gid)
    fchmodSync(fd, mode)
  } finally {
    closeSync(fd)
  }
}

/** Makes a directory and those above it that are missing; `false` when it was there. */
function makeDirectory(path: string, mode: number): boolean {
  try {
    lstatSync(path)
    return false
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  const parent = dirname(path)
  makeDirectory(parent, 0o755)
  const { uid, gid } = statSync(parent)
  asUser({ name: '', uid, gid }, () => {
    mkdirSync(path, { mode })
  })
  return true
}

/** Opens a log file of the user's to append to; makes it when it is missing. Close the descriptor afterwards. */
export function openOwnedLog(user: User, path: string): number {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOCTTY
  try {
    return asUser(user, () => openSync(path, flags | constants.O_CREAT, 0o600))
  } catch (error) {
    // /var/log belongs to root: there root makes the file, anew and without following links, and hands it over.
    const mayMake =
      isRoot() && (error as NodeJS.ErrnoException).code === 'EACCES' && statSync(dirname(path)).uid === 0
    if (!mayMake || existsOwned({ name: 'root', uid: 0, gid: 0 }, path)) throw error
    const fd = openSync(path, flags | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    fchownSync(fd, user.uid, user.gid)
    return fd
  }
}
