/** What one action leaves for a later one, in a directory of root's. */
import { join } from 'node:path'
import { type Address } from '../../lib/network/address'

function directory(): string {
  const configured = process.env['HA_RSCTMP'] ?? ''
  return configured.startsWith('/') ? configured : '/run/resource-agents'
}

/** Tells of the process that announces the address in the background. */
export function noteOf(ip: Address): string {
  return join(directory(), `ts-IPaddr2-announcer-${ip.text}`)
}

/** Is there while the address is away from the loopback interface, where `stop` puts it back. */
export function loopbackNoteOf(ip: Address): string {
  return join(directory(), `ts-IPaddr2-loopback-${ip.text}`)
}
