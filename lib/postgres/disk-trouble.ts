/** What is wrong with the file systems of a data directory, found by looking. */
import { constants } from 'node:fs'
import { asUser } from '../system/as-user'
import { findMount, type Mount, type Room, roomFor } from '../system/file-system'
import { readOwnedPart } from '../system/owned-files'
import { type User } from '../system/users'

export interface DiskTrouble {
  readonly kind: 'full' | 'no files' | 'read-only' | 'failing'
  /** The directory or file that is concerned. */
  readonly path: string
  /** Where it is mounted; nothing where not even that could be found out. */
  readonly mount: Mount | undefined
  readonly room?: Room
  /** The system's error: `EIO`. */
  readonly code?: string
}

/** A segment of the WAL, which PostgreSQL makes whole before it writes to it. */
export const SEGMENT_BYTES = 16 * 1024 * 1024

/** Errors of the system that speak of a disk, and not of a file that is missing or may not be read. */
const DISK_ERRORS = ['EIO', 'EROFS', 'ENOSPC', 'EDQUOT', 'ESTALE', 'ENXIO', 'ENODEV', 'EUCLEAN', 'EREMOTEIO']

/** The code of an error that speaks of a disk, of the error or of what caused it. */
export function diskErrorCode(error: unknown): string | undefined {
  for (let now = error; now instanceof Error; now = now.cause) {
    const { code } = now as NodeJS.ErrnoException
    if (code !== undefined && DISK_ERRORS.includes(code)) return code
  }
  return undefined
}

/** What keeps a directory from being written to, by its file system's own account. */
export function judgeRoom({ freeBytes, freeFiles }: Room, needed: number): 'full' | 'no files' | undefined {
  if (freeBytes < Math.max(needed, 1)) return 'full'
  return freeFiles === 0 ? 'no files' : undefined
}

/** Reads a little of a file, as its owner: what the kernel still has in memory it does not read from a dead disk. */
function touch(owner: User, path: string): void {
  readOwnedPart(owner, path, () => ({ position: 0, length: 512 }))
}

/** The directories that PostgreSQL must be able to write to: its data, and its WAL, which may be on another disk. */
function directories(dataDirectory: string): readonly { path: string; wal: boolean }[] {
  return [
    { path: `${dataDirectory}/pg_wal`, wal: true },
    // Before version 10.
    { path: `${dataDirectory}/pg_xlog`, wal: true },
    { path: dataDirectory, wal: false },
  ]
}

function failing(owner: User, path: string, error: unknown): DiskTrouble | undefined {
  const code = diskErrorCode(error)
  return code === undefined ? undefined : { kind: 'failing', path, mount: findMount(owner, path), code }
}

/** Only whether there is room: a look at it costs microseconds, and reads nothing from a disk. */
export function findFullDisk(owner: User, dataDirectory: string, walBytes = 0): DiskTrouble | undefined {
  const looks = asUser(owner, () =>
    directories(dataDirectory).map((directory) => ({ ...directory, ...lookForRoom(owner, directory.path) })),
  )
  for (const { path, wal, room, error } of looks) {
    const kind = room && judgeRoom(room, wal ? walBytes : 0)
    if (room && kind) return { kind, path, mount: findMount(owner, path), room }
    const trouble = failing(owner, path, error)
    if (trouble) return trouble
  }
  return undefined
}

function lookForRoom(owner: User, path: string): { room?: Room; error?: unknown } {
  try {
    return { room: roomFor(owner, path) }
  } catch (error) {
    return { error }
  }
}

/**
 * Looks for what may have made a server fail.
 *
 * @returns nothing when the file systems look well, and where they cannot be looked at for another reason
 */
export function findDiskTrouble(owner: User, dataDirectory: string): DiskTrouble | undefined {
  for (const path of [`${dataDirectory}/PG_VERSION`, `${dataDirectory}/global/pg_control`]) {
    try {
      touch(owner, path)
    } catch (error) {
      const trouble = failing(owner, path, error)
      if (trouble) return trouble
    }
  }
  const full = findFullDisk(owner, dataDirectory, SEGMENT_BYTES)
  if (full) return full
  for (const { path } of directories(dataDirectory)) {
    try {
      asUser(owner, (files) => {
        files.access(path, constants.W_OK)
      })
    } catch (error) {
      if (diskErrorCode(error) === 'EROFS') return { kind: 'read-only', path, mount: findMount(owner, path) }
    }
  }
  return undefined
}

/** Megabytes with one decimal. */
function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}

/** One line for the operator: what is wrong, on which file system, and the path concerned. */
export function describeDiskTrouble({ kind, path, mount, room, code }: DiskTrouble): string {
  const where = mount ? `${mount.point} (${mount.type})` : 'its file system'
  switch (kind) {
    case 'full':
      return `no space left on ${where}, ${megabytes(room?.freeBytes ?? 0)} MB free, for ${path}`
    case 'no files':
      return `no inode left on ${where} for ${path}`
    case 'read-only':
      return `${where} is read-only: ${path}`
    case 'failing':
      return `I/O error (${code ?? 'unknown'}) on ${where}: ${path}`
  }
}
