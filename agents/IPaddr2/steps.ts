/** What a plan can consist of, and how each step is carried out. */
import { placesOf } from '../../lib/network/interfaces'
import { askOwners, awaitDetection } from '../../lib/network/duplicate-address'
import { runIp } from '../../lib/network/ip-command'
import { listInterfaces } from '../../lib/network/list-interfaces'
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { endInBackground } from '../../lib/system/background-program'
import { type Context } from './agent'
import { announce, type Announcer } from './announce'
import { forgetChosen, noteChosen } from './chosen'
import { giveBackToLoopback, type LoopbackAddress, takeFromLoopback } from './loopback'
import { noLink } from './place'
import { noteOf } from './state-files'

/** An interface that was brought up finds out what speed to talk at first. */
const LINK_MS = 8000

interface Where {
  readonly interface: string
  readonly prefixLength: number
}

export type Step =
  | ({ readonly step: 'ask for another owner' } & Where)
  | { readonly step: 'take from loopback'; readonly as: LoopbackAddress }
  | { readonly step: 'give back to loopback' }
  | ({
      readonly step: 'add'
      readonly broadcast?: string
      readonly label?: string
      readonly flags: readonly string[]
    } & Where)
  | ({ readonly step: 'remove' } & Where)
  | { readonly step: 'bring up'; readonly interface: string }
  | { readonly step: 'note interface'; readonly interface: string }
  | ({ readonly step: 'await link' } & Where)
  | ({ readonly step: 'await detection' } & Where)
  | ({ readonly step: 'announce'; readonly announcer: Announcer } & Where)
  | { readonly step: 'end announcing' | 'flush route cache' | 'add address label' | 'remove address label' }
  | { readonly step: 'forget interface' }

type AddStep = Extract<Step, { step: 'add' }>

function addArguments({ ip }: Context['values'], step: AddStep): readonly string[] {
  return [
    `-${ip.family}`,
    'address',
    'add',
    `${ip.text}/${step.prefixLength}`,
    ...(step.broadcast === undefined ? [] : ['broadcast', step.broadcast]),
    'dev',
    step.interface,
    ...(step.label === undefined ? [] : ['label', step.label]),
    ...step.flags,
  ]
}

/** One line that says what a step does. */
export function describeStep(step: Step, values: Context['values']): string {
  const ip = values.ip.text
  switch (step.step) {
    case 'ask for another owner':
      return `ask the network of ${step.interface} for another owner of ${ip}`
    case 'take from loopback':
      return `take ${ip} from the loopback interface`
    case 'give back to loopback':
      return `put ${ip} back on the loopback interface`
    case 'add':
      return `ip ${addArguments(values, step).join(' ')}`
    case 'remove':
      return `remove ${ip}/${step.prefixLength} from ${step.interface}`
    case 'note interface':
      return `note that the interface is ${step.interface}`
    case 'forget interface':
      return 'forget which interface was chosen'
    case 'bring up':
      return `bring ${step.interface} up`
    case 'await link':
      return `wait until ${step.interface} has a link`
    case 'await detection':
      return `wait until the kernel knows that nobody else on the network of ${step.interface} has ${ip}`
    case 'announce':
      return `announce ${ip} on ${step.interface} ${values.arp_count} times with ${step.announcer.sender}`
    case 'end announcing':
      return 'end announcements that still go on'
    case 'flush route cache':
      return 'flush the route cache'
    case 'add address label':
      return `give ${ip} the address label ${values.lvs_ipv6_addrlabel_value}`
    case 'remove address label':
      return `remove the address label of ${ip}`
  }
}

async function remove(
  { interface: name, prefixLength }: Where,
  { values, deadline }: Context,
): Promise<void> {
  const { ip } = values
  try {
    await runIp([`-${ip.family}`, 'address', 'delete', `${ip.text}/${prefixLength}`, 'dev', name], deadline)
  } catch (error) {
    // It may have gone meanwhile, with its interface or with the first address of its network.
    const left = placesOf(ip, await listInterfaces(deadline))
    if (left.some((place) => place.interface === name && place.prefixLength === prefixLength)) throw error
  }
}

async function awaitDetectionOf(where: Where, context: Context): Promise<void> {
  const { values, deadline, log } = context
  const { ip } = values
  const result = await awaitDetection(where.interface, ip, deadline.before(1000).within(10_000))
  if (result === 'undecided') {
    log.warning(
      `the kernel does not know yet whether somebody else on the network of ${where.interface} has ${ip.text}`,
    )
  }
  if (result !== 'duplicate') return
  await remove(where, context)
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `another machine on the network of ${where.interface} has ${ip.text}: take it from there`,
  )
}

async function refuseOtherOwner(name: string, { values, deadline, log }: Context): Promise<void> {
  const ip = values.ip.text
  const owners = await askOwners(name, ip, 2, deadline)
  if (owners.kind === 'nobody') return
  if (owners.kind === 'taken') {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `another machine on the network of ${name} has ${ip}: take it from there`,
      { detail: `answers from ${owners.macs.join(', ')}` },
    )
  }
  log.warning(
    `run_arping: it is not known whether another machine on the network of ${name} has ${ip}: ${owners.why}`,
  )
}

async function awaitLinkOf(where: Where, context: Context): Promise<void> {
  const hasLink = async (): Promise<boolean> =>
    (await listInterfaces(context.deadline)).some(({ name, link }) => name === where.interface && link)
  if (await context.deadline.before(2000).within(LINK_MS).holds(100, hasLink)) return
  await remove(where, context)
  throw new OcfError(ExitCode.ERR_GENERIC, noLink(where.interface))
}

async function changeLabel(verb: 'add' | 'delete', { values, deadline, log }: Context): Promise<void> {
  const { ip, lvs_ipv6_addrlabel_value: label } = values
  try {
    await runIp(['addrlabel', verb, 'prefix', ip.text, 'label', `${label}`], deadline)
  } catch (error) {
    // The address serves without it too.
    if (verb === 'add') log.warning(messageOf(error))
  }
}

/** What is no change of the host. */
const SILENT: ReadonlySet<Step['step']> = new Set(['end announcing', 'note interface', 'forget interface'])

/** Carries out one step. */
async function performStep(step: Step, context: Context): Promise<void> {
  const { values, deadline, log } = context
  const { ip } = values
  switch (step.step) {
    case 'ask for another owner':
      return refuseOtherOwner(step.interface, context)
    case 'take from loopback':
      return takeFromLoopback(values, step.as, deadline)
    case 'give back to loopback':
      return giveBackToLoopback(values, deadline)
    case 'add':
      await runIp(addArguments(values, step), deadline)
      return
    case 'remove':
      return remove(step, context)
    case 'note interface':
      noteChosen(values, step.interface)
      return
    case 'forget interface':
      forgetChosen(values)
      return
    case 'bring up':
      await runIp(['link', 'set', 'dev', step.interface, 'up'], deadline)
      return
    case 'await link':
      return awaitLinkOf(step, context)
    case 'await detection':
      return awaitDetectionOf(step, context)
    case 'announce':
      return announce(step.announcer, step, values.arp_count, context)
    case 'end announcing':
      if (endInBackground(noteOf(values))) log.info(`ended announcements of ${ip.text} that still went on`)
      return
    case 'flush route cache':
      await runIp(['route', 'flush', 'cache'], deadline)
      return
    case 'add address label':
      return changeLabel('add', context)
    case 'remove address label':
      return changeLabel('delete', context)
  }
}

/** Carries steps out, one after the other; when one fails, those after it are not begun. */
export async function performSteps(steps: readonly Step[], context: Context): Promise<void> {
  for (const step of steps) {
    if (!SILENT.has(step.step)) context.log.info(describeStep(step, context.values))
    await performStep(step, context)
  }
}
