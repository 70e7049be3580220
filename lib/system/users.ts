import { readFileSync } from 'node:fs'
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from './run-program'

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

/** What the name service has said, or that it has not answered: each question is a program that is run. */
const asked = new Map<string, User | UnknownUserError>()

/** How long the host's name service may take: a directory server that does not answer must not use up an action's time. */
const LOOKUP_MS = 3000

/** getent(1): the database has no such key. Any other code than this one and 0 is no answer. */
const NO_SUCH_KEY = 2

/** The host's name service does not say whether there is such an account. */
export class UnknownUserError extends OcfError {
  constructor(why: string) {
    super(ExitCode.ERR_GENERIC, `this host's name service did not answer: ${why}`)
  }
}

/**
 * Looks an account up: in /etc/passwd first, which costs nothing, and then wherever the host's name service looks, for
 * three seconds at the most. A name service that has not answered is not asked again by this process.
 *
 * @returns nothing when there is no such account
 * @throws UnknownUserError when the name service does not say
 */
export async function findUser(name: string, deadline: Deadline): Promise<User | undefined> {
  const local = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
  if (local !== undefined) return readEntry(local)
  const known = asked.get(name)
  if (known instanceof UnknownUserError) throw known
  if (known !== undefined) return known
  const result = await runProgram('getent', ['passwd', name], { deadline: deadline.within(LOOKUP_MS) })
  if (result.code !== 0 && result.code !== NO_SUCH_KEY) {
    const unknown = new UnknownUserError(describeFailure(`getent passwd ${name}`, result))
    asked.set(name, unknown)
    throw unknown
  }
  const found = readEntry(result.stdout)
  if (found !== undefined) asked.set(name, found)
  return found
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}
