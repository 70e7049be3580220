/**
 * Directories beside another one, which are put in its place and put away. What belongs to the directory above is done
 * as that one's owner: root there where it is root's, and nobody's links are followed.
 */
import { lstatSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { inside, unlessMissing } from './files'
import { withParent } from './held-directory'
import { makeDirectory, statOwned, syncDirectory } from './owned-files'
import { describeFailure, runProgram } from './run-program'
import { isRoot, type User } from './users'

/** A directory, told from any other that has or had its name. */
export interface DirectoryMark {
  readonly device: string
  readonly inode: string
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

const STAMP = /^\d{8}T\d{6}Z$/

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
    .filter(({ name }) => STAMP.test(name.slice(begin.length)))
    .map(({ name }) => `${dirname(path)}/${name}`)
    .sort()
}

/** Whether `sibling` is such a name beside `path`, whatever has it. */
export function isStampedSibling(path: string, word: string, sibling: string): boolean {
  const begin = `${path}${word}`
  return sibling.startsWith(begin) && STAMP.test(sibling.slice(begin.length))
}

/** A name of that kind that nothing has. */
export function freeSibling(path: string, word: string, time = Date.now()): string {
  const name = `${path}${word}${stampOf(new Date(time))}`
  return lstatSync(name, { throwIfNoEntry: false }) ? freeSibling(path, word, time + 1000) : name
}

/**
 * Makes an empty directory of the user's that is `model`'s neighbour, with its mode.
 *
 * @throws Error of the system
 */
export function makeSibling(owner: User, model: string, path: string): void {
  const mode = (statOwned(owner, model)?.mode ?? 0o700) & 0o777
  if (!makeDirectory(owner, path, mode)) throw new Error(`${path} is there already`)
}

/**
 * Gives a directory of the user's another name beside its old one, safely on disk.
 *
 * @throws Error of the system, when something has that name, and when it is not the user's
 */
export function renameSibling(owner: User, from: string, to: string): void {
  if (dirname(from) !== dirname(to)) throw new Error(`${to} is not beside ${from}`)
  withParent(owner, to, (reached, held) => {
    const { files, actor } = held
    if (unlessMissing(() => files.lstat(reached))) throw new Error(`${to} is there already`)
    const source = inside(held, basename(from))
    const found = files.lstat(source)
    // In a directory of root's it is root that renames.
    if (!found.isDirectory() || (isRoot() && actor.uid === 0 && found.uid !== owner.uid))
      throw new Error(`${from} is not a directory of ${owner.name}'s`)
    files.rename(source, reached)
    syncDirectory(files, dirname(reached))
  })
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
  removeEmptySibling(owner, path)
}

/**
 * Removes an empty directory.
 *
 * @throws Error of the system
 */
export function removeEmptySibling(owner: User, path: string): void {
  withParent(owner, path, (reached, { files }) => {
    files.rmdir(reached)
  })
}
