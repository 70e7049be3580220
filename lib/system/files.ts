/**
 * What is done to files in another account's name: by this process itself (`ownFiles`), or by a helper process that runs
 * as the account (account-helper.ts). Whoever works on files as an account is given one of them, and uses nothing else.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'

declare const opened: unique symbol

/**
 * A file that `Files` have opened, for the same `Files` only: the number of a descriptor, perhaps of another process. It is
 * no number to the compiler, so that nobody gives it to a function of Node's, which would take it for one of this process.
 */
export interface Opened {
  readonly [opened]: true
}

/** What is known of a file: the part of Node's `Stats` that is in use. */
export type FileStats = Pick<Stats, 'dev' | 'ino' | 'mode' | 'uid' | 'gid' | 'rdev' | 'size' | 'mtimeMs'> & {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
  isCharacterDevice(): boolean
}

/** A file system: its room (statfs(2)). */
export interface FileSystemStats {
  readonly bsize: number
  readonly blocks: number
  readonly bavail: number
  readonly files: number
  readonly ffree: number
}

/** A directory that this process holds open. */
export interface OwnDirectory {
  readonly fd: Opened
  /** Its path, without links. */
  readonly path: string
}

/** Each throws the system's error (`code`, `errno`, `syscall`, `path`). */
export interface Files {
  readonly open: (path: string, flags: number, mode?: number) => Opened
  /**
   * Opens a directory below one that this process holds, with the rights of the account, only to name it (O_PATH). The
   * account must be able to reach it by its path.
   *
   * @param rest - the way from the directory; empty for itself
   */
  readonly openBelow: (directory: OwnDirectory, rest: string) => Opened
  readonly close: (file: Opened) => void
  /**
   * Makes it a descriptor of this process, in place of the other. The caller closes it.
   *
   * @param flags - as it was opened, without those that make a file
   * @param shown - its path, for the error
   * @throws Error where the file is neither a regular one of the account's nor /dev/null, and a helper has opened it:
   * root does not open on an account's word what the account may not open
   */
  readonly take: (file: Opened, flags: number, shown: string) => number
  readonly fstat: (file: Opened) => FileStats
  readonly lstat: (path: string) => FileStats
  readonly stat: (path: string) => FileStats
  readonly statfs: (path: string) => FileSystemStats
  /** @returns the number of bytes; 0 at the end of the file */
  readonly read: (
    file: Opened,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number | null,
  ) => number
  /** Writes all of it. */
  readonly write: (file: Opened, data: string | Uint8Array) => void
  readonly fsync: (file: Opened) => void
  readonly fchmod: (file: Opened, mode: number) => void
  readonly fchown: (file: Opened, uid: number, gid: number) => void
  readonly chmod: (path: string, mode: number) => void
  readonly mkdir: (path: string, mode: number) => void
  readonly rmdir: (path: string) => void
  readonly unlink: (path: string) => void
  readonly rename: (from: string, to: string) => void
  readonly symlink: (target: string, path: string) => void
  readonly readlink: (path: string) => string
  /** The path without links. */
  readonly realpath: (path: string) => string
  /** The names in a directory. */
  readonly readdir: (path: string) => readonly string[]
  readonly access: (path: string, mode: number) => void
  /** Removes a file, or a directory with all that is in it; it is no error when there is none. */
  readonly removeAll: (path: string) => void
}

/** The descriptor of this process's that it is. */
export const descriptor = (file: Opened): number => file as unknown as number

/** A descriptor of this process's as a file of `ownFiles`. */
export const ownFile = (fd: number): Opened => fd as unknown as Opened

/** open(2): only to name the file, which needs no right to it. Node has no name for it. */
export const O_PATH = 0o10000000

/** To hold a directory open: only to name it. */
export const HOLD = O_PATH | constants.O_DIRECTORY

/** The number of /dev/null, 1:3 on every Linux. */
export const NULL_DEVICE = (1 << 8) | 3

/** The path by which an open directory's entry is reached, whatever becomes of the directory's own name. */
export function inside({ fd }: { readonly fd: Opened }, name: string): string {
  return `/proc/self/fd/${descriptor(fd)}/${name}`
}

/** This process's own calls. */
export const ownFiles: Files = {
  open: (path, flags, mode) => ownFile(openSync(path, flags, mode)),
  openBelow: (directory, rest) => ownFile(openSync(inside(directory, rest), HOLD)),
  close: (file) => {
    closeSync(descriptor(file))
  },
  take: descriptor,
  fstat: (file) => fstatSync(descriptor(file)),
  lstat: (path) => lstatSync(path),
  stat: (path) => statSync(path),
  statfs: (path) => statfsSync(path),
  read: (file, buffer, offset, length, position) =>
    readSync(descriptor(file), buffer, offset, length, position),
  write: (file, data) => {
    writeFileSync(descriptor(file), data)
  },
  fsync: (file) => {
    fsyncSync(descriptor(file))
  },
  fchmod: (file, mode) => {
    fchmodSync(descriptor(file), mode)
  },
  fchown: (file, uid, gid) => {
    fchownSync(descriptor(file), uid, gid)
  },
  chmod: chmodSync,
  mkdir: (path, mode) => {
    mkdirSync(path, { mode })
  },
  rmdir: (path) => {
    rmdirSync(path)
  },
  unlink: unlinkSync,
  rename: renameSync,
  symlink: (target, path) => {
    symlinkSync(target, path)
  },
  readlink: (path) => readlinkSync(path),
  realpath: (path) => realpathSync(path),
  readdir: (path) => readdirSync(path),
  access: accessSync,
  removeAll: (path) => {
    rmSync(path, { recursive: true, force: true })
  },
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** What `find` finds, or nothing when there is no such file. */
export function unlessMissing<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
