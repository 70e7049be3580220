/** What a primary does about its standbys: their attributes, their scores, and synchronous replication. */
import {
  type ClusterSnapshot,
  findNode,
  isOutOfPlay,
  type NodeState,
  sameNode,
} from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type StandbyRow } from '../../lib/postgres/replication'
import { readSynchronousNames, waitForAll, waitsForAll } from '../../lib/postgres/synchronous-names'
import { isDisconnected, type ReplicationMode } from './mode'
import { attributeNames, SCORE } from './names'
import { type ReceiverStatus, receiverChange } from './receiver'
import { type Step } from './steps'

export interface PrimaryFacts {
  readonly resource: string
  readonly mode: ReplicationMode
  /** This node. */
  readonly node: string
  /** The other nodes of the replication. */
  readonly others: readonly string[]
  /** Standbys outside the cluster that commits wait for while they stream, by application name. */
  readonly externals: readonly string[]
  readonly standbys: readonly StandbyRow[]
  /** `synchronous_standby_names` as it is in force. */
  readonly synchronousStandbyNames: string
  /** What to publish of this node's WAL receiver; nothing where that is not asked for. */
  readonly receiver: ReceiverStatus | undefined
  readonly snapshot: ClusterSnapshot
}

export interface PrimaryPlan extends Plan<Step> {
  /** The node that is to become synchronous by this plan: look again when it has. */
  readonly awaiting: string | undefined
}

/** What a standby's attributes should say. */
interface Wanted {
  readonly dataStatus: string
  /** Nothing where the standby's own word counts. */
  readonly status: string | undefined
  readonly score: string
}

function isStreaming({ state }: StandbyRow): boolean {
  return state === 'STREAMING'
}

/** A standby's rows; more than one while a broken connection has not been noticed yet: the best of them counts. */
function rowNamed(name: string, rows: readonly StandbyRow[]): StandbyRow | undefined {
  const own = rows.filter(({ applicationName }) => sameNode(applicationName, name))
  return own.find(({ syncState }) => syncState === 'SYNC') ?? own.find(isStreaming) ?? own[0]
}

/**
 * A standby of the cluster as far as it counts. The connection of a node that lost its power stays for a minute
 * (`wal_sender_timeout`), and commits that wait for it as long; where nobody could promote that node any more, it is
 * taken as gone at once.
 */
function rowOf(node: string, { standbys, snapshot }: PrimaryFacts): StandbyRow | undefined {
  const state = findNode(snapshot, node)
  return state && isOutOfPlay(snapshot, state) ? undefined : rowNamed(node, standbys)
}

const HOT_STANDBY: Readonly<Record<string, string>> = {
  SYNC: 'HS:sync',
  ASYNC: 'HS:async',
  POTENTIAL: 'HS:potential',
}

function wanted(node: string, chosen: string | undefined, facts: PrimaryFacts): Wanted {
  const row = rowOf(node, facts)
  if (row === undefined) return { dataStatus: 'DISCONNECT', status: undefined, score: SCORE.never }
  // In line, although PostgreSQL knows nothing of it: see decidePrimary.
  const syncState = chosen !== undefined && chosen !== node ? 'POTENTIAL' : row.syncState
  const dataStatus = `${row.state}|${isStreaming(row) ? syncState : row.syncState}`
  if (!isStreaming(row)) return { dataStatus, status: 'HS:connected', score: SCORE.never }
  // With more than one standby in asynchronous replication, only an election can tell which has the newest data.
  const promotable = facts.mode === 'sync' ? syncState === 'SYNC' : facts.others.length === 1
  return {
    dataStatus,
    status: HOT_STANDBY[syncState] ?? 'HS:connected',
    score: promotable ? SCORE.promotable : SCORE.never,
  }
}

/**
 * A standby that cannot follow says itself why (`DISCONNECT|FORKED`). The primary sees less of it: nothing, or for a
 * moment that it tries again. What the standby says stays until it follows.
 */
function knowsBetter(said: string | undefined, { dataStatus }: Wanted): boolean {
  const explained = isDisconnected(said) && said !== 'DISCONNECT'
  return explained && /^(?:DISCONNECT$|STARTUP\|)/.test(dataStatus)
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
  if (score !== undefined && score !== want.score) steps.push({ step: 'score', node, score: want.score })
  const status = state.transient[names.status]
  // A node whose disk fails may have called its server stopped while that still streams: it knows better.
  const ownWord = explained || status === 'STOP' || status === 'UNKNOWN'
  if (want.status !== undefined && status !== want.status && !ownWord) {
    steps.push({ step: 'attribute', node, name: names.status, value: want.status, lifetime: 'reboot' })
  }
  return steps
}

/**
 * The standby to wait for: the one waited for now as long as it streams, else of those that stream the one with the
 * most data. One that the cluster could promote is better than one that only replicates.
 */
function chooseSynchronous(facts: PrimaryFacts): string | undefined {
  if (facts.mode !== 'sync') return undefined
  const { names } = readSynchronousNames(facts.synchronousStandbyNames)
  const streaming = facts.others.flatMap((node) => {
    const row = rowOf(node, facts)
    return row && isStreaming(row) ? [{ node, flushed: row.flushed ?? '' }] : []
  })
  const current = streaming.find(({ node }) => names.some((name) => sameNode(name, node)))
  if (current) return current.node
  const online = streaming.filter(({ node }) => findNode(facts.snapshot, node)?.online)
  const [first, ...rest] = online.length > 0 ? online : streaming
  return first && rest.reduce((best, other) => (other.flushed > best.flushed ? other : best), first).node
}

/** Everybody commits should wait for: the chosen standby of the cluster, and those outside that stream. */
function waitFor(chosen: string | undefined, { externals, standbys }: PrimaryFacts): readonly string[] {
  const outside = externals.filter((name) => {
    const row = rowNamed(name, standbys)
    return row !== undefined && isStreaming(row)
  })
  return [...(chosen === undefined ? [] : [chosen.toLowerCase()]), ...outside]
}

/**
 * The order matters. A standby that is lost is first barred from promotion, and only then does the primary stop
 * waiting for it: there is no moment at which a commit that is not on the standby is acknowledged while the standby
 * may be promoted. A standby that is back is first waited for, and may be promoted only once it has everything.
 *
 * For the same reason synchronous_standby_names holds one standby of the cluster and not all of them in their order:
 * PostgreSQL would pass on to the next by itself, and acknowledge commits that are on that one alone, while the first
 * may still be promoted. The others are called potential all the same, because that is what they are to the cluster.
 */
export function decidePrimary(facts: PrimaryFacts): PrimaryPlan {
  const { resource, node, others, snapshot, mode, receiver } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const steps: Step[] = []

  if (self?.permanent[names.dataStatus] !== 'LATEST') {
    steps.push({ step: 'attribute', node, name: names.dataStatus, value: 'LATEST', lifetime: 'forever' })
  }
  if (self?.transient[names.status] !== 'PRI') {
    steps.push({ step: 'attribute', node, name: names.status, value: 'PRI', lifetime: 'reboot' })
  }
  steps.push(...receiverChange(resource, node, self, receiver))

  const chosen = chooseSynchronous(facts)
  const wait = waitFor(chosen, facts)
  const change = mode === 'sync' && !waitsForAll(facts.synchronousStandbyNames, wait)
  const gaining: Step[] = []
  for (const other of others) {
    const want = wanted(other, chosen, facts)
    const changes = changesOf(other, want, findNode(snapshot, other), resource)
    if (mode === 'async' || want.score !== SCORE.promotable) steps.push(...changes)
    else if (!change && changes.length > 0) gaining.push({ step: 'confirm', node: other }, ...changes)
  }
  if (change) steps.push({ step: 'synchronous', names: waitForAll(wait) })
  steps.push(...gaining)
  return { exit: ExitCode.RUNNING_PROMOTED, steps, awaiting: change ? chosen : undefined }
}
