/** What is written down of a rejoin: for the actions that meet it, and for those after it. */
import { readFileSync } from 'node:fs'
import { readOwned, removeOwned, writeOwned } from '../../lib/system/owned-files'
import { startTime } from '../../lib/system/processes'
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

export interface RejoinNote {
  readonly method: RejoinMethod
  /** Who does it. */
  readonly worker: ProcessMark
  /** When it was begun: ISO 8601. */
  readonly begun: string
  readonly state: 'running' | 'done' | 'failed'
  /** What it is about, in a few words: `copies 34 %`. */
  readonly phase: string
  /** Why it failed. */
  readonly reason?: string
  /** A start has said so. */
  readonly told?: boolean
  /** How many times it has been begun since it last worked. */
  readonly attempts: number
}

/** A rejoin that was begun. */
export type Rejoin = Omit<RejoinNote, 'state'> & {
  /** `cut off`: whoever did it is gone without a word. */
  readonly state: RejoinNote['state'] | 'cut off'
}

function isNote(value: unknown): value is RejoinNote {
  const { method, worker, begun, state, phase, reason, attempts } = (value ?? {}) as Partial<
    Record<keyof RejoinNote, unknown>
  >
  const { pid, started, boot } = (worker ?? {}) as Partial<Record<keyof ProcessMark, unknown>>
  return (
    (method === 'rewind' || method === 'basebackup') &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 1 &&
    [started, boot, begun, phase].every((text) => typeof text === 'string') &&
    (state === 'running' || state === 'done' || state === 'failed') &&
    (reason === undefined || typeof reason === 'string') &&
    Number.isSafeInteger(attempts)
  )
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

/** The last rejoin, unless the server has been started since; nothing also where the note makes no sense. */
export function readRejoin({ instance, files }: Pick<Site, 'instance' | 'files'>): Rejoin | undefined {
  const note = parse(readOwned(instance.owner, files.rejoin))
  if (!isNote(note)) return undefined
  return note.state === 'running' && !isAlive(note.worker) ? { ...note, state: 'cut off' } : note
}

export function writeRejoin({ instance, files }: Site, note: RejoinNote): void {
  writeOwned(instance.owner, files.rejoin, `${JSON.stringify(note)}\n`)
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
  writeOwned(instance.owner, files.rejoinWaiter, `${JSON.stringify(markOf(process.pid))}\n`)
}

/** It has seen how the rejoin ended. */
export function retractWaiter({ instance, files }: Site): void {
  removeOwned(instance.owner, files.rejoinWaiter)
}

/** It cannot wait any longer: a rejoin that ends from now on has to look for the rest itself. */
export function abandonRejoin({ instance, files }: Site): void {
  writeOwned(instance.owner, files.rejoinWaiter, '{}\n')
}

/** Whether the start that waited has gone without having seen how the rejoin ended. */
export function isAbandoned({ instance, files }: Site): boolean {
  const text = readOwned(instance.owner, files.rejoinWaiter)
  if (text === undefined) return false
  const { pid, started, boot } = (parse(text) ?? {}) as Partial<ProcessMark>
  return pid === undefined || started === undefined || boot === undefined || !isAlive({ pid, started, boot })
}
