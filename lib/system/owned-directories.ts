/** Making directories for an account. One that is there is never given to another account. */
import { constants } from 'node:fs'
import { asUser } from './as-user'
import { inside, type Opened, ownFiles } from './files'
import { type HeldDirectory, withDirectory, withWay } from './held-directory'
import { isRoot, type User } from './users'

/** Directories on the way that are made. */
const WAY_MODE = 0o755
const EVERYBODY = 0o002

const code = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/**
 * Makes a directory in a held one of root's. Nobody else can put anything in its place: the one above is root's alone,
 * or a sticky one, in which nobody moves what is root's.
 *
 * @param owner - whose it is to be
 */
function makeAsRoot(above: { readonly fd: Opened }, name: string, mode: number, owner?: User): Opened {
  const { open, mkdir, fstat, fchown, fchmod, close } = ownFiles
  const path = inside(above, name)
  mkdir(path, 0o700)
  const made = open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const { uid } = fstat(made)
    if (uid !== 0) throw new Error('another account has put a directory in its place')
    if (owner !== undefined) fchown(made, owner.uid, owner.gid)
    fchmod(made, mode)
    return made
  } catch (error) {
    close(made)
    throw error
  }
}

function makeAllAsRoot(held: HeldDirectory, names: readonly string[], mode: number, owner: User): void {
  const opened: Opened[] = []
  let above: { readonly fd: Opened } = held
  try {
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1
      const fd = last ? makeAsRoot(above, name, mode, owner) : makeAsRoot(above, name, WAY_MODE)
      opened.push(fd)
      above = { fd }
    }
  } finally {
    for (const fd of opened) ownFiles.close(fd)
  }
}

/** With the rights of the account alone; `false` when there was nothing to make. */
function makeAllAsOwner(
  { fd, files }: Pick<HeldDirectory, 'fd' | 'files'>,
  names: readonly string[],
  mode: number,
): boolean {
  let made = false
  for (const index of names.keys()) {
    const path = inside({ fd }, names.slice(0, index + 1).join('/'))
    const last = index === names.length - 1
    try {
      files.mkdir(path, last ? 0o700 : WAY_MODE)
      made = last
      if (last) files.chmod(path, mode)
    } catch (error) {
      if (code(error) !== 'EEXIST') throw error
    }
  }
  return made
}

/** Whose a directory is, for a message. */
function nameOf({ name, uid }: Pick<User, 'name' | 'uid'>, user: User): string {
  return uid === user.uid ? user.name : uid === 0 ? 'root' : name || `user ${uid}`
}

/** Why a directory that is missing is not made where it would have to be; nothing where it is. */
function placeObstacle({ actor, path }: HeldDirectory, user: User): string | undefined {
  if (actor.uid === 0 || actor.uid === user.uid) return undefined
  return `would lie in ${path}, which belongs to ${nameOf(actor, user)}`
}

/**
 * Makes a directory of `user`'s, and those above it that are missing. In a directory that only root can write to it is
 * made by root and then given to `user`; anywhere else it is made with the rights of `user`.
 *
 * @returns `false` when something of that name was there, which is left as it is
 * @throws Error of the system, and where the directory above is a third account's
 */
export function makeDirectory(user: User, path: string, mode: number): boolean {
  return !isThere(user, path) && makeMissing(user, path, mode)
}

function makeMissing(user: User, path: string, mode: number): boolean {
  return withWay(user, path, ({ held, missing }) => {
    const obstacle = placeObstacle(held, user)
    if (obstacle !== undefined) throw new Error(`${path} ${obstacle}`)
    if (missing.length === 0) return false
    if (held.actor.uid !== 0 || !isRoot()) return makeAllAsOwner(held, missing, mode)
    makeAllAsRoot(held, missing, mode, user)
    return true
  })
}

/**
 * Makes a directory, and those above it that are missing, with the rights of `user` and no others, wherever it is.
 *
 * @throws Error of the system
 */
export function makeDirectoryAsOwner(user: User, path: string, mode: number): void {
  asUser(user, (files) => {
    const fd = files.open('/', constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      makeAllAsOwner({ fd, files }, path.split('/').filter(Boolean), mode)
    } finally {
      files.close(fd)
    }
  })
}

function isThere(user: User, path: string): boolean {
  try {
    return withDirectory(user, path, () => true)
  } catch (error) {
    if (code(error) === 'ENOENT') return false
    throw error
  }
}

/** Why a directory that is there cannot be one that only `user` can enter; nothing when it can. */
function obstacleIn({ fd, files }: HeldDirectory, user: User): string | undefined {
  const { uid, mode } = files.fstat(fd)
  if (uid !== user.uid) {
    return `belongs to ${nameOf({ name: '', uid }, user)}, not to ${user.name}`
  }
  return (mode & EVERYBODY) === 0 ? undefined : 'is a directory that everybody may write to'
}

/**
 * Looks whether there is, or can be made, a directory that belongs to `user`; changes nothing.
 *
 * @returns what is in the way, as the rest of a sentence about the directory; nothing where nothing is
 */
export function privateDirectoryObstacle(user: User, path: string): string | undefined {
  try {
    return withDirectory(user, path, (held) => obstacleIn(held, user))
  } catch (error) {
    if (code(error) === 'ENOENT') return withWay(user, path, ({ held }) => placeObstacle(held, user))
    return code(error) === 'ENOTDIR'
      ? 'is not a directory'
      : `cannot be reached: ${error instanceof Error ? error.message : String(error)}`
  }
}

/**
 * Makes sure that there is a directory which belongs to `user` and that only `user` can enter.
 *
 * @throws Error when it belongs to somebody else, when it is a directory for everybody (such as /tmp, which must not be
 * taken away from them), or when it is missing and cannot be made
 */
export function makePrivateDirectory(user: User, path: string): void {
  try {
    takePrivate(user, path)
  } catch (error) {
    if (code(error) !== 'ENOENT') throw error
    makeMissing(user, path, 0o700)
    takePrivate(user, path)
  }
}

function takePrivate(user: User, path: string): void {
  withDirectory(user, path, (held) => {
    const obstacle = obstacleIn(held, user)
    if (obstacle !== undefined) throw new Error(`${path} ${obstacle}`)
    const { fd, files } = held
    if ((files.fstat(fd).mode & 0o777) !== 0o700) files.chmod(inside(held, ''), 0o700)
  })
}
