/** What `ocf-ts promote --force` does. */
import { mayBecomePrimary, type ReplicationMode } from '../../agents/pgsql/mode'
import { attributeNames, SCORE } from '../../agents/pgsql/names'
import { latestPromotion, writeOwn } from '../../agents/pgsql/promotions'
import { type Primitive } from '../../lib/cluster/configuration'
import { findNode, sameNode } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { writeLsn } from '../../lib/postgres/lsn'
import { type Form, record, whole } from '../../lib/system/state-file'
import { addressesOfPrimary } from '../act/addresses'
import { isBan, pinnedOn } from '../act/pinned'
import { refuseFor } from '../act/refuse'
import { Steps } from '../act/steps'
import { mustType } from '../ask'
import { runTool } from '../cluster/change'
import { chooseDatabase, type ClusterView, lookAtCluster } from '../cluster/view'
import { type Patience, readStatus, waitForStatus, waitUntil } from '../cluster/wait'
import { CommandError, Exit } from '../exit'
import { Interruption } from '../interrupt'
import { type Gathered, gatherFacts } from '../nodes/gather'
import { askTool, position } from '../nodes/answer'
import { type DatabaseReport, makeReport, type MemberReport, membersToAsk } from '../status/report'
import { type Terminal } from '../terminal'
import { AttributeChanges } from './attributes'
import { type Candidate, decidePromote, describeDanger, describeLoss, describeRule } from './candidates'
import { type DataEnd } from './own-end'

export interface PromoteFlags {
  readonly force: true
  readonly despite?: readonly string[]
  readonly confirm?: string
  readonly resource?: string
  /** Seconds. */
  readonly timeout: number
  readonly json?: true
}

const ASK_MS = 15_000

const dataEndForm: Form<DataEnd> = record({ timeline: whole(1, 2 ** 32 - 1), end: position })

const isTrue = (text: string | undefined): boolean => /^(?:true|yes|on|y|1)$/i.test(text ?? '')

/** Where a stopped server's data ends. */
function endOf(view: ClusterView, node: string, resource: string): Promise<DataEnd> {
  const args = ['data-end', '--resource', resource] as const
  return askTool(view, node, { args, form: dataEndForm, timeoutMs: ASK_MS })
}

async function findCandidate(
  view: ClusterView,
  resource: string,
  { node, state, dataStatus, locked }: MemberReport,
  gathered: Gathered | undefined,
): Promise<Candidate> {
  const down = findNode(view.snapshot, node)?.departed ?? false
  const base = {
    node,
    state,
    dataStatus,
    locked,
    down,
    server: undefined,
    timeline: undefined,
    end: undefined,
  }
  if (gathered === undefined) return { ...base, why: `it is ${state}` }
  if (gathered.facts === undefined) return { ...base, why: gathered.why }
  const { server, sql, unknown } = gathered.facts
  if (sql) {
    const { inRecovery, timeline, position } = sql
    return {
      ...base,
      server: inRecovery ? 'standby' : 'primary',
      timeline,
      end: position ?? undefined,
      why: position === null ? 'PostgreSQL does not say' : undefined,
    }
  }
  if (server !== 'stopped') return { ...base, why: unknown.join('; ') || `PostgreSQL is ${server}` }
  try {
    return { ...base, server: 'stopped', ...(await endOf(view, node, resource)), why: undefined }
  } catch (error) {
    return { ...base, server: 'stopped', why: messageOf(error) }
  }
}

interface Situation {
  readonly view: ClusterView
  readonly database: Primitive
  readonly report: DatabaseReport
  readonly mode: ReplicationMode
  readonly candidates: readonly Candidate[]
}

async function look(wanted: string | undefined): Promise<Situation> {
  const view = await lookAtCluster()
  const database = chooseDatabase(view.configuration, wanted)
  const { id, parameters, agent } = database
  const mode = parameters['rep_mode']
  if (mode !== 'sync' && mode !== 'async') {
    throw new CommandError(Exit.USAGE, `${id} does not replicate (rep_mode=${mode ?? 'not set'})`)
  }
  if (!agent.endsWith(':pgsql'))
    throw new CommandError(Exit.USAGE, `${id} is of the agent ${agent}, not of pgsql`)
  const gathered = await gatherFacts(view, database, membersToAsk(view, database))
  const report = makeReport(view, { [id]: gathered }, []).databases.find(({ resource }) => resource === id)
  if (report === undefined) throw new Error(`no report of ${id}`)
  const candidates = await Promise.all(
    report.members.map((member) =>
      findCandidate(
        view,
        id,
        member,
        gathered.find(({ node }) => sameNode(node, member.node)),
      ),
    ),
  )
  return { view, database, report, mode, candidates }
}

function problemsOf({ view, database, candidates }: Situation, node: string, despite: readonly string[]) {
  const { status, configuration } = view
  const bans = pinnedOn(configuration, [database.id, database.clone?.id]).filter(
    (constraint) => isBan(constraint) && constraint.node !== undefined && sameNode(constraint.node, node),
  )
  return decidePromote({
    resource: database.id,
    candidates,
    node,
    despite,
    promoted: status.promoted(database.id),
    maintenance: isTrue(configuration.properties['maintenance-mode']),
    acts: status.quorate || configuration.properties['no-quorum-policy'] === 'ignore',
    dc: status.dc !== undefined,
    blocked: status.isBlocked(database.id, node),
    bans: bans.map(({ id }) => id),
    manual: database.parameters['rejoin'] === 'manual',
  })
}

function table(terminal: Terminal, candidates: readonly Candidate[]): readonly string[] {
  const rows = candidates.map(({ node, state, server, timeline, end, dataStatus, why }) => [
    node,
    state,
    server,
    timeline,
    end === undefined ? `not known: ${why ?? ''}` : writeLsn(end),
    dataStatus ?? undefined,
  ])
  return terminal.table(['NODE', 'STATE', 'SERVER', 'TL', 'LSN', 'DATA'], rows)
}

/**
 * Declares this node's data the latest, and nobody else's. With the number after the largest, it counts as promoted after
 * whichever primary may still run unseen.
 */
async function declare(
  { view, database, mode, candidates }: Situation,
  node: string,
  changes: AttributeChanges,
): Promise<void> {
  const names = attributeNames(database.id)
  const { snapshot } = view
  for (const other of candidates.map((one) => one.node).filter((name) => name !== node)) {
    const state = findNode(snapshot, other)
    const dataStatus = state?.permanent[names.dataStatus]
    if (mayBecomePrimary(mode, dataStatus)) {
      await changes.set(
        { node: other, name: names.dataStatus, value: 'DISCONNECT', lifetime: 'forever' },
        dataStatus,
      )
    }
    // By these it would be found to have more.
    if (state?.online !== true) continue
    for (const name of [names.position, names.baseline]) {
      await changes.set({ node: other, name, value: undefined, lifetime: 'reboot' }, state.transient[name])
    }
  }
  const before = findNode(snapshot, node)?.permanent[names.dataStatus]
  await changes.set({ node, name: names.dataStatus, value: 'LATEST', lifetime: 'forever' }, before)
  const number = latestPromotion(snapshot, database.id).number + 1
  const own = findNode(snapshot, node)?.permanent[names.promotion]
  await changes.set(
    { node, name: names.promotion, value: writeOwn(number, undefined), lifetime: 'forever' },
    own,
  )
}

async function carryOut(
  situation: Situation,
  node: string,
  changes: AttributeChanges,
  steps: Steps,
  patience: Patience,
): Promise<void> {
  const { view, database } = situation
  const { id } = database
  await steps.run(`tell the cluster that the data of ${node} is the latest`, () =>
    declare(situation, node, changes),
  )
  await steps.run(`forget the failures on ${node}`, () =>
    runTool('crm_resource', '--cleanup', `--resource=${id}`, `--node=${node}`),
  )
  await steps.run(`wait until ${id} runs on ${node}`, () =>
    waitForStatus(`${id} runs on ${node}`, patience, (now) =>
      ['Promoted', 'Unpromoted'].includes(now.role(id, node)),
    ),
  )
  await steps.run(`wait until ${node} is promoted`, async () => {
    const score = findNode(view.snapshot, node)?.transient[`master-${id}`]
    await changes.score(id, node, SCORE.primary, score)
    await waitForStatus(`${node} is promoted`, patience, (now) => now.promoted(id).includes(node))
  })
  const addresses = addressesOfPrimary(view.configuration, database)
  if (addresses.length > 0) {
    const ips = addresses.map(({ ip }) => ip).join(', ')
    await steps.run(`wait for ${ips} on ${node}`, () =>
      waitForStatus(`${ips} on ${node}`, patience, (now) =>
        addresses.every(({ resource }) => now.nodeOf(resource) === node),
      ),
    )
  }
  await steps.run(`ask PostgreSQL on ${node}`, () =>
    waitUntil(`PostgreSQL on ${node} is a primary`, patience, async () => {
      const [own] = await gatherFacts(view, database, [node])
      return own?.facts?.sql?.inRecovery === false || undefined
    }),
  )
}

/** Whether the cluster has promoted it all the same. */
async function isPromoted({ view, database }: Situation, node: string): Promise<boolean> {
  return (await readStatus(view.local)).promoted(database.id).includes(node)
}

export async function promote(terminal: Terminal, wanted: string, flags: PromoteFlags): Promise<Exit> {
  const situation = await look(flags.resource)
  const { database, candidates, mode } = situation
  const say = (text: string): void => {
    if (flags.json) terminal.note(text)
    else terminal.line(text)
  }
  table(terminal, candidates).forEach(say)
  refuseFor(terminal, 'not promoted', problemsOf(situation, wanted, flags.despite ?? []), false)
  const named = candidates.find((one) => sameNode(one.node, wanted))
  if (named === undefined) throw new Error(`no candidate ${wanted}`)
  const { node } = named
  const { red, bold } = terminal.colours
  const losses = describeLoss(candidates, named)
  const dangers = describeDanger(candidates)
  say(describeRule(named, database.id, mode))
  for (const text of [...losses, ...dangers]) say(red(text))
  await mustType(terminal, `Type the name of the node to promote it and lose that:`, node, flags.confirm)

  const steps = new Steps(flags.json === true)
  const interruption = new Interruption()
  const changes = new AttributeChanges(situation.view.configuration.featureSet)
  try {
    await carryOut(situation, node, changes, steps, {
      local: situation.view.local,
      seconds: flags.timeout,
      interruption,
    })
  } catch (error) {
    const why = interruption.happened ? 'interrupted' : messageOf(error)
    if (await isPromoted(situation, node).catch(() => false)) {
      throw new CommandError(Exit.TROUBLE, `${why}: but ${node} is promoted; 'ocf-ts status' shows more`)
    }
    const left = await steps.run('change the attributes back', () => changes.takeBack())
    if (left.length === 0) {
      throw new CommandError(
        Exit.TROUBLE,
        `${why}: ${node} is not promoted, and the attributes are as they were`,
        `'ocf-ts status' shows what the cluster is about to do`,
      )
    }
    for (const { why: failure } of left) terminal.note(red(`- not changed back: ${failure}`))
    throw new CommandError(
      Exit.TROUBLE,
      `${why}: ${node} is not promoted, and ${left.length} attributes are not as they were: the cluster may promote it still`,
      ['change them back by hand:', ...left.map(({ command }) => command)].join('\n'),
    )
  } finally {
    interruption.release()
  }
  if (flags.json)
    terminal.json({ resource: database.id, primary: node, losses, dangers, steps: steps.reports })
  else {
    terminal.line(bold(`${node} is the primary of ${database.id}`))
    terminal.line(
      `the other nodes come back by 'ocf-ts rejoin NODE', which shows what they have and would discard`,
    )
  }
  return Exit.OK
}
