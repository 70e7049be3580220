/**
 * Directories beside another one, which are put in its place and put away. What belongs to the directory above is done
 * as that one's owner: root there where it is root's, and nobody's links are followed.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from './run-program'
import { asUser, isRoot, type User } from './users'

/** A directory, told from any other that has or had its name. */
export interface DirectoryMark {
  readonly device: string
  readonly inode: string
}

function ownerAbove(path: string): User {
  const { uid, gid } = statSync(dirname(path))
  return { name: '', uid, gid }
}

/** Which directory has this name; nothing when there is none, or something else. */
export function directoryMark(path: string): DirectoryMark | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return found?.isDirectory() ? { device: String(found.dev), inode: String(found.ino) } : undefined
}

export function isMarked(path: string, { device, inode }: DirectoryMark): boolean {
  const found = directoryMark(path)
  return found?.device === device && found.inode === inode
}

/** A moment as the end of a name: 20261123T205344Z. */
export function stampOf(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '')
}

/**
 * The directories beside `path` whose names are its own, a word and a moment; from the oldest.
 *
 * @param word - `.diverged-`
 */
export function stampedSiblings(path: string, word: string): readonly string[] {
  const begin = `${basename(path)}${word}`
  return readdirSync(dirname(path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(begin))
    .filter(({ name }) => /^\d{8}T\d{6}Z$/.test(name.slice(begin.length)))
    .map(({ name }) => `${dirname(path)}/${name}`)
    .sort()
}

/** A name of that kind that nothing has. */
export function freeSibling(path: string, word: string, time = Date.now()): string {
  const name = `${path}${word}${stampOf(new Date(time))}`
  return lstatSync(name, { throwIfNoEntry: false }) ? freeSibling(path, word, time + 1000) : name
}

/**
 * Makes an empty directory that is `model`'s neighbour, with its owner and mode.
 *
 * @throws Error of the system
 */
export function makeSibling(model: string, path: string): void {
  const { uid, gid, mode } = statSync(model)
  asUser(ownerAbove(path), () => {
    mkdirSync(path, { mode: 0o700 })
  })
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    if (isRoot()) fchownSync(fd, uid, gid)
  } finally {
    closeSync(fd)
  }
  asUser({ name: '', uid, gid }, () => {
    chmodSync(path, mode & 0o777)
  })
}

/**
 * Gives a directory another name beside its old one, safely on disk.
 *
 * @throws Error of the system, and when something has that name
 */
export function renameSibling(from: string, to: string): void {
  if (lstatSync(to, { throwIfNoEntry: false })) throw new Error(`${to} is there already`)
  asUser(ownerAbove(to), () => {
    renameSync(from, to)
  })
  syncAbove(to)
}

function syncAbove(path: string): void {
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Removes a directory of the user's with all that is in it, as the user.
 *
 * @throws OcfError ERR_GENERIC when something is left
 */
export async function removeSibling(owner: User, path: string, deadline: Deadline): Promise<void> {
  const { uid } = lstatSync(path)
  if (uid !== owner.uid) throw new OcfError(ExitCode.ERR_GENERIC, `${path} does not belong to ${owner.name}`)
  const args = [path, '-xdev', '-mindepth', '1', '-delete']
  const result = await runProgram('find', args, { as: owner, deadline, cwd: '/' })
  if (result.code !== 0) throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('find', result))
  asUser(ownerAbove(path), () => {
    rmdirSync(path)
  })
}
