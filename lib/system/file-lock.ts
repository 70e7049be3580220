/** Locks that end with whoever holds them (flock(2)), however that ends. */
import { closeSync, constants, fstatSync } from 'node:fs'
import { Deadline, ExitCode, OcfError } from '../ocf'
import { asUser } from './as-user'
import { describeFailure, runProgram } from './run-program'
import { type User } from './users'

export interface FileLock {
  /** Open as long as the lock is held. A program that is given it holds the lock too. */
  readonly fd: number
  release(): void
}

/** flock asks the kernel, and waits for nothing. */
const PATIENCE_MS = 10_000

/** What flock(1) ends with where another process has the lock; anything else is no answer. */
const TAKEN = 1

/**
 * Takes the lock on a file, which is made when it is missing. Node has no flock(2): flock(1) locks the descriptor that
 * it shares with this process, and the lock stays with that.
 *
 * @returns nothing when somebody else has it
 * @throws OcfError ERR_INSTALLED when there is no flock (package util-linux); ERR_GENERIC when something other than a
 * file is in its place, and when it is not known whether somebody has it (a file system without locks)
 */
export async function tryLock(owner: User, path: string): Promise<FileLock | undefined> {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const fd = asUser(owner, (files) =>
    files.take(files.open(path, flags | constants.O_CREAT, 0o600), flags, path),
  )
  const release = (): void => {
    closeSync(fd)
  }
  if (!fstatSync(fd).isFile()) {
    release()
    throw new OcfError(ExitCode.ERR_GENERIC, `${path} is not a regular file: remove it`)
  }
  try {
    const result = await runProgram('flock', ['--exclusive', '--nonblock', '3'], {
      deadline: new Deadline(PATIENCE_MS),
      holds: [fd],
    })
    if (result.code === 0) return { fd, release }
    if (result.code !== TAKEN) {
      const reason = `${path} cannot be locked: ${describeFailure('flock', result)}`
      throw new OcfError(ExitCode.ERR_GENERIC, reason)
    }
  } catch (error) {
    release()
    throw error
  }
  release()
  return undefined
}
