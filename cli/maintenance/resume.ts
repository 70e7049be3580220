/** What `ocf-ts resume` does. */
import { sameNode } from '../../lib/cluster/snapshot'
import { soft, refuseFor } from '../act/refuse'
import { Steps } from '../act/steps'
import { runTool } from '../cluster/change'
import { databasesOf, type ClusterView, lookAtCluster } from '../cluster/view'
import { waitUntil } from '../cluster/wait'
import { CommandError, Exit } from '../exit'
import { Interruption } from '../interrupt'
import { gatherFacts } from '../nodes/gather'
import { membersToAsk } from '../status/report'
import { findUpcoming } from '../status/upcoming'
import { type Terminal } from '../terminal'
import { gatherAddresses } from './addresses'
import { findAfterResume } from './after-resume'
import { compareAddresses, compareServers, type Difference } from './compare'
import { isPaused, setPaused } from './mode'
import { answeredBy } from './monitors'
import { queryOwnCib } from '../cluster/change'

export interface ResumeFlags {
  readonly refresh?: true
  readonly force?: true
  /** Seconds. */
  readonly timeout: number
  readonly json?: true
}

const ROLES: Readonly<Record<string, string>> = {
  Promoted: 'primary',
  Unpromoted: 'standby',
  Started: 'running',
  Stopped: 'stopped',
}

/** What differs from what the cluster believes, on all nodes that are there. */
async function findDifferences(view: ClusterView): Promise<readonly Difference[]> {
  const { configuration, status } = view
  const servers = databasesOf(configuration).map(async (database) => {
    const nodes = membersToAsk(view, database)
    const roles = Object.fromEntries(
      nodes.map((node) => {
        const role = status.role(database.id, node)
        return [node, ROLES[role] ?? role.toLowerCase()] as const
      }),
    )
    return compareServers({ resource: database.id, roles }, await gatherFacts(view, database, nodes))
  })
  const addresses = configuration.primitives
    // An address that several nodes share is on all of them.
    .filter(({ agent, clone }) => /:IPaddr2?$/.test(agent) && clone === undefined)
    .map(({ id, parameters }) => ({ resource: id, ip: parameters['ip'] ?? '', node: status.nodeOf(id) }))
  const found =
    addresses.length === 0 ? [] : compareAddresses(addresses, await gatherAddresses(view, status.online))
  return [...(await Promise.all(servers)).flat(), ...found]
}

/** Has pacemaker ask all agents what runs. In maintenance mode it does no more than that. */
async function refresh(
  { local, xml }: ClusterView,
  seconds: number,
  interruption: Interruption,
): Promise<void> {
  const before = answeredBy(xml, 'anything')
  // It returns when all that was known is forgotten.
  await runTool('crm_resource', '--refresh')
  const patience = { local, seconds, interruption }
  await waitUntil('every node has looked', patience, async () => {
    const after = answeredBy(await queryOwnCib(), 'anything')
    return before.every((one) => after.includes(one)) || undefined
  })
}

/** Waits until the cluster watches all that it runs. */
async function awaitMonitors(view: ClusterView, seconds: number, interruption: Interruption): Promise<void> {
  const watchable = view.configuration.primitives
    .filter(({ operations }) =>
      operations.some(({ name, interval }) => name === 'monitor' && Number.parseInt(interval, 10) > 0),
    )
    .map(({ id }) => id)
  const patience = { local: view.local, seconds, interruption }
  await waitUntil('the cluster watches everything again', patience, async () => {
    const now = await lookAtCluster()
    const watched = answeredBy(now.xml, 'monitors')
    const missing = now.status.resources.filter(
      ({ id, node, active, managed, pending }) =>
        active &&
        watchable.includes(id) &&
        (!managed ||
          pending !== undefined ||
          !watched.some((one) => one.toLowerCase() === `${id} on ${node ?? ''}`.toLowerCase())),
    )
    return missing.length === 0 && (await findUpcoming()).length === 0 ? true : undefined
  })
}

/** Failures that were not there before. */
function newFailures(before: ClusterView, after: ClusterView): readonly string[] {
  return after.status.failures
    .filter(
      (failure) =>
        !before.status.failures.some(
          ({ resource, task, node }) =>
            resource === failure.resource && task === failure.task && sameNode(node, failure.node),
        ),
    )
    .map(
      ({ resource, task, node, exitReason, exitStatus }) =>
        `${resource} ${task} failed on ${node}: ${exitReason || exitStatus}`,
    )
}

export async function resume(terminal: Terminal, flags: ResumeFlags): Promise<Exit> {
  let view = await lookAtCluster()
  if (!isPaused(view)) {
    if (flags.json) terminal.json({ paused: false, already: true, differences: [], upcoming: [] })
    else terminal.line('the cluster is not paused: nothing to do')
    return Exit.OK
  }
  const steps = new Steps(flags.json === true)
  const interruption = new Interruption()
  try {
    if (flags.refresh) {
      await steps.run('have the cluster look afresh', () => refresh(view, flags.timeout, interruption))
      view = await lookAtCluster()
    }
    const [differences, upcoming] = await steps.run('compare what runs with what the cluster believes', () =>
      Promise.all([findDifferences(view), findAfterResume(view.xml)]),
    )
    interruption.check()
    if (flags.json && (differences.length > 0 || upcoming.length > 0) && !flags.force)
      terminal.json({ paused: true, differences, upcoming })
    refuseFor(
      terminal,
      'not resumed',
      [
        ...differences.map(({ text, advice }) => ({ ...soft(text), advice })),
        ...upcoming.map((text) => soft(`the cluster would at once ${text}`)),
      ],
      flags.force === true,
    )
    await steps.run('end maintenance mode', () => setPaused(false))
    await steps.run('wait until the cluster watches everything again', () =>
      awaitMonitors(view, flags.timeout, interruption),
    )
    const after = await lookAtCluster()
    const troubles = [...newFailures(view, after), ...(await findDifferences(after)).map(({ text }) => text)]
    if (flags.json) terminal.json({ paused: false, differences, upcoming, troubles, steps: steps.reports })
    if (troubles.length > 0) {
      throw new CommandError(
        Exit.TROUBLE,
        `the cluster is resumed, and not all is well: ${troubles.join('; ')}`,
        `'ocf-ts status' shows more`,
      )
    }
    if (!flags.json)
      terminal.line(
        `the cluster is resumed: it watches everything again${upcoming.length === 0 ? ', and has changed nothing' : ''}`,
      )
    return Exit.OK
  } catch (error) {
    if (!interruption.happened) throw error
    const paused = isPaused(await lookAtCluster())
    throw new CommandError(
      Exit.TROUBLE,
      paused ? 'interrupted: the cluster is still paused' : 'interrupted: the cluster is resumed already',
    )
  } finally {
    interruption.release()
  }
}
