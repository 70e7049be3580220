/** Ending a program with all that it has started. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { accountOf, type Process, processNumbers, readProcess, realUser } from './processes'

/**
 * In the environment of each program, with a value of its own: by it those of its descendants are found whose parent has
 * ended, and which have left its session.
 */
export const MARK = 'OCF_TS_RUN'

/** A program that this process has started, and not yet collected. */
export interface Started {
  readonly pid: number
  /** The value of MARK in its environment; nothing for none. */
  readonly mark: string | undefined
  /** The account that it runs as. */
  readonly uid: number
  /** Which of its descendants are left alone, with those that they have started. */
  readonly stays?: ((pid: number) => boolean) | undefined
}

/** It may have ended, or be one that this process may not signal. */
function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Then there is nothing to be done about it.
  }
}

/** A process of the account's whose environment at its start says that it belongs to the program. */
function readMarked(pid: number, { mark, uid }: Started): Member | undefined {
  try {
    // Another account's is not read: that takes time, and who can start a setuid program can give it any environment.
    if (statSync(`/proc/${pid}`).uid !== uid || pid === process.pid) return undefined
    const found = readProcess(pid)
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    const isOurs = variables.includes(`${MARK}=${mark}`) && accountOf(pid) === uid
    return found !== undefined && isOurs ? memberOf(found) : undefined
  } catch {
    return undefined
  }
}

/** Those that a process has started, and that have not been handed over to another parent (proc(5), "children"). */
function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' '))
      .filter((number) => number !== '')
      .map(Number)
  } catch {
    return []
  }
}

/** Looking for descendants ends after this, however fast they start others: this process must go on. */
const LOOK_MS = 100
/** And after so many times through all processes. */
const ROUNDS = 20

/** One of the family, as it was when it was found: by this it differs from a later process of its number. */
export interface Member extends Pick<Process, 'pid' | 'started'> {
  readonly user: number | undefined
}

/** It is the one that was found. One that has changed its account since counts where it is the program's own by now. */
export function isStill({ pid, started, user }: Member, uid: number): boolean {
  if (readProcess(pid)?.started !== started) return false
  const now = realUser(pid)
  return now === user || now === uid
}

function memberOf({ pid, started }: Process): Member {
  return { pid, started, user: realUser(pid) }
}

/**
 * Sends a signal to a program and to all that it has started. With SIGKILL none is left: they are stopped first, from the
 * top, so that none starts another while the rest is looked for. Only where they start others faster than they are found
 * may some go on.
 *
 * @param started - must not have been collected: another process may have its number then
 */
export function endWithDescendants(started: Started, signal: 'SIGTERM' | 'SIGKILL'): void {
  const { pid: leader, mark, stays, uid } = started
  const until = performance.now() + LOOK_MS
  const isLate = (): boolean => performance.now() > until
  const family = new Map<number, Member>()
  const send = (member: Member, sent: NodeJS.Signals): void => {
    // Nobody else has the leader's number while it is not collected.
    if (member.pid === leader || isStill(member, uid)) trySignal(member.pid, sent)
  }
  const meet = (member: Member): void => {
    if (family.has(member.pid)) return
    family.set(member.pid, member)
    send(member, signal === 'SIGKILL' ? 'SIGSTOP' : signal)
  }
  const meetChildren = (parent: Member): void => {
    const children = childrenOf(parent.pid).flatMap((pid) => readProcess(pid) ?? [])
    if (children.length === 0 || (parent.pid !== leader && !isStill(parent, uid))) return
    for (const child of children)
      if (child.parent === parent.pid && stays?.(child.pid) !== true) meet(memberOf(child))
  }
  const looked = new Set<number>()
  meet({ pid: leader, started: '', user: undefined })
  for (let [known, round] = [0, 0]; known < family.size && round < ROUNDS && !isLate(); round += 1) {
    known = family.size
    // A map is gone through in the order in which it was filled, also with what is added meanwhile.
    for (const member of family.values()) {
      if (isLate()) break
      meetChildren(member)
    }
    const fresh = mark === undefined ? [] : processNumbers().filter((pid) => !looked.has(pid))
    for (const pid of fresh) {
      looked.add(pid)
      if (family.has(pid)) continue
      const found = readMarked(pid, started)
      if (found !== undefined) meet(found)
    }
  }
  if (signal === 'SIGKILL') for (const member of family.values()) send(member, signal)
}
