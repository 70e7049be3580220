/** lvs_support: the address is on the loopback interface whenever it is not on the network. */
import { runIp } from '../../lib/network/ip-command'
import { type Deadline } from '../../lib/ocf'
import { existsOwned, makeSharedDirectory, removeOwned, writeOwned } from '../../lib/system/owned-files'
import { dirname } from 'node:path'
import { type Values } from './agent'
import { loopbackNoteOf } from './state-files'

const ROOT = { name: 'root', uid: 0, gid: 0 } as const

export async function takeFromLoopback(values: Values, deadline: Deadline): Promise<void> {
  const note = loopbackNoteOf(values)
  makeSharedDirectory(ROOT, dirname(note), 0o755)
  writeOwned(ROOT, note, 'lo\n')
  await runIp(['-4', 'address', 'delete', `${values.ip.text}/32`, 'dev', 'lo'], deadline)
}

/** Whether `takeFromLoopback` has to be undone. */
export function isTakenFromLoopback(values: Values): boolean {
  return existsOwned(ROOT, loopbackNoteOf(values))
}

export async function giveBackToLoopback(values: Values, deadline: Deadline): Promise<void> {
  await runIp(['-4', 'address', 'replace', `${values.ip.text}/32`, 'dev', 'lo'], deadline)
  removeOwned(ROOT, loopbackNoteOf(values))
}
