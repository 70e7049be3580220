/** lvs_support: the address is on the loopback interface whenever it is not on the network. */
import { type Address } from '../../lib/network/address'
import { runIp } from '../../lib/network/ip-command'
import { type Deadline } from '../../lib/ocf'
import { existsOwned, makeSharedDirectory, removeOwned, writeOwned } from '../../lib/system/owned-files'
import { dirname } from 'node:path'
import { loopbackNoteOf } from './state-files'

const ROOT = { name: 'root', uid: 0, gid: 0 } as const

export async function takeFromLoopback(ip: Address, deadline: Deadline): Promise<void> {
  const note = loopbackNoteOf(ip)
  makeSharedDirectory(ROOT, dirname(note), 0o755)
  writeOwned(ROOT, note, 'lo\n')
  await runIp(['-4', 'address', 'delete', `${ip.text}/32`, 'dev', 'lo'], deadline)
}

/** Whether `takeFromLoopback` has to be undone. */
export function isTakenFromLoopback(ip: Address): boolean {
  return existsOwned(ROOT, loopbackNoteOf(ip))
}

export async function giveBackToLoopback(ip: Address, deadline: Deadline): Promise<void> {
  await runIp(['-4', 'address', 'replace', `${ip.text}/32`, 'dev', 'lo'], deadline)
  removeOwned(ROOT, loopbackNoteOf(ip))
}
