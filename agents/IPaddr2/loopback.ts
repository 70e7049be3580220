/** lvs_support: the address is on the loopback interface whenever it is not on the network. */
import { runIp } from '../../lib/network/ip-command'
import { type Deadline } from '../../lib/ocf'
import { existsOwned, makeDirectory, removeOwned } from '../../lib/system/owned-files'
import { dirname } from 'node:path'
import { ROOT } from '../../lib/system/held-directory'
import { type Formed, optional, readState, record, text, writeState } from '../../lib/system/state-file'
import { type Values } from './agent'
import { loopbackNoteOf } from './state-files'

const WORD = text({ max: 64, pattern: /^[\w.:-]+$/ })

/** What the address had on the loopback interface, beside its prefix length of 32. */
const loopbackAddress = record({ broadcast: optional(WORD), label: optional(WORD) })

export type LoopbackAddress = Formed<typeof loopbackAddress>

export async function takeFromLoopback(
  values: Values,
  as: LoopbackAddress,
  deadline: Deadline,
): Promise<void> {
  const note = loopbackNoteOf(values)
  makeDirectory(ROOT, dirname(note), 0o755)
  writeState(ROOT, note, as)
  await runIp(['-4', 'address', 'delete', `${values.ip.text}/32`, 'dev', 'lo'], deadline)
}

/** Whether `takeFromLoopback` has to be undone. */
export function isTakenFromLoopback(values: Values): boolean {
  return existsOwned(ROOT, loopbackNoteOf(values))
}

/** Reads the note of `takeFromLoopback`; one that cannot be read says nothing. */
function readNote(note: string): LoopbackAddress {
  try {
    return readState(ROOT, note, loopbackAddress) ?? {}
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
