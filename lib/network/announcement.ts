/**
 * Telling the neighbours where an address is now: gratuitous ARP for IPv4, unsolicited neighbour advertisements for
 * IPv6. Node cannot send either, so programs do.
 */
import { findProgram } from '../system/find-program'
import { type Address } from './address'

/** Programs that announce an IPv4 address. `send_arp` comes with resource-agents. */
export const ARP_SENDERS = ['send_arp', 'iputils_arping', 'libnet_arping', 'ipoibarping'] as const
export type ArpSender = (typeof ARP_SENDERS)[number]

/** Where the announcing programs of this host are. */
export interface Announcers {
  readonly sendArp: string | undefined
  readonly arping: string | undefined
  readonly ipoibarping: string | undefined
  /** For IPv6. */
  readonly sendUa: string | undefined
}

export interface Announcement {
  readonly interface: string
  readonly address: Address
  readonly prefixLength: number
  /** How many times. */
  readonly count: number
  /** Milliseconds between two; `arping` knows only its own second. */
  readonly intervalMs: number
  /** More options for a program that announces IPv4 addresses. */
  readonly options: readonly string[]
}

/** Where resource-agents keeps its helpers on different distributions. */
const HELPERS = ['/usr/libexec/heartbeat', '/usr/lib/heartbeat', '/usr/lib64/heartbeat']

/** Looks for the announcing programs. */
export function findAnnouncers(): Announcers {
  const helpers = [process.env['HA_BIN'] ?? '', ...HELPERS].filter((path) => path.startsWith('/'))
  return {
    sendArp: findProgram('send_arp', helpers),
    arping: findProgram('arping'),
    ipoibarping: findProgram('ipoibarping'),
    sendUa: findProgram('send_ua', helpers),
  }
}

/** The sender to use where none is configured: the one that keeps the interval, and whatever there is otherwise. */
export function defaultSender(announcers: Announcers, linkType: string | undefined): ArpSender {
  if (linkType === 'infiniband' && announcers.ipoibarping !== undefined) return 'ipoibarping'
  return announcers.sendArp === undefined && announcers.arping !== undefined ? 'iputils_arping' : 'send_arp'
}

/** The path of the program behind a sender; nothing when it is not installed. */
export function programOf(sender: ArpSender, announcers: Announcers): string | undefined {
  switch (sender) {
    case 'send_arp':
      return announcers.sendArp
    case 'ipoibarping':
      return announcers.ipoibarping
    case 'iputils_arping':
    case 'libnet_arping':
      return announcers.arping
  }
}

/** How a sender is told what to announce. The first announcement leaves at once. */
export function arpArguments(sender: ArpSender, announcement: Announcement): readonly string[] {
  const { interface: name, address, count, intervalMs, options } = announcement
  const ip = address.text
  switch (sender) {
    case 'send_arp':
      // The last two arguments must be there and mean nothing.
      return [...options, '-i', `${intervalMs}`, '-r', `${count}`, name, ip, 'auto', 'not_used', 'not_used']
    case 'iputils_arping':
      return [...options, '-q', '-U', '-c', `${count}`, '-I', name, ip]
    case 'libnet_arping':
      return [...options, '-q', '-U', '-c', `${count}`, '-i', name, '-S', ip, ip]
    case 'ipoibarping':
      return ['-q', '-c', `${count}`, '-U', '-I', name, ip]
  }
}

/** How `send_ua` is told what to announce. */
export function advertisementArguments(announcement: Announcement): readonly string[] {
  const { interface: name, address, prefixLength, count, intervalMs } = announcement
  return ['-i', `${intervalMs}`, '-c', `${count}`, address.text, `${prefixLength}`, name]
}
