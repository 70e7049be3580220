/** What is written down of a rejoin: for the actions that meet it, and for those after it. */
import { readFileSync } from 'node:fs'
import { removeOwned } from '../../lib/system/owned-files'
import {
  type Form,
  type Formed,
  findState,
  flag,
  oneOf,
  optional,
  readState,
  record,
  text,
  whole,
  writeState,
} from '../../lib/system/state-file'
import { commandLine, descendsFrom, realUser, startTime } from '../../lib/system/processes'
import { type ServerState } from '../../lib/postgres/server-state'
import { type Site } from './site'

/** How a node's data is made a copy of the primary's. */
export type RejoinMethod = 'rewind' | 'basebackup'

/** A process, told from any other one that has or had its number. */
export interface ProcessMark {
  readonly pid: number
  /** Kernel's ticks since boot. */
  readonly started: string
  readonly boot: string
}

export function markOf(pid: number): ProcessMark {
  return { pid, started: startTime(pid) ?? '', boot: bootId() }
}

export function isAlive({ pid, started, boot }: ProcessMark): boolean {
  return boot === bootId() && started !== '' && startTime(pid) === started
}

/** Tells this boot of the host from any other. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** The action of the process that does it: the last word of its command line. */
export const WORKER_ACTION = 'rejoin'

/** The kernel's numbers end there (proc(5), pid_max). */
const PID_MAX = 2 ** 22

const processMark = record({
  pid: whole(2, PID_MAX),
  started: text({ max: 32, pattern: /^\d*$/ }),
  boot: text({ max: 64 }),
})

const SENTENCE = 1000

const writtenNote = record({
  /** How it is done. */
  method: oneOf('rewind', 'basebackup'),
  /** Who does it. */
  worker: processMark,
  /** When it was started: ISO 8601. */
  startedAt: optional(text({ max: 64 })),
  /** The same, as the version before wrote it. */
  begun: optional(text({ max: 64 })),
  state: oneOf('running', 'done', 'failed'),
  /** What it is about, in a few words: `copies 34 %`. */
  phase: text({ max: SENTENCE }),
  /** Why it failed. */
  reason: optional(text({ max: SENTENCE })),
  /** A start has said so. */
  told: optional(flag),
  /** How many times it has been begun since it last worked. */
  attempts: whole(0, 1_000_000),
})

export type RejoinNote = Omit<Formed<typeof writtenNote>, 'startedAt' | 'begun'> & {
  readonly startedAt: string
}

const rejoinNote: Form<RejoinNote> = (value) => {
  const { begun, startedAt = begun, ...note } = writtenNote(value) ?? {}
  return startedAt === undefined ? undefined : ({ ...note, startedAt } as RejoinNote)
}

/** A rejoin that was begun. */
export type Rejoin = Omit<RejoinNote, 'state'> & {
  /** `cut off`: whoever did it is gone without a word. */
  readonly state: RejoinNote['state'] | 'cut off'
}

/**
 * Whether a process is what does a rejoin: alive, of root or of the account that runs the agent, and the agent's own
 * action. The note is written by the database's account, and could name any process there is.
 */
function isWorker(mark: ProcessMark): boolean {
  const user = realUser(mark.pid)
  // First: reading the command line of another account's process can wait for as long as that account likes.
  if (user !== 0 && user !== process.getuid?.()) return false
  return isAlive(mark) && commandLine(mark.pid).at(-1) === WORKER_ACTION
}

/** The last rejoin, unless the server has been started since; nothing also where the note makes no sense. */
export function readRejoin({ instance, files }: Pick<Site, 'instance' | 'files'>): Rejoin | undefined {
  const note = readState(instance.owner, files.rejoin, rejoinNote)
  if (note === undefined) return undefined
  return note.state === 'running' && !isWorker(note.worker) ? { ...note, state: 'cut off' } : note
}

/**
 * Whether what runs on the data directory, if anything does, was started by the process that does the rejoin: it is the
 * recovery that pg_rewind needs. A server that was started by anybody else is not.
 */
export function isPartOfRejoin(rejoin: Rejoin | undefined, server: ServerState): boolean {
  if (rejoin?.state !== 'running') return false
  const processes =
    server.kind === 'running' ? [server.postmaster] : server.kind === 'orphaned' ? server.processes : []
  return processes.every(({ pid }) => descendsFrom(pid, rejoin.worker.pid))
}

export function writeRejoin({ instance, files }: Site, note: RejoinNote): void {
  const { phase, reason } = note
  writeState(instance.owner, files.rejoin, {
    ...note,
    phase: phase.slice(0, SENTENCE),
    ...(reason !== undefined && { reason: reason.slice(0, SENTENCE) }),
  })
}

/** A start has said why it failed: the next one may begin it again. */
export function rejoinIsTold(site: Site): void {
  const rejoin = readRejoin(site)
  if (rejoin?.state === 'failed' && !rejoin.told)
    writeRejoin(site, { ...rejoin, state: 'failed', told: true })
}

export function forgetRejoin({ instance, files }: Site): void {
  removeOwned(instance.owner, files.rejoin)
  removeOwned(instance.owner, files.rejoinWaiter)
}

/** A start waits for the rejoin, and goes on by itself when that ends. */
export function announceWaiter({ instance, files }: Site): void {
  writeState(instance.owner, files.rejoinWaiter, markOf(process.pid))
}

/** It has seen how the rejoin ended. */
export function retractWaiter({ instance, files }: Site): void {
  removeOwned(instance.owner, files.rejoinWaiter)
}

/** It cannot wait any longer: a rejoin that ends from now on has to look for the rest itself. */
export function abandonRejoin({ instance, files }: Site): void {
  writeState(instance.owner, files.rejoinWaiter, {})
}

/** Whether the start that waited has gone without having seen how the rejoin ended. */
export function isAbandoned({ instance, files }: Site): boolean {
  const found = findState(instance.owner, files.rejoinWaiter, processMark)
  return found.kind === 'unusable' || (found.kind === 'state' && !isAlive(found.state))
}
