/** lvs_support: the address is on the loopback interface whenever it is not on the network. */
import { runIp } from '../../lib/network/ip-command'
import { type Deadline } from '../../lib/ocf'
import {
  existsOwned,
  makeSharedDirectory,
  readOwned,
  removeOwned,
  writeOwned,
} from '../../lib/system/owned-files'
import { dirname } from 'node:path'
import { type Values } from './agent'
import { loopbackNoteOf } from './state-files'

const ROOT = { name: 'root', uid: 0, gid: 0 } as const

/** What the address had on the loopback interface, beside its prefix length of 32. */
export interface LoopbackAddress {
  readonly broadcast?: string
  readonly label?: string
}

export async function takeFromLoopback(
  values: Values,
  as: LoopbackAddress,
  deadline: Deadline,
): Promise<void> {
  const note = loopbackNoteOf(values)
  makeSharedDirectory(ROOT, dirname(note), 0o755)
  writeOwned(ROOT, note, `${JSON.stringify(as)}\n`)
  await runIp(['-4', 'address', 'delete', `${values.ip.text}/32`, 'dev', 'lo'], deadline)
}

/** Whether `takeFromLoopback` has to be undone. */
export function isTakenFromLoopback(values: Values): boolean {
  return existsOwned(ROOT, loopbackNoteOf(values))
}

/** Reads the note of `takeFromLoopback`; one that cannot be read says nothing. */
function readNote(note: string): LoopbackAddress {
  try {
    return JSON.parse(readOwned(ROOT, note) ?? '') as LoopbackAddress
  } catch {
    return {}
  }
}

export async function giveBackToLoopback(values: Values, deadline: Deadline): Promise<void> {
  const note = loopbackNoteOf(values)
  const { broadcast, label } = readNote(note)
  await runIp(
    [
      ...['-4', 'address', 'replace', `${values.ip.text}/32`],
      ...(broadcast === undefined ? [] : ['broadcast', broadcast]),
      ...['dev', 'lo'],
      ...(label === undefined ? [] : ['label', label]),
    ],
    deadline,
  )
  removeOwned(ROOT, note)
}

/** For a loopback interface that has gone, with its network namespace: there is nothing to give back to. */
export function forgetLoopback(values: Values): void {
  removeOwned(ROOT, loopbackNoteOf(values))
}
