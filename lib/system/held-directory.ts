/**
 * Directories on the way to which another account may have a say, held open while something is done in them.
 *
 * Root goes along a path part by part, from the root directory, and holds each part (openat(2), by way of
 * /proc/self/fd). As long as nobody but root could have changed what was passed, what is found is root's own word, its
 * links included. From the first directory on that another account can write to, everything below it is that
 * account's word, and all that is left of the path is gone, and all that is done at its end, with that account's rights
 * and never again with root's: wherever a link leads, the kernel refuses what the account may not do itself.
 */
import { constants, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { asUser } from './as-user'
import { type Files, HOLD, inside, type Opened, ownFiles } from './files'
import { isRoot, type User } from './users'

export const ROOT: User = { name: 'root', uid: 0, gid: 0 }

/** As the kernel (path_resolution(7)). */
const LINKS_MAX = 40

/** Of an account that has no group of its own here. */
const NO_GROUP = 65534

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

export interface HeldDirectory {
  readonly fd: Opened
  /** Its path. */
  readonly path: string
  /** As whom its contents are worked on. */
  readonly actor: User
  /** What they are worked on with. */
  readonly files: Files
}

/** Whether what a directory holds is the word of root alone. In a sticky one, nobody moves what is another's. */
export function isRoots({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === 0 && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0)
}

/** Whether others may add to a directory of root's what is their own; root's word is only what is owned by root then. */
export function isShared({ fd, files }: HeldDirectory): boolean {
  return (files.fstat(fd).mode & WRITABLE_BY_OTHERS) !== 0
}

/**
 * The account whose word a directory's contents are. Its group is never the directory's, which may be one that the
 * account is not in.
 */
function accountOf(user: User, path: string, { uid }: { readonly uid: number }): User {
  if (uid === user.uid || uid === 0) {
    // A directory of root's that others may write to, too: whoever it is done for has no more rights than they.
    if (user.uid !== 0) return user
    throw new Error(`others than root may write to ${path}: chmod go-w ${path}, or name another directory`)
  }
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(uid))
  return entry
    ? { name: entry[0] ?? '', uid, gid: Number(entry[3]) }
    : { name: String(uid), uid, gid: NO_GROUP, nameless: true }
}

interface Walk {
  /** The last directory that was reached, held by root. */
  readonly held: Pick<HeldDirectory, 'fd' | 'path' | 'actor'>
  /** What of the path is left: nothing, or it begins with what is missing, or the rest is for `held.actor` to go. */
  readonly left: readonly string[]
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

/**
 * Where a link leads that lies in a directory of root's; nothing for anything but a link.
 *
 * @throws Error for a link that is not root's
 */
export function rootsLink(held: Pick<HeldDirectory, 'fd' | 'path'>, name: string): string | undefined {
  const path = inside(held, name)
  // Looked at first: in a sticky directory nobody can take root's link away, but anybody can make a link of his own.
  let uid: number
  try {
    const status = ownFiles.lstat(path)
    if (!status.isSymbolicLink()) return undefined
    ;({ uid } = status)
  } catch {
    return undefined
  }
  if (uid !== 0) throw new Error(`${held.path}/${name} is a symbolic link that does not belong to root`)
  return ownFiles.readlink(path)
}

/** Goes along a path as far as it is root's word. The caller closes what is held. */
function walk(user: User, path: string): Walk {
  const { open, close, fstat } = ownFiles
  let held: Walk['held'] = { fd: open('/', HOLD), path: '/', actor: ROOT }
  let left = partsOf(path)
  let links = 0
  const step = (fd: Opened, to: string): void => {
    close(held.fd)
    held = { fd, path: to, actor: ROOT }
  }
  try {
    for (;;) {
      const found = fstat(held.fd)
      if (!isRoots(found)) return { held: { ...held, actor: accountOf(user, held.path, found) }, left }
      const [name] = left
      if (name === undefined) return { held, left }
      const shown = pathBelow(held.path, name)
      try {
        step(open(inside(held, name), HOLD | constants.O_NOFOLLOW), shown)
        left = left.slice(1)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') return { held, left }
        const target = code === 'ENOTDIR' || code === 'ELOOP' ? rootsLink(held, name) : undefined
        if (target === undefined || ++links > LINKS_MAX) throw named(error, shown)
        left = [...partsOf(target), ...left.slice(1)]
        if (target.startsWith('/')) step(open('/', HOLD), '/')
      }
    }
  } catch (error) {
    close(held.fd)
    throw error
  }
}

function pathBelow(directory: string, name: string): string {
  return `${directory === '/' ? '' : directory}/${name}`
}

/** The error with the path that the operator knows, in place of a descriptor's. */
export function named(error: unknown, path: string): unknown {
  if (error instanceof Error)
    error.message = error.message.replace(/\/proc\/self\/fd\/\d+(?:\/[^']*)?/g, path)
  return error
}

function missing(path: string): Error {
  const message = `ENOENT: no such file or directory, open '${path}'`
  return Object.assign(new Error(message), { code: 'ENOENT', path })
}

/**
 * Works in the directory that a way leads to, or in one below it, with the rights of the account whose word it is, and
 * with what that account works with.
 *
 * @param rest - the way that is left, for that account to go
 */
function workIn<T>(
  way: Walk['held'],
  rest: readonly string[],
  path: string,
  work: (held: HeldDirectory) => T,
): T {
  const { actor } = way
  return asUser(actor, (files) => {
    const fd = files.openBelow(way, rest.join('/'))
    try {
      return work({ fd, path, actor, files })
    } finally {
      files.close(fd)
    }
  })
}

/** For an agent that is not run as root there is nobody else's right that could be abused. */
function withoutRoot<T>(user: User, path: string, work: (held: HeldDirectory) => T): T {
  const fd = ownFiles.open(path, HOLD)
  try {
    return work({ fd, path, actor: user, files: ownFiles })
  } finally {
    ownFiles.close(fd)
  }
}

/** The error that `work` throws with the path that the operator knows. */
function naming<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw named(error, path)
  }
}

/**
 * Holds a directory while something is done in it, as the account whose word the way to it is.
 *
 * @param user - for whom it is done: the account of what root alone does not answer for
 * @param path - absolute
 * @throws Error of the system
 */
export function withDirectory<T>(user: User, path: string, work: (held: HeldDirectory) => T): T {
  return naming(path, () => {
    if (!isRoot()) return withoutRoot(user, path, work)
    const { held, left } = walk(user, path)
    try {
      if (held.actor.uid === 0 && left.length > 0) throw missing(path)
      return workIn(held, left, path, work)
    } finally {
      ownFiles.close(held.fd)
    }
  })
}

/**
 * Works on a file, whose directory is held meanwhile.
 *
 * @param work - is given the path by which the file is reached, not by which it is known
 */
export function withParent<T>(
  user: User,
  path: string,
  work: (reached: string, held: HeldDirectory) => T,
): T {
  return naming(path, () =>
    withDirectory(user, dirname(path), (held) => work(inside(held, basename(path)), held)),
  )
}

/** The part of a way to a directory that is there, and what is missing of it. */
export interface Way {
  readonly held: HeldDirectory
  readonly missing: readonly string[]
}

/**
 * As `withDirectory`, for a directory that may be missing: `work` is given the last one on the way to it that root's word
 * leads to. Where that is another account's, what is missing below it is for that account to find out.
 */
export function withWay<T>(user: User, path: string, work: (way: Way) => T): T {
  return naming(path, () => {
    if (!isRoot()) return withoutRoot(user, '/', (held) => work({ held, missing: partsOf(path) }))
    const { held, left } = walk(user, path)
    try {
      return workIn(held, [], held.path, (reached) => work({ held: reached, missing: left }))
    } finally {
      ownFiles.close(held.fd)
    }
  })
}
