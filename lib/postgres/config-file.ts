/** What the agent needs in postgresql.conf: lines that include the files it writes. */
import { readlinkSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { readOwned, writeOwned } from '../system/owned-files'
import { type User } from '../system/users'
import { quoteSetting } from './settings-text'

/** Marks the lines that the agent added. The shell agent's own mark, so that each finds the other's lines. */
const MARK = '# added by pgsql RA'

/** The file that a line includes; nothing for any other line. */
function includedBy(line: string): string | undefined {
  return /^\s*include\s*=?\s*'((?:[^']|'')*)'/.exec(line)?.[1]?.replaceAll("''", "'")
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
  const pattern = new RegExp(`^\\s*${name}\\s*(?:=|\\s)\\s*(?:'((?:[^']|'')*)'|([^\\s#']+))`, 'i')
  const found = text
    .split('\n')
    .map((content, index) => ({ line: index + 1, match: pattern.exec(content) }))
    .map(({ line, match }) => ({ line, value: match?.[1] ?? match?.[2] ?? '' }))
    .filter(({ value }) => value.trim() !== '')
  return found.at(-1)
}

/** The account as which a configuration file is written: whoever owns the directory that its path names. */
function ownerOf(path: string): User {
  const { uid, gid } = statSync(dirname(path))
  return { name: '', uid, gid }
}

/** The file's text; nothing when there is no such file. */
export function readConfigFile(path: string): string | undefined {
  return readOwned(ownerOf(path), path)
}

/**
 * Changes a configuration file, as the owner of its directory. Through a link the linked file is changed, but still
 * as the owner of the directory in which the link lies: who may place a link must not thereby gain root's rights.
 *
 * @returns whether anything changed
 */
export function changeConfigFile(path: string, change: (text: string) => string): boolean {
  const owner = ownerOf(path)
  let target = path
  try {
    target = resolve(dirname(path), readlinkSync(path))
  } catch {
    // Not a link.
  }
  const text = readOwned(owner, target) ?? ''
  const changed = change(text)
  if (changed === text) return false
  writeOwned(owner, target, changed, statSync(target).mode & 0o777)
  return true
}
