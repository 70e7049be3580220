/** What one action leaves for a later one, in a directory of root's. */
import { join } from 'node:path'
import { runtimeDirectory } from '../../lib/ocf/runtime-directory'
import { type Values } from './agent'

/** The same address in another network namespace is another. */
function suffix({ ip, network_namespace: namespace }: Values): string {
  return namespace === '' ? ip.text : `${namespace}-${ip.text}`
}

/** Tells of the process that announces the address in the background. */
export function noteOf(values: Values): string {
  return join(runtimeDirectory(), `ts-IPaddr2-announcer-${suffix(values)}`)
}

/** Names the interface that start has chosen, where the configuration does not. */
export function chosenNoteOf(values: Values): string {
  return join(runtimeDirectory(), `ts-IPaddr2-interface-${suffix(values)}`)
}

/** Is there while the address is away from the loopback interface, where `stop` puts it back. */
export function loopbackNoteOf(values: Values): string {
  return join(runtimeDirectory(), `ts-IPaddr2-loopback-${suffix(values)}`)
}
