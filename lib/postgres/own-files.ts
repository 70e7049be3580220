/**
 * A node's own files in the data directory: configuration, keys, whatever an operator has put there. A copy of another
 * node's data has that node's in their place.
 */
import { dirname } from 'node:path'
import { ExitCode, OcfError } from '../ocf'
import { asUser } from '../system/as-user'
import { type Files, unlessMissing } from '../system/files'
import { listOwned, makeDirectoryAsOwner, readOwnedFile, writeOwned } from '../system/owned-files'
import { type User } from '../system/users'

/** What belongs to the data, or to the server that runs on it. */
const DATA_FILES =
  /^(?:PG_VERSION|postmaster\.(?:pid|opts)|(?:backup_label|tablespace_map)(?:\.old)?|backup_manifest|current_logfiles|(?:standby|recovery)\.signal|recovery\.(?:conf|done))$/
const DATA_DIRECTORIES = /^(?:base|global|log|pg_.*)$/

/** A configuration file is not larger; what is, is not read into memory. */
const SIZE_MAX = 2 ** 20

/** Their paths in the data directory, at its top and one directory below. */
function ownFilesIn(files: Files, directory: string): readonly string[] {
  const isFile = (path: string): boolean => {
    const found = files.lstat(`${directory}/${path}`)
    return found.isFile() && found.size <= SIZE_MAX
  }
  return files
    .readdir(directory)
    .flatMap((name) => {
      if (!files.lstat(`${directory}/${name}`).isDirectory()) return DATA_FILES.test(name) ? [] : [name]
      if (DATA_DIRECTORIES.test(name)) return []
      return files.readdir(`${directory}/${name}`).map((below) => `${name}/${below}`)
    })
    .filter(isFile)
}

/** Copies them to another directory, in place of what an earlier call has copied there. */
export function keepOwnFiles(owner: User, dataDirectory: string, kept: string): void {
  dropKeptFiles(owner, kept)
  makeDirectoryAsOwner(owner, kept, 0o700)
  for (const path of asUser(owner, (files) => ownFilesIn(files, dataDirectory)))
    copyFile(owner, `${dataDirectory}/${path}`, `${kept}/${encodeURIComponent(path)}`)
}

/**
 * The path in the data directory of a file that `keepOwnFiles` has kept.
 *
 * @returns nothing for a name that it does not give
 */
export function keptPath(name: string): string | undefined {
  let path: string
  try {
    path = decodeURIComponent(name)
  } catch {
    return undefined
  }
  const parts = path.split('/')
  const [directory = ''] = parts
  const isName = (part: string): boolean =>
    part !== '' && part !== '.' && part !== '..' && !part.includes('\0')
  if (parts.length > 2 || !parts.every(isName)) return undefined
  const isData = parts.length === 1 ? DATA_FILES.test(path) : DATA_DIRECTORIES.test(directory)
  return isData ? undefined : path
}

/**
 * Puts them back where they were.
 *
 * @throws OcfError ERR_GENERIC, before anything is put back, when there is something that was not kept by this
 */
export function restoreOwnFiles(owner: User, dataDirectory: string, kept: string): void {
  const files = listOwned(owner, kept).map((name) => {
    const path = keptPath(name)
    if (path !== undefined) return { name, path }
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `${kept} holds ${JSON.stringify(name.slice(0, 100))}, which no rejoin has put there: remove it`,
    )
  })
  for (const { name, path } of files) {
    if (path.includes('/')) makeDirectoryAsOwner(owner, `${dataDirectory}/${dirname(path)}`, 0o700)
    copyFile(owner, `${kept}/${name}`, `${dataDirectory}/${path}`)
  }
}

function copyFile(owner: User, from: string, to: string): void {
  const file = readOwnedFile(owner, from, { limit: SIZE_MAX })
  if (file !== undefined) writeOwned(owner, to, file.content, file.stat.mode & 0o777)
}

/**
 * Makes the links at the top of one data directory in another: a copy has none, but of pg_wal and of tablespaces. A file
 * that is in a link's place gives way; a directory does not.
 */
export function copyOwnLinks(owner: User, from: string, to: string): void {
  asUser(owner, (files) => {
    for (const name of files.readdir(from)) {
      const [link, path] = [`${from}/${name}`, `${to}/${name}`]
      if (!files.lstat(link).isSymbolicLink()) continue
      const there = unlessMissing(() => files.lstat(path))
      if (there?.isDirectory()) continue
      if (there) files.unlink(path)
      files.symlink(files.readlink(link), path)
    }
  })
}

export function dropKeptFiles(owner: User, kept: string): void {
  asUser(owner, (files) => {
    files.removeAll(kept)
  })
}
