/**
 * Working as an account of this host: the one place that knows how. Where Node lets this process change its identity, it
 * does. Where Node does not (one that is built with a shared libuv refuses setgroups() and its like), a helper process
 * that runs as the account does what is to be done.
 */
import { type Duplex } from 'node:stream'
import { type Deadline } from '../ocf'
import { AccountHelper } from './account-helper'
import { type Files, ownFiles } from './files'
import { isRoot, type User } from './users'

/** This Node refuses to change the identity of its process; not known before it was tried. */
let refused = false

/** The one group beside its effective one that this process has, once it has acted as a user. */
let group: number | undefined

/** Node's own refusal, not the kernel's. */
function isRefusal(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_INVALID_STATE'
}

/**
 * Gives up this process's supplementary groups for the user's own. Root needs none, so that they are not taken back:
 * each change is a system call for every thread.
 *
 * @returns `false` where this Node does not let it
 */
function takeGroup(gid: number): boolean {
  if (refused || group === gid) return !refused
  try {
    process.setgroups?.([gid])
    group = gid
  } catch (error) {
    if (!isRefusal(error)) throw error
    refused = true
  }
  return !refused
}

/** As whom this process works just now, where it has changed its identity. */
let acting: User | undefined

function changing<T>(user: User, work: () => T): T {
  const own = process.getegid?.() ?? 0
  process.setegid?.(user.gid)
  process.seteuid?.(user.uid)
  acting = user
  try {
    return work()
  } finally {
    acting = undefined
    process.seteuid?.(0)
    process.setegid?.(own)
  }
}

/** Within the work for one account, that for another: this process is root in between. */
function apart<T>(outer: User, user: User, work: () => T): T {
  if (user.uid === 0) throw new Error(`within the work for ${outer.name}, nothing is done as root`)
  acting = undefined
  process.seteuid?.(0)
  process.setegid?.(0)
  try {
    return work()
  } finally {
    takeGroup(outer.gid)
    process.setegid?.(outer.gid)
    process.seteuid?.(outer.uid)
    acting = outer
  }
}

/** The account within whose work this is asked, where that is another one. */
function otherThan({ uid }: User): User | undefined {
  return acting === undefined || acting.uid === uid ? undefined : acting
}

const helpers = new Map<number, AccountHelper>()

/** The time of what this process does, once it is known. */
let time: Deadline | undefined

/** The account's helper, which is started where there is none, or none any more. */
function helperOf(user: User): AccountHelper {
  const known = helpers.get(user.uid)
  if (known?.ended === false) return known
  const helper = new AccountHelper(user, { deadline: () => time })
  helpers.set(user.uid, helper)
  return helper
}

/** A stream that the account's helper connects; there is another one where it cannot relay more. */
function relayOf(user: User): Duplex {
  const known = helperOf(user)
  if (known.hasRelay) return known.relay()
  known.retire()
  return helperOf(user).relay()
}

const isAlready = ({ uid }: User): boolean => !isRoot() || uid === 0

/**
 * Runs `work` with the rights of the user, so that the kernel itself refuses what the user may not do: root must not
 * follow links or trust file modes in a directory that belongs to somebody else. Without root, it is run as whoever runs
 * the agent.
 *
 * `work` must be synchronous, and must touch files only by what it is given: in any other way it would do it as root,
 * where a helper does the work. What that says is the account's word: nothing that root does with its own rights may rest
 * on it.
 *
 * Within it, the same account costs nothing more, and another one gets its own rights, not those of this one.
 *
 * What is done as the same user in turn costs nothing more: a change of identity takes a millisecond on a busy machine,
 * and several files one change.
 */
export function asUser<T>(user: User, work: (files: Files) => T): T {
  const outer = otherThan(user)
  if (outer !== undefined) return apart(outer, user, () => asUser(user, work))
  if (isAlready(user)) return work(ownFiles)
  if (takeGroup(user.gid)) return changing(user, () => work(ownFiles))
  return work(helperOf(user).files)
}

/** How a session is connected, for the driver's configuration; nothing where it does that itself. */
export interface Through {
  readonly stream?: () => Duplex
}

/**
 * Runs `connect`, which makes a connection, so that the server on a unix socket sees the user at its other end (peer
 * authentication). A connection over TCP has nobody's name.
 *
 * @param host - a directory, of the socket, or the name or address of a host
 * @param connect - must be synchronous: the socket is connected, and with it the identity fixed, before it returns
 */
export function connectAs<T>(user: User, host: string, connect: (through: Through) => T): T {
  const outer = otherThan(user)
  if (outer !== undefined) return apart(outer, user, () => connectAs(user, host, connect))
  if (isAlready(user)) return connect({})
  if (takeGroup(user.gid)) return changing(user, () => connect({}))
  return connect(host.startsWith('/') ? { stream: () => relayOf(user) } : {})
}

/**
 * Says for whom this process will work. A helper that this takes starts meanwhile.
 *
 * @param deadline - a helper that does not answer is given up then
 */
export function prepareUser(user: User, deadline: Deadline): void {
  if (isAlready(user) || takeGroup(user.gid)) return
  time = deadline
  helperOf(user)
}
