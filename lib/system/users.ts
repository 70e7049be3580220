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

/** What the name service has said: each question is a program that is run. */
const asked = new Map<string, User>()

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
  const known = asked.get(name)
  if (known !== undefined) return known
  const { code, stdout } = await runProgram('getent', ['passwd', name], { deadline })
  const found = code === 0 ? readEntry(stdout) : undefined
  if (found !== undefined) asked.set(name, found)
  return found
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** The one group beside its effective one that this process has, once it has acted as a user. */
let group: number | undefined

/**
 * Gives up this process's supplementary groups for the user's own. Root needs none, so that they are not taken back:
 * each change is a system call for every thread.
 */
function takeGroup(gid: number): void {
  if (group === gid) return
  process.setgroups?.([gid])
  group = gid
}

/**
 * Runs `work` with the user's effective identity, so that the kernel itself refuses what the user may not do: root
 * must not follow links or trust file modes in a directory that belongs to somebody else. Without root, `work` runs
 * as whoever runs the agent.
 *
 * The identity is the whole process's: `work` must be synchronous. What it does as the same user in turn costs nothing
 * more: a change of identity takes a millisecond on a busy machine, and several files one change.
 */
export function asUser<T>(user: User, work: () => T): T {
  if (!isRoot() || user.uid === 0) return work()
  const gid = process.getegid?.() ?? 0
  takeGroup(user.gid)
  process.setegid?.(user.gid)
  process.seteuid?.(user.uid)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(gid)
  }
}
