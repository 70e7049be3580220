import { readFileSync } from 'node:fs'
import { type Deadline } from '../ocf'
import { runProgram } from './run-program'

/** An account of this host. */
export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** The home directory, where it is known. */
  readonly home?: string
}

function readEntry(line: string): User | undefined {
  const [name = '', , uid = '', gid = '', , home] = line.trimEnd().split(':')
  return name !== '' && /^\d+$/.test(uid) && /^\d+$/.test(gid)
    ? { name, uid: Number(uid), gid: Number(gid), ...(home ? { home } : {}) }
    : undefined
}

/**
 * Looks an account up: in /etc/passwd first, which costs nothing, and then wherever the host's name service looks.
 *
 * @returns nothing when there is no such account
 */
export async function findUser(name: string, deadline: Deadline): Promise<User | undefined> {
  const local = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
  if (local !== undefined) return readEntry(local)
  const { code, stdout } = await runProgram('getent', ['passwd', name], { deadline })
  return code === 0 ? readEntry(stdout) : undefined
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/**
 * Runs `work` with the user's effective identity, so that the kernel itself refuses what the user may not do: root
 * must not follow links or trust file modes in a directory that belongs to somebody else. Without root, `work` runs
 * as whoever runs the agent.
 *
 * The identity is the whole process's: `work` must be synchronous.
 */
export function asUser<T>(user: User, work: () => T): T {
  if (!isRoot() || user.uid === 0) return work()
  const groups = process.getgroups?.() ?? [0]
  const gid = process.getegid?.() ?? 0
  process.setgroups?.([user.gid])
  process.setegid?.(user.gid)
  process.seteuid?.(user.uid)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(gid)
    process.setgroups?.(groups)
  }
}
