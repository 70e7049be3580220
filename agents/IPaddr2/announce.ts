/** Tells the neighbours where the address is now. */
import {
  advertisementArguments,
  type Announcement,
  arpArguments,
  type ArpSender,
  defaultSender,
  findAnnouncers,
  programOf,
} from '../../lib/network/announcement'
import { arpingKind } from '../../lib/network/arping-kind'
import { messageOf } from '../../lib/ocf'
import { endInBackground, startInBackground } from '../../lib/system/background-program'
import { runProgram } from '../../lib/system/run-program'
import { type Context } from './agent'
import { reportFailure, watched } from './announced'
import { noteOf } from './state-files'

/** What announces, decided when the facts were gathered. */
export interface Announcer {
  readonly sender: ArpSender | 'send_ua'
  /** The program's path; nothing when it is not installed. */
  readonly program: string | undefined
}

/** The program that announces the address: the configured one, or what this host has. */
export function findAnnouncer(
  { ip, arp_sender }: Context['values'],
  linkType: string | undefined,
): Announcer {
  const announcers = findAnnouncers()
  if (ip.family === 6) return { sender: 'send_ua', program: announcers.sendUa }
  const sender = arp_sender ?? defaultSender(announcers, linkType)
  return { sender, program: programOf(sender, announcers) }
}

interface Where {
  readonly interface: string
  readonly prefixLength: number
}

function announcementOf(
  { ip, arp_interval, send_arp_opts }: Context['values'],
  where: Where,
  count: number,
): Announcement {
  return { ...where, address: ip, count, intervalMs: arp_interval, options: send_arp_opts }
}

/** Of the two programs called arping, each is called in its own way, whichever arp_sender says. */
async function installedSender(
  { sender, program }: { readonly sender: Announcer['sender']; readonly program: string },
  { values, deadline, log }: Context,
): Promise<Announcer['sender']> {
  if (sender !== 'iputils_arping' && sender !== 'libnet_arping') return sender
  const kind = await arpingKind(program, deadline.before(500))
  if (kind !== sender && values.arp_sender !== undefined)
    log.warning(`arp_sender is ${sender}, but ${program} is ${kind}, and is called as that`)
  return kind
}

/**
 * Announces the address. That it does not succeed is no failure of the resource, which serves everybody who asks;
 * the log says so.
 */
export async function announce(
  { sender: configured, program }: Announcer,
  where: Where,
  count: number,
  context: Context,
): Promise<void> {
  const { values, deadline, log, variables } = context
  const announcement = announcementOf(values, where, count)
  if (program === undefined) {
    log.warning(`${values.ip.text} is not announced: ${configured} is not installed (resource-agents has it)`)
    return
  }
  try {
    const sender = await installedSender({ sender: configured, program }, context)
    const args =
      sender === 'send_ua' ? advertisementArguments(announcement) : arpArguments(sender, announcement)
    if (values.arp_bg) {
      const note = noteOf(values)
      // The announcer of an earlier start or monitor has nothing new to say.
      endInBackground(note)
      const reporter = [process.execPath, process.argv[1] ?? '', 'announced'] as const
      await startInBackground('sh', watched(reporter, sender, program, args), note, variables)
      return
    }
    const result = await runProgram(program, args, { deadline: deadline.before(500) })
    reportFailure(program, sender, result, context)
  } catch (error) {
    log.error(`${values.ip.text} is not announced: ${messageOf(error)}`)
  }
}

/** For a monitor that announces the address once more. */
export async function announceAgain(where: Where, context: Context): Promise<void> {
  const announcer = findAnnouncer(context.values, undefined)
  await announce(announcer, where, context.values.arp_count_refresh, context)
}
