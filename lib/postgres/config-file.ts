/** What the agent needs in postgresql.conf: lines that include the files it writes. */
import { basename, dirname, resolve } from 'node:path'
import { asUser } from '../system/as-user'
import { type Files } from '../system/files'
import { type HeldDirectory, isShared, rootsLink, withParent } from '../system/held-directory'
import { readOwned, replace } from '../system/owned-files'
import { type ReadFile, readRegular, UnusableFileError } from '../system/regular-file'
import { isRoot, type User } from '../system/users'
import { quoteSetting } from './settings-text'

/** Marks the lines that the agent added. The shell agent's own mark, so that each finds the other's lines. */
const MARK = '# added by pgsql RA'

/** The file that a line includes; nothing for any other line. */
function includedBy(line: string): string | undefined {
  return /^\s*include(?:\s*=)?\s*'((?:[^']|'')*)'/.exec(line)?.[1]?.replaceAll("''", "'")
}

/** A line that the agent added, for a file of the same name that was then in another directory. */
function isOutdated(line: string, paths: readonly string[]): boolean {
  const path = includedBy(line)
  if (path === undefined || !line.trimEnd().endsWith(MARK) || paths.includes(path)) return false
  return paths.some((current) => basename(current) === basename(path))
}

/**
 * The text of a postgresql.conf that includes all of `paths` at its end; the same text when it does already. Lines
 * that the agent added for other directories are taken out: they would override what it says now.
 */
export function withIncludes(text: string, paths: readonly string[]): string {
  const lines = text.split('\n').filter((line) => !isOutdated(line, paths))
  const missing = paths.filter((path) => !lines.some((line) => includedBy(line) === path))
  const kept = lines.join('\n')
  if (missing.length === 0) return kept
  const added = missing.map((path) => `include ${quoteSetting(path)} ${MARK}\n`)
  return `${kept}${kept === '' || kept.endsWith('\n') ? '' : '\n'}${added.join('')}`
}

/**
 * Where a setting is given a value that is not empty in a postgresql.conf.
 *
 * @returns the line's number and the value, for the last such line
 */
export function findSetting(text: string, name: string): { line: number; value: string } | undefined {
  const pattern = new RegExp(`^\\s*${name}(?:\\s*=\\s*|\\s+)(?:'((?:[^']|'')*)'|([^\\s#']+))`, 'i')
  const found = text
    .split('\n')
    .map((content, index) => ({ line: index + 1, match: pattern.exec(content) }))
    .map(({ line, match }) => ({ line, value: match?.[1] ?? match?.[2] ?? '' }))
    .filter(({ value }) => value.trim() !== '')
  return found.at(-1)
}

/**
 * The file's text, read with the rights of the server's account, as the server reads it; nothing when there is no such
 * file.
 *
 * @throws Error of the system, and for anything but a regular file
 */
export function readConfigFile(owner: User, path: string): string | undefined {
  return readOwned(owner, path, { links: true })
}

type Change = (text: string) => string

/** A configuration is a few files: a link to a link to a link is none. */
const LINKS_MAX = 8

/** Whether anything changed, or the file that is to be changed in place of a link. */
type Outcome = boolean | string

/** @param owner - whose the file is to be; root only */
function changeIn(
  files: Files,
  file: string,
  { content, stat }: ReadFile,
  change: Change,
  owner?: { readonly uid: number; readonly gid: number },
): boolean {
  const text = content.toString('utf8')
  const changed = change(text)
  if (changed === text) return false
  replace(files, file, changed, { mode: stat.mode & 0o777, ...(owner !== undefined && { owner }) })
  return true
}

/** As root, in a directory that is its own: root leaves the file to whom it belongs. */
function changeAsRoot(reached: string, path: string, held: HeldDirectory, change: Change): Outcome {
  const { files } = held
  const target = rootsLink(held, basename(path))
  if (target !== undefined) return resolve(files.realpath(dirname(reached)), target)
  const found = readRegular(files, reached, {}, path)
  if (found.stat.uid !== 0 && isShared(held)) {
    throw new UnusableFileError(`${path} does not belong to root, in a directory that everybody may write to`)
  }
  return changeIn(files, reached, found, change, isRoot() ? found.stat : undefined)
}

/** With the rights of an account, which may follow its own link. */
function changeAsAccount(files: Files, reached: string, path: string, change: Change): boolean {
  const file = isLink(files, reached) ? files.realpath(reached) : reached
  return changeIn(files, file, readRegular(files, file, {}, path), change)
}

function isLink(files: Files, path: string): boolean {
  try {
    return files.lstat(path).isSymbolicLink()
  } catch {
    return false
  }
}

/**
 * Changes a configuration file that the cluster's configuration names. In a directory that only root can write to, root
 * changes it, and it stays whose it was; in any other, it is changed with the rights of the account whose directory it
 * is, also where a link of that account leads elsewhere.
 *
 * @param owner - the server's account
 * @returns whether anything changed
 * @throws Error of the system, and for anything but a regular file
 */
export function changeConfigFile(owner: User, path: string, change: Change): boolean {
  let file = path
  for (let links = 0; links <= LINKS_MAX; links++) {
    const outcome = withParent(owner, file, (reached, held) =>
      held.actor.uid === 0
        ? changeAsRoot(reached, file, held, change)
        : changeAsAccount(held.files, reached, file, change),
    )
    if (typeof outcome === 'boolean') return outcome
    file = outcome
  }
  throw new Error(`${path} is a link to a link, more than ${LINKS_MAX} times`)
}

/**
 * Changes a configuration file that the server's own configuration names, with the rights of its account and no others:
 * who may write postgresql.conf names what he likes.
 *
 * @returns whether anything changed
 * @throws Error of the system, and for anything but a regular file
 */
export function changeOwnConfigFile(owner: User, path: string, change: Change): boolean {
  return asUser(owner, (files) => changeAsAccount(files, path, path, change))
}
