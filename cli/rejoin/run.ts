/** What `ocf-ts rejoin` does. */
import { attributeNames } from '../../agents/pgsql/names'
import { type RejoinMethod } from '../../agents/pgsql/rejoin-note'
import { type Primitive } from '../../lib/cluster/configuration'
import { sameNode } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { type Form } from '../../lib/system/state-file'
import { deleteCommand, TemporaryBans } from '../act/bans'
import { isBan, pinnedOn } from '../act/pinned'
import { hard, type Problem, refuseFor } from '../act/refuse'
import { Steps } from '../act/steps'
import { mustAgree } from '../ask'
import { runTool } from '../cluster/change'
import { chooseDatabase, type ClusterView, lookAtCluster } from '../cluster/view'
import { type Patience, readStatus, waitForStatus } from '../cluster/wait'
import { CommandError, Exit } from '../exit'
import { Interruption } from '../interrupt'
import { gatherFacts } from '../nodes/gather'
import { askTool } from '../nodes/answer'
import { type DatabaseReport, makeReport, type MemberReport, membersToAsk } from '../status/report'
import { type Terminal } from '../terminal'
import { decideWay, type Way } from './decide'
import { type Standing } from './own-side'
import { noteForm, standingForm } from './standing-form'

export interface RejoinFlags {
  readonly method?: RejoinMethod
  readonly resource?: string
  readonly check?: true
  /** Seconds. */
  readonly timeout: number
  readonly yes?: true
  readonly json?: true
}

const ASK_MS = 30_000
/** A stop has a timeout of its own. */
const STOP_SECONDS = 120
/** The constraint that keeps it stopped ends by itself, should nobody take it back. */
const BAN_SECONDS = 3600
/** A rejoin that says nothing: looked for again after that. */
const LOOK_MS = 500

const NAMES = { rewind: 'pg_rewind', basebackup: 'a new base backup' } as const

interface Situation {
  readonly view: ClusterView
  readonly database: Primitive
  readonly report: DatabaseReport
  readonly member: MemberReport
  readonly primary: string
}

/** It runs, and follows. */
function isIn({ role, dataStatus }: MemberReport): boolean {
  return role === 'primary' || (role === 'standby' && dataStatus?.startsWith('DISCONNECT') !== true)
}

/** Runs the node's own part there. */
function ask<T>(view: ClusterView, node: string, form: Form<T>, ...args: readonly string[]): Promise<T> {
  return askTool(view, node, { args: ['rejoin-node', ...args], form, timeoutMs: ASK_MS })
}

function chooseMember(
  { resource, members }: DatabaseReport,
  wanted: string | undefined,
): MemberReport | undefined {
  if (wanted !== undefined) {
    const member = members.find(({ node }) => sameNode(node, wanted))
    if (member) return member
    const names = members.map(({ node }) => node).join(', ')
    throw new CommandError(Exit.USAGE, `${wanted} is no node of ${resource}`, `there are ${names}`)
  }
  const out = members.filter((member) => member.state === 'online' && !isIn(member))
  if (out.length < 2) return out[0]
  const names = out.map(({ node }) => node).join(', ')
  throw new CommandError(Exit.USAGE, `several nodes are out: ${names}`, 'say which: ocf-ts rejoin NODE')
}

/** The constraints that keep the whole resource off the node. */
function bansOf({ view, database, member }: Situation): readonly string[] {
  return pinnedOn(view.configuration, [database.id, database.clone?.id])
    .filter((constraint) => constraint.node !== undefined && sameNode(constraint.node, member.node))
    .filter((constraint) => isBan(constraint) && constraint.role === undefined)
    .map(({ id }) => id)
}

function problemsOf(situation: Situation): readonly Problem[] {
  const { report, member, view, database } = situation
  const paused = /^(?:true|yes|on|y|1)$/i.test(view.configuration.properties['maintenance-mode'] ?? '')
  const bans = member.refused === null ? bansOf(situation) : []
  const blocked = view.status.isBlocked(database.id, member.node)
  return [
    ...(paused ? [hard(`the cluster is in maintenance mode: 'ocf-ts resume' ends that`)] : []),
    ...(report.primary === null
      ? [hard('there is no primary to follow: get one promoted first (ocf-ts status)')]
      : []),
    ...(member.state === 'online' ? [] : [hard(`${member.node} is ${member.state}`)]),
    ...(blocked
      ? [hard(`${database.id} is blocked on ${member.node}: its stop has failed; fix that first`)]
      : []),
    ...bans.map((id) => hard(`the constraint ${id} keeps it off ${member.node} (crm_resource --clear)`)),
  ]
}

function whatIsDone(way: Extract<Way, { kind: 'copy' }>, { dataDirectory }: Standing): string {
  return way.method === 'rewind'
    ? `by pg_rewind: what differs is fetched from the primary, and ${dataDirectory} is changed in its place`
    : `by a new base backup: it is made beside ${dataDirectory}, which is kept as ${dataDirectory}.diverged-TIME`
}

/** Keeps the server off the node while its data is replaced, where it runs. */
async function stopThere(situation: Situation, bans: TemporaryBans, patience: Patience): Promise<void> {
  const { database, member } = situation
  await bans.add(member.node)
  await waitForStatus(`${database.id} is stopped on ${member.node}`, patience, (now) =>
    now.instances(database.id).every(({ node, active }) => node !== member.node || !active),
  )
}

/** Takes back what the agent has kept the node off with. */
async function clearBans(situation: Situation): Promise<void> {
  for (const id of bansOf(situation)) await runTool(...deleteCommand({ id }))
}

/** Waits until the data is there, as long as it takes. */
async function follow(situation: Situation, steps: Steps, interruption: Interruption): Promise<void> {
  const { view, member, database } = situation
  for (;;) {
    interruption.check()
    const note = await ask(view, member.node, noteForm, 'note', '--resource', database.id)
    // A start that has worked has removed the note.
    if (note === null || note.state === 'done') return
    if (note.state !== 'running') {
      throw new CommandError(
        Exit.TROUBLE,
        `${NAMES[note.method]} on ${member.node} ${note.state === 'failed' ? `failed: ${note.reason ?? 'see the log there'}` : `was killed (${note.phase})`}`,
        note.method === 'rewind'
          ? `fix that and run it again, or: ocf-ts rejoin ${member.node} --method basebackup`
          : `fix that and run it again`,
      )
    }
    steps.detail(note.phase)
    await interruption.pause(LOOK_MS)
  }
}

/** The cluster starts it, and it follows. */
async function letIn(situation: Situation, steps: Steps, patience: Patience): Promise<void> {
  const { database, member, primary } = situation
  const names = attributeNames(database.id)
  await steps.run(`let ${member.node} in again`, async () => {
    await runTool('crm_resource', '--cleanup', `--resource=${database.id}`, `--node=${member.node}`)
  })
  await steps.run(`wait until ${member.node} follows ${primary}`, async () => {
    const status = await waitForStatus(`${member.node} follows ${primary}`, patience, (now) => {
      const dataStatus = now.attribute(member.node, names.dataStatus) ?? ''
      const failed = now.failures.some(
        ({ resource, task, node }) =>
          resource === database.id && task === 'start' && sameNode(node, member.node),
      )
      return (
        failed || (dataStatus.startsWith('STREAMING|') && now.role(database.id, member.node) === 'Unpromoted')
      )
    })
    const failure = status.failures.find(
      ({ resource, task, node }) =>
        resource === database.id && task === 'start' && sameNode(node, member.node),
    )
    if (failure)
      throw new CommandError(
        Exit.TROUBLE,
        `${database.id} does not start on ${member.node}: ${failure.exitReason || failure.exitStatus}`,
      )
  })
}

async function carryOut(
  situation: Situation,
  way: Way,
  standing: Standing,
  steps: Steps,
  patience: Patience,
): Promise<void> {
  const { view, database, member, primary } = situation
  const { node } = member
  const banned = member.refused !== null && bansOf(situation).length > 0
  const bans = new TemporaryBans(database.clone?.id ?? database.id, undefined, BAN_SECONDS)
  let begun = way.kind === 'follow'
  try {
    if (way.kind === 'copy' && standing.running) {
      await steps.run(`stop ${database.id} on ${node}`, () =>
        stopThere(situation, bans, { ...patience, seconds: STOP_SECONDS }),
      )
    }
    if (way.kind === 'copy') {
      const [, provider = 'ts'] = database.agent.split(':')
      const flags = ['--resource', database.id, '--provider', provider, '--method', way.method]
      patience.interruption.check()
      begun = true
      await ask(view, node, noteForm, 'begin', ...flags)
    }
    if (way.kind === 'copy' || way.kind === 'follow') {
      await steps.run(`copy what ${primary} has to ${node}, by ${NAMES[way.method]}`, () =>
        follow(situation, steps, patience.interruption),
      )
      begun = false
    }
  } catch (error) {
    if (!patience.interruption.happened) throw error
    throw new CommandError(
      Exit.TROUBLE,
      begun
        ? `interrupted: it goes on by itself on ${node}; 'ocf-ts rejoin ${node}' watches it again, and lets it in at the end`
        : 'interrupted: nothing was discarded',
    )
  } finally {
    await bans.takeBack()
  }
  if (banned) await steps.run(`take back the constraint that kept it off ${node}`, () => clearBans(situation))
  await letIn(situation, steps, patience)
}

export async function rejoin(
  terminal: Terminal,
  wanted: string | undefined,
  flags: RejoinFlags,
): Promise<Exit> {
  const view = await lookAtCluster()
  const database = chooseDatabase(view.configuration, flags.resource)
  const gathered = await gatherFacts(view, database, membersToAsk(view, database))
  const report = makeReport(view, { [database.id]: gathered }, []).databases.find(
    ({ resource }) => resource === database.id,
  )
  if (report === undefined) throw new Error(`no report of ${database.id}`)
  const member = chooseMember(report, wanted)
  if (member === undefined || (member.state === 'online' && isIn(member))) {
    const text =
      member === undefined ? 'no node is out: nothing to do' : `${member.node} is in: it is ${member.role}`
    if (flags.json)
      terminal.json({ resource: database.id, node: member?.node ?? null, done: false, given: null })
    else terminal.line(text)
    return Exit.OK
  }
  const situation: Situation = { view, database, report, member, primary: report.primary ?? '' }
  refuseFor(terminal, 'no rejoin', problemsOf(situation), false)
  const standing = await ask(view, member.node, standingForm, 'look', '--resource', database.id)
  const way = decideWay({
    node: member.node,
    standing,
    wanted: flags.method,
    configured: database.parameters['rejoin'],
    dataStatus: member.dataStatus,
  })
  if (way.kind === 'refuse') refuseFor(terminal, 'no rejoin', [way.problem], false)
  const { yellow, bold } = terminal.colours
  const say = (text: string): void => {
    if (flags.json) terminal.note(text)
    else terminal.line(text)
  }
  if (way.kind === 'copy') {
    say(yellow(`discarded: ${member.node}: ${way.given}`))
    say(whatIsDone(way, standing))
  } else if (way.kind === 'let in')
    say(`nothing is discarded: ${report.primary ?? ''} has all that ${member.node} has`)
  const given = way.kind === 'copy' ? way.given : null
  const method = way.kind === 'copy' || way.kind === 'follow' ? way.method : null
  if (flags.check) {
    if (flags.json) terminal.json({ resource: database.id, node: member.node, done: false, given, method })
    return Exit.OK
  }
  if (way.kind === 'copy')
    await mustAgree(terminal, `Discard that, and make ${member.node} a standby?`, flags.yes === true)
  const steps = new Steps(flags.json === true)
  const interruption = new Interruption()
  try {
    await carryOut(situation, way, standing, steps, {
      local: view.local,
      seconds: flags.timeout,
      interruption,
    })
  } finally {
    interruption.release()
  }
  if (flags.json) {
    terminal.json({
      resource: database.id,
      node: member.node,
      done: true,
      given,
      method,
      steps: steps.reports,
    })
    return Exit.OK
  }
  const status = await readStatus(view.local).catch((error: unknown) => messageOf(error))
  const dataStatus =
    typeof status === 'string' ? '' : status.attribute(member.node, attributeNames(database.id).dataStatus)
  terminal.line(bold(`${member.node} is a standby of ${situation.primary} again (${dataStatus ?? ''})`))
  return Exit.OK
}
