/** What a primary does about its standbys: their attributes, their scores, and synchronous replication. */
import { type ClusterSnapshot, findNode, hasRole, type NodeState, sameNode } from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type StandbyRow } from '../../lib/postgres/replication'
import {
  chooseStandbys,
  isStreaming,
  namesOf,
  rowOf,
  settingFor,
  waitedForNow,
  type Waiting,
} from './choose-standbys'
import { isBehind, shownLag } from './lag'
import { BEHIND, isExplained, type ReplicationMode } from './mode'
import { attributeNames, primaryScore, SCORE } from './names'
import { claimants, isPrimary, saysPrimary } from './primaries'
import {
  continues,
  epochToPublish,
  hasLostAttributes,
  latestPromotion,
  ownPromotion,
  type Promotion,
  writeOwn,
  writePromotion,
} from './promotions'
import { covering, isSameQuorum, type Quorum, readQuorum, writeQuorum } from './quorum'
import { type ReceiverStatus, receiverChange } from './receiver'
import { type TroubledSlot } from './slots'
import { type Step } from './steps'
import { type SyncPolicy } from './sync-policy'

export interface PrimaryFacts {
  readonly resource: string
  readonly mode: ReplicationMode
  readonly policy: SyncPolicy
  /** How many bytes a standby that is not waited for may lack, and in asynchronous replication be promoted; 0: any. */
  readonly maxLag: number
  /** This node. */
  readonly node: string
  /** The other nodes of the replication. */
  readonly others: readonly string[]
  /** Standbys outside the cluster that commits wait for while they stream, by application name. */
  readonly externals: readonly string[]
  readonly standbys: readonly StandbyRow[]
  /** Replication slots of the other nodes that are missing or invalidated. */
  readonly slots: readonly TroubledSlot[]
  /** `synchronous_standby_names` as it is in force. */
  readonly synchronousStandbyNames: string
  /** What to publish of this node's WAL receiver; nothing where that is not asked for. */
  readonly receiver: ReceiverStatus | undefined
  /** The timeline that this server writes. */
  readonly timeline: number | undefined
  /** The timelines that it comes from: only asked for where another node has been promoted later. */
  readonly history: readonly number[]
  /** The last monitor was so long ago that this node may have slept: it looks before it says that all is well. */
  readonly slept: boolean
  readonly snapshot: ClusterSnapshot
}

export interface PrimaryPlan extends Plan<Step> {
  /** The node that is to become synchronous by this plan: look again when it has. */
  readonly awaiting: string | undefined
  /** Whom commits wait for, while nobody acknowledges them. */
  readonly waiting: string | undefined
  /** What is worse than it should be; nothing where all is well. */
  readonly degraded: string | undefined
}

/** What a standby's attributes should say. */
interface Wanted {
  readonly dataStatus: string
  /** Nothing where the standby's own word counts. */
  readonly status: string | undefined
  /** Nothing where it stays what it is. */
  readonly score: string | undefined
  /** Bytes of WAL that it has not replayed; nothing where it is not known. */
  readonly lag: number | undefined
}

const HOT_STANDBY: Readonly<Record<string, string>> = {
  SYNC: 'HS:sync',
  ASYNC: 'HS:async',
  POTENTIAL: 'HS:potential',
  QUORUM: 'HS:sync',
}

/**
 * Whether commits have waited for a standby all the time, although it is away: what the primary has acknowledged, it
 * has. Its standing stays as it is.
 */
function isWaitedForStill(node: string, waiting: Waiting, facts: PrimaryFacts): boolean {
  if (!waiting.absent.includes(node) || !waitedForNow(facts).includes(node)) return false
  const dataStatus = findNode(facts.snapshot, node)?.permanent[attributeNames(facts.resource).dataStatus]
  return facts.policy.quorum || dataStatus?.endsWith('|SYNC') === true
}

function wanted(node: string, waiting: Waiting, facts: PrimaryFacts): Wanted {
  const { mode, policy } = facts
  const { chosen } = waiting
  const row = rowOf(node, facts)
  if (isWaitedForStill(node, waiting, facts)) {
    return {
      dataStatus: `${row?.state ?? 'DISCONNECT'}|${policy.quorum ? 'QUORUM' : 'SYNC'}`,
      status: row && 'HS:connected',
      score: policy.quorum ? SCORE.never : undefined,
      lag: row?.unreplayed,
    }
  }
  if (row === undefined) {
    return { dataStatus: 'DISCONNECT', status: undefined, score: SCORE.never, lag: undefined }
  }
  const lag = row.unreplayed
  const syncState = syncStateOf(node, row, chosen, facts)
  const dataStatus = `${row.state}|${isStreaming(row) ? syncState : row.syncState}`
  if (!isStreaming(row)) return { dataStatus, status: 'HS:connected', score: SCORE.never, lag }
  const status = HOT_STANDBY[syncState] ?? 'HS:connected'
  const said = findNode(facts.snapshot, node)?.permanent[attributeNames(facts.resource).dataStatus]
  const counted = mode === 'async' || (syncState !== 'SYNC' && syncState !== 'QUORUM')
  if (counted && isBehind(row.unflushed, said?.startsWith(BEHIND) === true, facts.maxLag)) {
    return { dataStatus: `${BEHIND}${syncState}`, status, score: SCORE.never, lag }
  }
  // With more than one standby in asynchronous replication, or with a quorum, only an election can tell which has the
  // newest data.
  const promotable = mode === 'sync' ? !policy.quorum && syncState === 'SYNC' : facts.others.length === 1
  return { dataStatus, status, score: promotable ? SCORE.promotable : SCORE.never, lag }
}

function syncStateOf(
  node: string,
  { syncState }: StandbyRow,
  chosen: readonly string[],
  { mode, policy }: PrimaryFacts,
): string {
  // Of many that are waited for, whichever way until now, none is known to have everything by itself.
  if (mode === 'sync' && policy.quorum) return syncState === 'SYNC' ? 'QUORUM' : syncState
  // In line, although PostgreSQL knows nothing of it: see decidePrimary.
  return chosen.length > 0 && !chosen.includes(node) ? 'POTENTIAL' : syncState
}

/**
 * A standby that cannot follow says itself why (`DISCONNECT|FORKED`). The primary sees less of it: nothing, or for a
 * moment that it tries again. What the standby says stays until it follows.
 */
function knowsBetter(said: string | undefined, { dataStatus }: Wanted): boolean {
  return isExplained(said) && /^(?:DISCONNECT\b|STARTUP\|)/.test(dataStatus)
}

/** Only differences: an attribute that is already so is not written again. */
function changesOf(
  node: string,
  want: Wanted,
  state: NodeState | undefined,
  resource: string,
): readonly Step[] {
  const names = attributeNames(resource)
  const steps: Step[] = []
  if (state === undefined) return steps
  const said = state.permanent[names.dataStatus]
  const explained = knowsBetter(said, want)
  if (said !== want.dataStatus && !explained) {
    steps.push({
      step: 'attribute',
      node,
      name: names.dataStatus,
      value: want.dataStatus,
      lifetime: 'forever',
    })
  }
  // The others live only as long as the node is in the cluster.
  if (!state.online) return steps
  const score = promotionScore(state, resource)
  // A node without a score has not started its server yet; it sets the first one itself.
  if (score !== undefined && want.score !== undefined && score !== want.score) {
    steps.push({ step: 'score', node, score: want.score })
  }
  const status = state.transient[names.status]
  // A node whose disk fails may have called its server stopped while that still streams: it knows better.
  const ownWord = explained || status === 'STOP' || status === 'UNKNOWN'
  if (want.status !== undefined && status !== want.status && !ownWord) {
    steps.push({ step: 'attribute', node, name: names.status, value: want.status, lifetime: 'reboot' })
  }
  return steps
}

/** The lag of a standby, or of this node itself, which has none. */
function lagChange(
  node: string,
  lag: number | undefined,
  state: NodeState | undefined,
  resource: string,
): readonly Step[] {
  if (state?.online !== true) return []
  const { lag: name } = attributeNames(resource)
  const text = state.transient[name]
  const shown = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
  const value = lag === undefined ? undefined : String(shownLag(lag, shown))
  return value === text ? [] : [{ step: 'attribute', node, name, value, lifetime: 'reboot' }]
}

/** What becomes of the published quorum: before the setting is changed, or once it has been. See quorum.ts. */
function quorumSteps(
  waiting: Waiting,
  change: boolean,
  facts: PrimaryFacts,
): { readonly before: readonly Step[]; readonly after: readonly Step[] } {
  const { resource, node, snapshot, mode, policy } = facts
  const names = attributeNames(resource)
  const text = findNode(snapshot, node)?.permanent[names.quorum]
  const published = text === undefined ? undefined : readQuorum(text)
  const publish = (quorum: Quorum | undefined): Step => ({
    step: 'attribute',
    node,
    name: names.quorum,
    value: quorum && writeQuorum(quorum),
    lifetime: 'forever',
  })
  if (mode === 'async' || !policy.quorum) {
    return { before: published === undefined ? [] : [publish(undefined)], after: [] }
  }
  const next = waiting.count === 0 ? undefined : { count: waiting.count, names: namesOf(waiting, facts) }
  // What a standby said in an election that is over is less than what it has now.
  const forget: Step[] = facts.others.flatMap((other): readonly Step[] => {
    const said = findNode(snapshot, other)?.transient[names.position]
    return said === undefined
      ? []
      : [{ step: 'attribute', node: other, name: names.position, value: undefined, lifetime: 'reboot' }]
  })
  if (change) {
    const both = covering(published, next)
    return { before: [...forget, ...(isSameQuorum(both, published) ? [] : [publish(both)])], after: [] }
  }
  if (isSameQuorum(next, published)) return { before: forget, after: [] }
  const confirmed: Step[] = next === undefined ? [] : [{ step: 'confirm quorum', quorum: next }]
  return { before: forget, after: [...confirmed, ...proven(publish(next))] }
}

/**
 * Somebody has promoted this node beside the cluster's primary. What it would say as a primary - that the other has
 * not its data, and may not be promoted - would end the one whose commits count. It claims nothing: the score that it
 * has is less than the primary's, and readers are not to be led to it.
 */
function decideIntruder(primary: NodeState, { resource, node, snapshot }: PrimaryFacts): PrimaryPlan {
  const { status: name } = attributeNames(resource)
  const known = findNode(snapshot, node)?.transient[name] === 'UNKNOWN'
  return {
    exit: ExitCode.RUNNING_PROMOTED,
    reason: `promoted, but not by the cluster, whose primary is ${primary.name}: what was written here since is not there`,
    steps: known ? [] : [{ step: 'attribute', node, name, value: 'UNKNOWN', lifetime: 'reboot' }],
    awaiting: undefined,
    waiting: undefined,
    degraded: undefined,
  }
}

/**
 * Another node was promoted later: what this one acknowledged since is not there. Its monitor fails at once, so that
 * the cluster takes it and its addresses away from the clients; it says nothing of any other node.
 */
export function decideSuperseded(by: Promotion, { resource, node, snapshot }: PrimaryFacts): PrimaryPlan {
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const own = ownPromotion(snapshot, node, resource)
  const steps: Step[] = []
  if (promotionScore(self, resource) !== SCORE.never) steps.push({ step: 'score', node, score: SCORE.never })
  if (self?.transient[names.status] !== 'UNKNOWN') {
    steps.push({ step: 'attribute', node, name: names.status, value: 'UNKNOWN', lifetime: 'reboot' })
  }
  if (self?.permanent[names.dataStatus] === 'LATEST') {
    steps.push({ step: 'attribute', node, name: names.dataStatus, value: 'DISCONNECT', lifetime: 'forever' })
  }
  return {
    exit: ExitCode.FAILED_PROMOTED,
    reason: `${by.node} was promoted later (promotion ${by.number}, this node: ${own}): this primary must stop`,
    steps,
    awaiting: undefined,
    waiting: undefined,
    degraded: undefined,
  }
}

/** The number of the promotion that this primary acts by. */
export function actsBy({ resource, node, snapshot, timeline, history }: PrimaryFacts): number {
  const own = ownPromotion(snapshot, node, resource)
  const latest = latestPromotion(snapshot, resource)
  return continues(latest, timeline, history) ? latest.number : own
}

/** What this node says of itself as the primary, and has not said yet or nobody knows any more. */
function claims(facts: PrimaryFacts): readonly Step[] {
  const { resource, node, snapshot, timeline } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const own = ownPromotion(snapshot, node, resource)
  // One that was promoted by somebody who gives no numbers takes the next.
  const number = actsBy(facts) > own ? actsBy(facts) + 1 : own
  const score = primaryScore(number)
  const forever = (name: string, value: string): Step[] =>
    self?.permanent[name] === value ? [] : [{ step: 'attribute', node, name, value, lifetime: 'forever' }]
  const isPromoted = self !== undefined && hasRole(self, resource, 'Promoted')
  return [
    ...(number === 0 ? [] : forever(names.promotion, writeOwn(number, timeline))),
    ...forever(names.dataStatus, 'LATEST'),
    // A primary that had slept may have written it, or the attribute daemon has been restarted.
    ...(isPromoted && promotionScore(self, resource) !== score
      ? [{ step: 'score', node, score } as const]
      : []),
  ]
}

/**
 * Slots to be made. The slot of a node that is away may have been dropped on purpose: its WAL would fill the disk. One
 * that is invalidated keeps nothing, and is replaced as soon as its node is there, before a base backup needs it.
 */
function slotSteps({ slots, snapshot, resource }: PrimaryFacts): readonly Step[] {
  const names = slots.flatMap(({ node, slot, trouble }) => {
    const state = findNode(snapshot, node)
    if (state === undefined) return []
    const isNeeded = trouble === 'missing' ? hasRole(state, resource, 'Unpromoted') : state.online
    return isNeeded ? [slot] : []
  })
  return names.length === 0 ? [] : [{ step: 'slots', names }]
}

/** Those steps, after the proof that they may be taken; none where there are none. */
function proven(...steps: readonly Step[]): readonly Step[] {
  return steps.length === 0 ? [] : [{ step: 'prove' }, ...steps]
}

/**
 * The order matters. A standby that is lost is first barred from promotion, and only then does the primary stop
 * waiting for it: there is no moment at which a commit that is not on the standby is acknowledged while the standby
 * may be promoted. A standby that is back is first waited for, and may be promoted only once it has everything.
 *
 * A primary that has slept, or was cut off, sees the cluster as it was. So it changes nothing of what others go by
 * without the proof that it is the primary still (decide-proof.ts): before it bars a standby, and once more when the
 * cluster has taken note of that, before it stops waiting. A sleep between the proof and the write that it allows can
 * delay that write, and bar a node that is the primary by then: that one finds its own score changed, and sets it again;
 * but commits wait until the second proof, which then fails. What is only shown, and what a node says of itself alone,
 * needs no proof.
 *
 * For the same reason synchronous_standby_names holds one standby of the cluster and not all of them in their order:
 * PostgreSQL would pass on to the next by itself, and acknowledge commits that are on that one alone, while the first
 * may still be promoted. The others are called potential all the same, because that is what they are to the cluster.
 * Where more than one is to be waited for, it holds as many, and every commit waits for all of them.
 *
 * With a quorum it holds all that stream, none of them may be promoted by itself, and what the standbys need to find
 * out who may is published (quorum.ts).
 *
 * Under the strict policy it goes on holding standbys that are lost, so that commits wait. They lack nothing that was
 * acknowledged, and stay what they were.
 *
 * Of two that the cluster has promoted - without fencing, and apart until now - the one that was promoted later stays.
 * Where nobody can tell which that is, neither says anything of the other: the cluster demotes one of them, and that
 * must not become both.
 */
export function decidePrimary(facts: PrimaryFacts): PrimaryPlan {
  const { resource, node, others, snapshot, mode, receiver } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const own = ownPromotion(snapshot, node, resource)
  const claiming = claimants(snapshot, node, resource)
  const primary = claiming.find(
    ({ name }) => isPrimary(snapshot, name, resource) && ownPromotion(snapshot, name, resource) >= own,
  )
  const isOurs = self !== undefined && (saysPrimary(self, resource) || hasRole(self, resource, 'Promoted'))
  const latest = latestPromotion(snapshot, resource)
  if (isOurs && latest.number > actsBy(facts)) return decideSuperseded(latest, facts)
  if (primary !== undefined && !(self && saysPrimary(self, resource))) return decideIntruder(primary, facts)
  const equals = claiming.filter(
    (other) => hasRole(other, resource, 'Promoted') && ownPromotion(snapshot, other.name, resource) === own,
  )

  // These need no proof: this node's own word, and what is only shown.
  const open: Step[] = [...slotSteps(facts)]
  const epoch = epochToPublish(snapshot, node, resource)
  if (epoch !== undefined) {
    open.push({ step: 'attribute', node, name: names.epoch, value: epoch, lifetime: 'reboot' })
  }
  const claim = own === 0 || actsBy(facts) > own ? undefined : writeOwn(own, facts.timeline)
  if (claim !== undefined && self?.transient[names.promotion] !== claim) {
    open.push({ step: 'attribute', node, name: names.promotion, value: claim, lifetime: 'reboot' })
  }
  if (self?.transient[names.status] !== 'PRI') {
    open.push({ step: 'attribute', node, name: names.status, value: 'PRI', lifetime: 'reboot' })
  }
  if (hasLostAttributes(snapshot, node, resource)) open.push({ step: 'republish' })
  open.push(...receiverChange(resource, node, self, receiver), ...lagChange(node, undefined, self, resource))

  const waiting = chooseStandbys(facts)
  const setting = mode === 'sync' ? settingFor(waiting, facts) : undefined
  const quorum = quorumSteps(waiting, setting !== undefined, facts)
  const losing: Step[] = []
  const gaining: Step[] = []
  for (const other of others) {
    const want = wanted(other, waiting, facts)
    const state = findNode(snapshot, other)
    if (state !== undefined && equals.includes(state)) continue
    const changes = changesOf(other, want, state, resource)
    open.push(...lagChange(other, want.lag, state, resource))
    if (mode === 'async' || want.score !== SCORE.promotable) losing.push(...changes)
    else if (setting === undefined && changes.length > 0)
      gaining.push({ step: 'confirm', node: other }, ...proven(...changes))
  }
  const before = [...claims(facts), ...quorum.before, ...losing]
  // With the proof, the primary speaks for those that cannot: on which the resource does not run.
  const silent = snapshot.nodes.filter(
    ({ online, name, transient }) => online && !sameNode(name, node) && transient[names.epoch] === undefined,
  )
  if (before.length > 0) {
    const value = writePromotion(latest)
    for (const { name } of silent) {
      before.push({ step: 'attribute', node: name, name: names.epoch, value, lifetime: 'reboot' })
    }
  }
  const waitingFor = waiting.missing === 0 ? undefined : waiting.absent.join(', ')
  const steps: Step[] = [
    ...open,
    ...proven(...before),
    // To wait for one where it waited for none takes nothing away.
    ...(setting === undefined
      ? []
      : facts.synchronousStandbyNames === ''
        ? [{ step: 'synchronous', names: setting } as const]
        : proven({ step: 'synchronous', names: setting })),
    ...waitingChange(waitingFor, waiting, self, facts),
    ...gaining,
    ...quorum.after,
  ]
  if (facts.slept && !steps.some(({ step }) => step === 'prove')) steps.push({ step: 'prove' })
  const now = waitedForNow(facts)
  const awaiting = waiting.chosen.find((other) => !now.includes(other)) ?? waiting.chosen[0]
  return {
    exit: ExitCode.RUNNING_PROMOTED,
    steps,
    awaiting: setting === undefined || waiting.missing > 0 ? undefined : awaiting,
    waiting: waitingFor,
    degraded: describeDegraded(waiting, facts),
  }
}

/** A synchronous primary that has not as many standbys as it should. */
function describeDegraded(
  { chosen, absent, missing }: Waiting,
  { mode, policy, others }: PrimaryFacts,
): string | undefined {
  if (mode !== 'sync' || others.length === 0 || chosen.length >= policy.count) return undefined
  if (missing > 0) return `commits wait for ${absent.join(', ')}`
  if (chosen.length > 0)
    return `commits are on ${chosen.join(', ')} only, and not on ${policy.count} standbys`
  return 'no standby is synchronous: commits are on this node alone'
}

/** What an operator sees of commits that wait. */
function waitingChange(
  absent: string | undefined,
  { missing }: Waiting,
  self: NodeState | undefined,
  { resource, node }: PrimaryFacts,
): readonly Step[] {
  const name = attributeNames(resource).waiting
  const value = absent && `commits wait for ${missing === 1 ? '' : `${missing} of `}${absent}`
  if (self?.transient[name] === value) return []
  return [{ step: 'attribute', node, name, value, lifetime: 'reboot' }]
}
