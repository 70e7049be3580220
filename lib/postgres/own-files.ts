/**
 * A node's own files in the data directory: configuration, keys, whatever an operator has put there. A copy of another
 * node's data has that node's in their place.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { makePrivateDirectory, writeOwned } from '../system/owned-files'
import { asUser, type User } from '../system/users'

/** What belongs to the data, or to the server that runs on it. */
const DATA_FILES =
  /^(?:PG_VERSION|postmaster\.(?:pid|opts)|(?:backup_label|tablespace_map)(?:\.old)?|backup_manifest|current_logfiles|(?:standby|recovery)\.signal|recovery\.(?:conf|done))$/
const DATA_DIRECTORIES = /^(?:base|global|log|pg_.*)$/

/** A configuration file is not larger; what is, is not read into memory. */
const SIZE_MAX = 2 ** 20

/** Their paths in the data directory, at its top and one directory below. */
function ownFiles(directory: string): readonly string[] {
  const isFile = (path: string): boolean => {
    const found = lstatSync(`${directory}/${path}`)
    return found.isFile() && found.size <= SIZE_MAX
  }
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      if (!entry.isDirectory()) return DATA_FILES.test(entry.name) ? [] : [entry.name]
      if (DATA_DIRECTORIES.test(entry.name)) return []
      return readdirSync(`${directory}/${entry.name}`).map((name) => `${entry.name}/${name}`)
    })
    .filter(isFile)
}

/** Copies them to another directory, in place of what an earlier call has copied there. */
export function keepOwnFiles(owner: User, dataDirectory: string, kept: string): void {
  dropKeptFiles(owner, kept)
  makePrivateDirectory(owner, kept)
  for (const path of asUser(owner, () => ownFiles(dataDirectory))) {
    const from = `${dataDirectory}/${path}`
    const { content, mode } = asUser(owner, () => ({
      content: readFileSync(from),
      mode: lstatSync(from).mode & 0o777,
    }))
    writeOwned(owner, `${kept}/${encodeURIComponent(path)}`, content, mode)
  }
}

/** Puts them back where they were. */
export function restoreOwnFiles(owner: User, dataDirectory: string, kept: string): void {
  for (const name of asUser(owner, () => readdirSync(kept))) {
    const from = `${kept}/${name}`
    const to = `${dataDirectory}/${decodeURIComponent(name)}`
    const { content, mode } = asUser(owner, () => ({
      content: readFileSync(from),
      mode: lstatSync(from).mode & 0o777,
    }))
    makePrivateDirectoryIfMissing(owner, dirname(to))
    writeOwned(owner, to, content, mode)
  }
}

function makePrivateDirectoryIfMissing(owner: User, path: string): void {
  const found = asUser(owner, () => lstatSync(path, { throwIfNoEntry: false }))
  if (!found) makePrivateDirectory(owner, path)
}

/**
 * Makes the links at the top of one data directory in another: a copy has none, but of pg_wal and of tablespaces. A file
 * that is in a link's place gives way; a directory does not.
 */
export function copyOwnLinks(owner: User, from: string, to: string): void {
  asUser(owner, () => {
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      if (!entry.isSymbolicLink()) continue
      const path = `${to}/${entry.name}`
      const there = lstatSync(path, { throwIfNoEntry: false })
      if (there?.isDirectory()) continue
      if (there) unlinkSync(path)
      symlinkSync(readlinkSync(`${from}/${entry.name}`), path)
    }
  })
}

export function dropKeptFiles(owner: User, kept: string): void {
  asUser(owner, () => {
    rmSync(kept, { recursive: true, force: true })
  })
}
