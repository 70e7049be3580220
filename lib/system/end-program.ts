/** Ending a program with all that it has started. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { accountOf, processNumbers } from './processes'

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

/** The environment that a process was started with says that it belongs to the program. */
function isMarked(pid: number, { mark, uid }: Started): boolean {
  try {
    // Another account's is not read: that takes time, and who can start a setuid program can give it any environment.
    if (statSync(`/proc/${pid}`).uid !== uid || pid === process.pid) return false
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    return variables.includes(`${MARK}=${mark}`) && accountOf(pid) === uid
  } catch {
    return false
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

/**
 * Sends a signal to a program and to all that it has started. With SIGKILL none is left: they are stopped first, from the
 * top, so that none starts another while the rest is looked for.
 *
 * @param started - must not have been collected: another process may have its number then
 */
export function endWithDescendants(started: Started, signal: 'SIGTERM' | 'SIGKILL'): void {
  const { pid: leader, mark, stays } = started
  const family = new Set<number>()
  const meet = (pid: number): void => {
    if (family.has(pid)) return
    family.add(pid)
    trySignal(pid, signal === 'SIGKILL' ? 'SIGSTOP' : signal)
  }
  const looked = new Set<number>()
  for (let known = -1; known < family.size;) {
    known = family.size
    meet(leader)
    // A set is gone through in the order in which it was filled, also with what is added meanwhile.
    for (const pid of family) for (const child of childrenOf(pid)) if (stays?.(child) !== true) meet(child)
    const fresh = mark === undefined ? [] : processNumbers().filter((pid) => !looked.has(pid))
    for (const pid of fresh) {
      looked.add(pid)
      if (!family.has(pid) && isMarked(pid, started)) meet(pid)
    }
  }
  if (signal === 'SIGKILL') for (const pid of family) trySignal(pid, signal)
}
