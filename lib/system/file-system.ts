/** Where a path lies, and how much room is left there. */
import { readFileSync } from 'node:fs'
import { asUser } from './as-user'
import { type User } from './users'

export interface Mount {
  /** The directory that it is mounted on. */
  readonly point: string
  /** `ext4`, `xfs`, `tmpfs`, … */
  readonly type: string
}

/** A file system as whoever is not root may fill it. */
export interface Room {
  readonly freeBytes: number
  readonly totalBytes: number
  /** Files that can still be made; nothing where the file system has no fixed number of them. */
  readonly freeFiles: number | undefined
}

function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)))
}

/**
 * The mount that a path is on.
 *
 * @param path - absolute, without links
 * @param table - what /proc/self/mountinfo says (proc_pid_mountinfo(5)); a later line hides an earlier one
 */
export function mountOf(path: string, table: string): Mount | undefined {
  let found: Mount | undefined
  for (const line of table.split('\n')) {
    const [place = '', source = ''] = line.split(' - ')
    const [type] = source.split(' ')
    const point = unescape(place.split(' ')[4] ?? '')
    const holds = point === '/' || path === point || path.startsWith(`${point}/`)
    if (type && point !== '' && holds && point.length >= (found?.point.length ?? 0)) found = { point, type }
  }
  return found
}

/** The directories at or below a path that something is mounted on, the topmost first. */
export function mountsBelow(path: string, table: string): readonly string[] {
  return table
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((point) => point === path || point.startsWith(`${path}/`))
    .sort()
}

/** The mount of a directory of the user's, which may be a link; nothing where that cannot be found out. */
export function findMount(user: User, path: string): Mount | undefined {
  try {
    return mountOf(realPath(user, path), readFileSync('/proc/self/mountinfo', 'utf8'))
  } catch {
    return undefined
  }
}

/** The path without links; as it is, where a disk that fails does not let it be followed. */
function realPath(user: User, path: string): string {
  try {
    return asUser(user, (files) => files.realpath(path))
  } catch {
    return path
  }
}

/**
 * How much room is left for a directory of the user's.
 *
 * @throws Error of the system
 */
export function roomFor(user: User, path: string): Room {
  const { bsize, blocks, bavail, files, ffree } = asUser(user, (system) => system.statfs(path))
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeFiles: files > 0 ? ffree : undefined,
  }
}
