/** What `ocf-ts switchover` does. */
import { attributeNames } from '../../agents/pgsql/names'
import { type ClusterStatus } from '../../lib/cluster/status'
import { sameNode } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { addressesOfPrimary } from '../act/addresses'
import { promotedRole, TemporaryBans } from '../act/bans'
import { pinnedOn } from '../act/pinned'
import { type Problem, refuseFor, soft } from '../act/refuse'
import { Steps } from '../act/steps'
import { type Patience, readStatus, waitForStatus, waitUntil } from '../cluster/wait'
import { chooseDatabase, type ClusterView, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { Interruption } from '../interrupt'
import { type SqlFacts } from '../nodes/facts'
import { gatherFacts } from '../nodes/gather'
import { makeReport, membersToAsk } from '../status/report'
import { findUpcoming } from '../status/upcoming'
import { type Terminal } from '../terminal'
import { decideSwitchover } from './decide'
import { momentsOf, type Outage, outageOf } from './outage'
import { uncopiedSlots } from './uncopied-slots'
import { Watcher } from './watcher'

export interface SwitchoverFlags {
  readonly to?: string
  readonly resource?: string
  readonly check?: true
  /** Bytes. */
  readonly maxLag: number
  /** Seconds for each step. */
  readonly timeout: number
  readonly force?: true
  readonly json?: true
}

/** The steps that a timeout is for, and some time to take them back. */
const WAITS = 4

/** A move that was found safe. */
interface Plan {
  readonly view: ClusterView
  readonly resource: string
  readonly clone: string
  readonly mode: string | null
  readonly from: string
  readonly candidates: readonly string[]
  /** The nodes that must not become the primary. */
  readonly barred: readonly string[]
  readonly addresses: readonly { readonly resource: string; readonly ip: string }[]
  /** The old primary's node is there, so that it can come back. */
  readonly problems: readonly Problem[]
}

async function makePlan({
  to,
  resource: wanted,
  maxLag,
}: SwitchoverFlags): Promise<Plan | { already: string }> {
  const view = await lookAtCluster()
  const database = chooseDatabase(view.configuration, wanted)
  const { id: resource, clone } = database
  if (clone?.promotable !== true) {
    throw new CommandError(Exit.USAGE, `${resource} is no promotable clone: it has no primary to be moved`)
  }
  const [gathered, upcoming] = await Promise.all([
    gatherFacts(view, database, membersToAsk(view, database)),
    findUpcoming(),
  ])
  const report = makeReport(view, { [resource]: gathered }, upcoming)
  const reported = report.databases.find((one) => one.resource === resource)
  if (reported === undefined) throw new Error(`no report of ${resource}`)
  const { primary, members, mode } = reported
  const sqlOf = (name: string | null): SqlFacts | undefined =>
    gathered.find(({ node }) => name !== null && sameNode(node, name))?.facts?.sql ?? undefined
  if (to !== undefined && primary !== null && sameNode(to, primary)) return { already: primary }
  const addresses = addressesOfPrimary(view.configuration, database)
  const related = [resource, clone.id, ...addresses.map((address) => address.resource)]
  const groups = view.configuration.primitives
    .filter(({ id }) => related.includes(id))
    .map(({ group }) => group)
  const { problems, candidates } = decideSwitchover({
    report,
    database: reported,
    status: view.status,
    related,
    pinned: pinnedOn(view.configuration, [...related, ...groups]),
    to,
    maxLag,
    uncopied: Object.fromEntries(
      members.map(({ node }) => [node, uncopiedSlots(sqlOf(primary), sqlOf(node))]),
    ),
  })
  const chosen = to === undefined ? undefined : candidates[0]
  return {
    view,
    resource,
    clone: clone.id,
    mode,
    from: primary ?? '',
    candidates,
    barred:
      chosen === undefined
        ? []
        : members.map(({ node }) => node).filter((node) => node !== chosen && node !== primary),
    addresses,
    problems,
  }
}

/** The one node where the database is promoted, unless it is still the old one. */
function newPrimary(status: ClusterStatus, { resource, from }: Plan): string | undefined {
  const promoted = status.promoted(resource)
  return promoted.length === 1 && promoted[0] !== from ? promoted[0] : undefined
}

/** The old primary is as good a standby as this replication has. */
function isBack(status: ClusterStatus, { resource, from, mode, candidates, barred }: Plan): boolean {
  const names = attributeNames(resource)
  const dataStatus = status.attribute(from, names.dataStatus) ?? ''
  const others = candidates.length + barred.length > 1
  const wanted = mode === 'sync' && !others ? /^STREAMING\|SYNC$/ : /^STREAMING\|/
  return wanted.test(dataStatus) && status.role(resource, from) === 'Unpromoted'
}

interface Moved {
  readonly to: string
  readonly outage: Outage | undefined
  readonly moments: readonly { readonly atMs: number; readonly text: string }[]
}

/** Moves it; whatever happens, the constraints are taken back. */
async function move(plan: Plan, watcher: Watcher, steps: Steps, patience: Patience): Promise<Moved> {
  const { resource, clone, from, barred, candidates, addresses, view } = plan
  const bans = new TemporaryBans(clone, promotedRole(view.xml), patience.seconds * WAITS)
  let to: string | undefined
  let failed = true
  try {
    await steps.run(`keep the primary role off ${[...barred, from].join(', ')} for now`, async () => {
      for (const node of [...barred, from]) {
        patience.interruption.check()
        await bans.add(node)
      }
    })
    const named = candidates.length === 1 ? (candidates[0] ?? '') : 'another node'
    const status = await steps.run(`wait until ${named} is promoted`, () =>
      waitForStatus(`${named} is promoted`, patience, (now) => newPrimary(now, plan) !== undefined),
    )
    to = newPrimary(status, plan) ?? ''
    const next = to
    if (addresses.length > 0) {
      const ips = addresses.map(({ ip }) => ip).join(', ')
      await steps.run(`wait for ${ips} on ${next}`, () =>
        waitForStatus(`${ips} on ${next}`, patience, (now) =>
          addresses.every((address) => now.nodeOf(address.resource) === next),
        ),
      )
    }
    await steps.run(`wait until ${from} follows ${next}${plan.mode === 'sync' ? ' in sync' : ''}`, () =>
      waitForStatus(`${from} follows ${next}`, patience, (now) => isBack(now, plan)),
    )
    failed = false
  } finally {
    const takeBack = steps.run('take the constraints back', async () => {
      await bans.takeBack()
      const left = await bans.left()
      if (left.length > 0) throw new CommandError(Exit.TROUBLE, `still there: ${left.join(', ')}`)
    })
    // An error before this one is the one to be told.
    await (failed
      ? takeBack.catch((error: unknown) => {
          steps.say(`they end by themselves: ${messageOf(error)}`)
        })
      : takeBack)
  }
  await steps.run('wait until the cluster has nothing more to do', () =>
    waitUntil('the cluster has nothing more to do', patience, async () =>
      (await findUpcoming()).length === 0 ? true : undefined,
    ),
  )
  const primary = newPrimary(await readStatus(view.local), plan)
  if (primary !== to) {
    throw new CommandError(
      Exit.TROUBLE,
      `${resource}: ${to} was promoted, and now the primary is ${primary ?? 'nobody'}`,
      `'ocf-ts status' shows why`,
    )
  }
  const { sightings } = watcher
  return { to, outage: outageOf(sightings, from, to), moments: momentsOf(sightings, from, to) }
}

/** What the cluster is after a move that did not end as it should. */
async function describeState({ view, resource, from }: Plan): Promise<string> {
  try {
    const status = await readStatus(view.local)
    const [primary] = status.promoted(resource)
    const where = primary === undefined ? 'there is no primary now' : `the primary is ${primary} now`
    return `${where} (it was ${from}); 'ocf-ts status' shows more`
  } catch {
    return `it was ${from}; 'ocf-ts status' shows what is now`
  }
}

const inSeconds = (ms: number): number => Math.round(ms) / 1000

function tell(terminal: Terminal, { resource, from }: Plan, moved: Moved): void {
  const { bold } = terminal.colours
  const { to, outage, moments } = moved
  const begun = outage?.fromMs ?? moments[0]?.atMs ?? 0
  for (const { atMs, text } of moments) {
    terminal.line(`  ${((atMs - begun) / 1000).toFixed(2).padStart(6)} s  ${text}`)
  }
  const how =
    outage === undefined
      ? 'for how long nobody could write was not measured'
      : `nobody could write for ${(outage.ms / 1000).toFixed(2)} s`
  terminal.line(bold(`${to} is the primary of ${resource}, ${from} its standby; ${how}`))
}

export async function switchover(terminal: Terminal, flags: SwitchoverFlags): Promise<Exit> {
  const plan = await makePlan(flags)
  if ('already' in plan) {
    if (flags.json) terminal.json({ from: plan.already, to: plan.already, outage: null, steps: [] })
    else terminal.line(`${plan.already} is the primary already`)
    return Exit.OK
  }
  const { view, resource, from, candidates } = plan
  refuseFor(terminal, 'no switchover', plan.problems, flags.force === true)
  if (flags.check) {
    if (flags.json) terminal.json({ resource, from, candidates })
    else terminal.line(`${resource} may be moved from ${from} to ${candidates.join(' or ')}`)
    return Exit.OK
  }
  const steps = new Steps(flags.json === true)
  const ips = plan.addresses.map(({ ip }) => ip)
  const interruption = new Interruption()
  const { watcher, unwatched } = await Watcher.start(view, resource, ips, [from, ...candidates])
  try {
    refuseFor(terminal, 'no switchover', unwatched.map(soft), flags.force === true)
    if (interruption.happened) throw new CommandError(Exit.REFUSED, 'interrupted: nothing was changed')
    const patience = { local: view.local, seconds: flags.timeout, interruption }
    const moved = await move(plan, watcher, steps, patience).catch(async (error: unknown) => {
      const state = await describeState(plan)
      throw new CommandError(
        Exit.TROUBLE,
        interruption.happened ? `interrupted: ${state}` : `${messageOf(error)}: ${state}`,
      )
    })
    for (const why of watcher.lost) terminal.note(`how long nobody served may not be known: ${why}`)
    const { to, outage } = moved
    if (flags.json) {
      const measured = outage && { seconds: inSeconds(outage.ms) }
      const begun = outage?.fromMs ?? 0
      const moments = outage
        ? moved.moments.map(({ atMs, text }) => ({ at: inSeconds(atMs - begun), text }))
        : []
      terminal.json({ resource, from, to, outage: measured ?? null, moments, steps: steps.reports })
    } else tell(terminal, plan, moved)
    return Exit.OK
  } finally {
    await watcher.end()
    interruption.release()
  }
}
