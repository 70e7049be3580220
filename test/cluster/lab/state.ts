/**
 * What is written down about a lab, so that another process can enter it, end it, or sweep up what a crashed
 * run left. One directory a lab; its `lab.json` names the owner by pid and start time.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { mustRun } from './command'

/** Root of all labs' state. On a disk, not in /run: the nodes' disks live below it. */
export const stateRoot = '/var/tmp/ocf-ts-lab'

/** A process, told from a later one with the same number by its start time. */
export interface ProcessRef {
  readonly pid: number
  readonly startTime: string
}

/** One file or directory of the machine laid over another one inside every node. */
export interface Bind {
  readonly source: string
  readonly target: string
}

/** All that is needed to find a running lab again. */
export interface LabRecord {
  readonly id: string
  readonly createdAt: string
  /** Pids mean nothing after the machine has booted again. */
  readonly bootId: string
  /** Who the lab dies with; null: it was made to be kept. */
  readonly owner: ProcessRef | null
  readonly nodes: readonly string[]
  readonly agentsDir: string | null
  readonly binds: readonly Bind[]
  /** The operator's tool is there, and its way to the other nodes. */
  readonly tool: boolean
  readonly env: Readonly<Record<string, string>>
  readonly tokenMs: number
  readonly pgVersion: string
  /** Name of the operating system that the nodes run. */
  readonly system: string
  /** Its root file system, which each node has an overlay over; null: the machine's own. */
  readonly root: string | null
  /** Whether the nodes are machines that boot it with its systemd. */
  readonly machines: boolean
}

/** Identity of this boot of the machine. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** Start time of a process in clock ticks since boot, or undefined if there is none (or only its zombie). */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name, in parentheses, may hold spaces and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** This process, as an owner. */
export function thisProcess(): ProcessRef {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' }
}

/** Whether the very process that was recorded still runs. */
export function isAlive(ref: ProcessRef): boolean {
  return startTimeOf(ref.pid) === ref.startTime
}

/** A lab's directory. */
export function labDir(id: string): string {
  return join(stateRoot, id)
}

/** Writes a new lab's record; its directory appears complete or not at all. */
export function createRecord(record: LabRecord): void {
  mkdirSync(stateRoot, { recursive: true, mode: 0o700 })
  const root = lstatSync(stateRoot)
  // Others may write beside it: a directory (or link) that somebody else put there is not ours to use.
  if (!root.isDirectory() || root.uid !== process.geteuid?.()) {
    throw new Error(`${stateRoot} is not a directory of user ${String(process.geteuid?.())}: remove it`)
  }
  const draft = join(stateRoot, `.${record.id}`)
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(join(draft, 'lab.json'), JSON.stringify(record, null, 2) + '\n')
  renameSync(draft, labDir(record.id))
}

/** Reads a lab's record, or undefined if there is no such lab. */
export function readRecord(id: string): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(labDir(id), 'lab.json'), 'utf8')) as LabRecord
  } catch {
    return undefined
  }
}

/** Every lab on this machine, oldest first. */
export function listRecords(): readonly LabRecord[] {
  if (!existsSync(stateRoot)) return []
  return readdirSync(stateRoot)
    .filter((name) => /^[0-9a-z]+$/.test(name))
    .map((name) => readRecord(name))
    .filter((record) => record !== undefined)
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt))
}

/** Whether nobody will ever end this lab: its owner is gone, or the machine has booted since. */
export function isStale(record: LabRecord): boolean {
  if (record.bootId !== bootId()) return true
  return record.owner !== null && !isAlive(record.owner)
}

/** Ends a lab and removes everything of it. Harmless if it is gone already. */
export async function removeLab(id: string): Promise<void> {
  // Whole machines leave a gigabyte of small files.
  const patient = { timeoutMs: 300_000 }
  if (existsSync(labDir(id))) await mustRun(['bash', join(__dirname, 'remove.sh'), labDir(id)], patient)
}

/** Removes what crashed earlier runs left behind; returns the ids of those labs. */
export async function cleanupStale(): Promise<readonly string[]> {
  const stale = listRecords().filter(isStale)
  for (const record of stale) await removeLab(record.id)
  return stale.map((record) => record.id)
}
