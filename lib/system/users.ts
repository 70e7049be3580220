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
  /** It has a number only, and so no groups beside `gid`. */
  readonly nameless?: true
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
