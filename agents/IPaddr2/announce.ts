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
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { endInBackground, startInBackground } from '../../lib/system/background-program'
import { describeFailure, runProgram } from '../../lib/system/run-program'
import { type Context } from './agent'
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

/**
 * Announces the address. That it does not succeed is no failure of the resource, which serves everybody who asks;
 * the log says so.
 */
export async function announce(
  { sender, program }: Announcer,
  where: Where,
  count: number,
  { values, deadline, log }: Context,
): Promise<void> {
  const announcement = announcementOf(values, where, count)
  if (program === undefined) {
    log.warning(`${values.ip.text} is not announced: ${sender} is not installed (resource-agents has it)`)
    return
  }
  const args =
    sender === 'send_ua' ? advertisementArguments(announcement) : arpArguments(sender, announcement)
  try {
    if (values.arp_bg) {
      const note = noteOf(values)
      // The announcer of an earlier start or monitor has nothing new to say.
      endInBackground(note)
      await startInBackground(program, args, note)
      return
    }
    const result = await runProgram(program, args, { deadline: deadline.before(500) })
    // libnet's arping waits for answers, which an announcement does not get, and calls that a failure.
    if (result.code !== 0 && sender !== 'libnet_arping')
      throw new OcfError(ExitCode.ERR_GENERIC, describeFailure(program, result))
  } catch (error) {
    log.error(`${values.ip.text} is not announced: ${messageOf(error)}`)
  }
}

/** For a monitor that announces the address once more. */
export async function announceAgain(where: Where, context: Context): Promise<void> {
  const announcer = findAnnouncer(context.values, undefined)
  await announce(announcer, where, context.values.arp_count_refresh, context)
}
