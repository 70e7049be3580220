/**
 * Directories on the way to which another account may have a say, held open while something is done in them.
 *
 * Root goes along a path part by part, from the root directory, and holds each part (openat(2), by way of
 * /proc/self/fd). As long as nobody but root could have changed what was passed, what is found is root's own word, its
 * links included. From the first directory on that another account can write to, everything below it is that
 * account's word, and all that is left of the path is gone, and all that is done at its end, with that account's rights
 * and never again with root's: wherever a link leads, the kernel refuses what the account may not do itself.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { asUser, isRoot, type User } from './users'

export const ROOT: User = { name: 'root', uid: 0, gid: 0 }

/** open(2): only to name the directory, which needs no right to read it. Node has no name for it. */
const O_PATH = 0o10000000
const HOLD = O_PATH | constants.O_DIRECTORY

/** As the kernel (path_resolution(7)). */
const LINKS_MAX = 40

/** Of an account that has no group of its own here. */
const NO_GROUP = 65534

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

export interface HeldDirectory {
  readonly fd: number
  /** Its path, for messages. */
  readonly path: string
  /** As whom its contents are worked on. */
  readonly actor: User
}

/** The path by which a held directory's entry is reached, whatever becomes of the directory's own name. */
export function inside({ fd }: Pick<HeldDirectory, 'fd'>, name: string): string {
  return `/proc/self/fd/${fd}/${name}`
}

/** Whether what a directory holds is the word of root alone. In a sticky one, nobody moves what is another's. */
export function isRoots({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === 0 && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0)
}

/** Whether others may add to a directory of root's what is their own; root's word is only what is owned by root then. */
export function isShared({ fd }: HeldDirectory): boolean {
  return (fstatSync(fd).mode & WRITABLE_BY_OTHERS) !== 0
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
  return { name: entry?.[0] ?? String(uid), uid, gid: entry ? Number(entry[3]) : NO_GROUP }
}

interface Walk {
  /** The last directory that was reached. */
  readonly held: HeldDirectory
  /** What of the path is left: nothing, or it begins with what is missing, or the rest is for `held.actor` to go. */
  readonly left: readonly string[]
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

/**
 * Where a link leads that lies in a directory of root's; nothing for anything but a link.
 *
 * @throws Error for a link that is not root's
 */
export function rootsLink(held: HeldDirectory, name: string): string | undefined {
  const path = inside(held, name)
  let target: string
  try {
    target = readlinkSync(path)
  } catch {
    return undefined
  }
  if (lstatSync(path).uid !== 0) {
    throw new Error(`${held.path}/${name} is a symbolic link that does not belong to root`)
  }
  return target
}

/** Goes along a path as far as it is root's word. The caller closes what is held. */
function walk(user: User, path: string): Walk {
  let held: HeldDirectory = { fd: openSync('/', HOLD), path: '/', actor: ROOT }
  let left = partsOf(path)
  let links = 0
  const step = (fd: number, to: string): void => {
    closeSync(held.fd)
    held = { fd, path: to, actor: ROOT }
  }
  try {
    for (;;) {
      const found = fstatSync(held.fd)
      if (!isRoots(found)) return { held: { ...held, actor: accountOf(user, held.path, found) }, left }
      const [name] = left
      if (name === undefined) return { held, left }
      const shown = `${held.path === '/' ? '' : held.path}/${name}`
      try {
        step(openSync(inside(held, name), HOLD | constants.O_NOFOLLOW), shown)
        left = left.slice(1)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') return { held, left }
        const target = code === 'ENOTDIR' || code === 'ELOOP' ? rootsLink(held, name) : undefined
        if (target === undefined || ++links > LINKS_MAX) throw named(error, shown)
        left = [...partsOf(target), ...left.slice(1)]
        if (target.startsWith('/')) step(openSync('/', HOLD), '/')
      }
    }
  } catch (error) {
    closeSync(held.fd)
    throw error
  }
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

/** Goes the rest of the way with the rights of the account whose word it is. */
function goOn({ held, left }: Walk, path: string): HeldDirectory {
  if (left.length === 0) return held
  try {
    if (held.actor.uid === 0) throw missing(path)
    const fd = asUser(held.actor, () => openSync(inside(held, left.join('/')), HOLD))
    return { fd, path, actor: held.actor }
  } catch (error) {
    throw named(error, path)
  } finally {
    closeSync(held.fd)
  }
}

/** For an agent that is not run as root there is nobody else's right that could be abused. */
function withoutRoot(user: User, path: string): HeldDirectory {
  return { fd: openSync(path, HOLD), path, actor: user }
}

/**
 * Holds a directory while something is done in it, as the account whose word the way to it is.
 *
 * @param user - for whom it is done: the account of what root alone does not answer for
 * @param path - absolute
 * @throws Error of the system
 */
export function withDirectory<T>(user: User, path: string, work: (held: HeldDirectory) => T): T {
  const held = isRoot() ? goOn(walk(user, path), path) : withoutRoot(user, path)
  try {
    return asUser(held.actor, () => work(held))
  } catch (error) {
    throw named(error, path)
  } finally {
    closeSync(held.fd)
  }
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
  try {
    return withDirectory(user, dirname(path), (held) => work(inside(held, basename(path)), held))
  } catch (error) {
    throw named(error, path)
  }
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
  const { held, left } = isRoot() ? walk(user, path) : { held: withoutRoot(user, '/'), left: partsOf(path) }
  try {
    return asUser(held.actor, () => work({ held, missing: left }))
  } catch (error) {
    throw named(error, path)
  } finally {
    closeSync(held.fd)
  }
}
