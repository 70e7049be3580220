/** What a primary does about its standbys: their attributes, their scores, and synchronous replication. */
import { type ClusterSnapshot, findNode, type NodeState, sameNode } from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type StandbyRow } from '../../lib/postgres/replication'
import { quoteStandbyName, standbyNames } from '../../lib/postgres/settings-text'
import { attributeNames, SCORE } from './names'
import { type Step } from './steps'

export interface PrimaryFacts {
  readonly resource: string
  /** This node. */
  readonly node: string
  /** The other nodes of the replication. */
  readonly others: readonly string[]
  readonly standbys: readonly StandbyRow[]
  /** `synchronous_standby_names` as it is in force. */
  readonly synchronousStandbyNames: string
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

/** A standby's rows; more than one while a broken connection has not been noticed yet: the best of them counts. */
function rowOf(node: string, rows: readonly StandbyRow[]): StandbyRow | undefined {
  const own = rows.filter(({ applicationName }) => sameNode(applicationName, node))
  return own.find(({ syncState }) => syncState === 'SYNC') ?? own.find(isStreaming) ?? own[0]
}

function isStreaming({ state }: StandbyRow): boolean {
  return state === 'STREAMING'
}

function wanted(row: StandbyRow | undefined): Wanted {
  if (row === undefined) return { dataStatus: 'DISCONNECT', status: undefined, score: SCORE.never }
  const dataStatus = `${row.state}|${row.syncState}`
  switch (dataStatus) {
    case 'STREAMING|SYNC':
      return { dataStatus, status: 'HS:sync', score: SCORE.promotable }
    case 'STREAMING|ASYNC':
      return { dataStatus, status: 'HS:async', score: SCORE.never }
    case 'STREAMING|POTENTIAL':
      return { dataStatus, status: 'HS:potential', score: SCORE.never }
    default:
      return { dataStatus, status: 'HS:connected', score: SCORE.never }
  }
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
  if (state.permanent[names.dataStatus] !== want.dataStatus) {
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
  const ownWord = status === 'STOP' || status === 'UNKNOWN'
  if (want.status !== undefined && status !== want.status && !ownWord) {
    steps.push({ step: 'attribute', node, name: names.status, value: want.status, lifetime: 'reboot' })
  }
  return steps
}

/** The standby to wait for: the one waited for now as long as it streams, else the first in the list that does. */
function chooseSynchronous(facts: PrimaryFacts): string | undefined {
  const current = standbyNames(facts.synchronousStandbyNames)
  const streaming = facts.others.filter((node) => {
    const row = rowOf(node, facts.standbys)
    return row !== undefined && isStreaming(row)
  })
  return streaming.find((node) => current.some((name) => sameNode(name, node))) ?? streaming[0]
}

/**
 * The order matters. A standby that is lost is first barred from promotion, and only then does the primary stop
 * waiting for it: there is no moment at which a commit that is not on the standby is acknowledged while the standby
 * may be promoted. A standby that is back is first waited for, and may be promoted only once it has everything.
 */
export function decidePrimary(facts: PrimaryFacts): PrimaryPlan {
  const { resource, node, others, snapshot } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const steps: Step[] = []

  if (self?.permanent[names.dataStatus] !== 'LATEST') {
    steps.push({ step: 'attribute', node, name: names.dataStatus, value: 'LATEST', lifetime: 'forever' })
  }
  if (self?.transient[names.status] !== 'PRI') {
    steps.push({ step: 'attribute', node, name: names.status, value: 'PRI', lifetime: 'reboot' })
  }

  const chosen = chooseSynchronous(facts)
  const setting = chosen === undefined ? '' : quoteStandbyName(chosen.toLowerCase())
  const change = !sameSetting(facts.synchronousStandbyNames, setting)
  const gaining: Step[] = []
  for (const other of others) {
    const want = wanted(rowOf(other, facts.standbys))
    const changes = changesOf(other, want, findNode(snapshot, other), resource)
    if (want.score !== SCORE.promotable) steps.push(...changes)
    else if (!change && changes.length > 0) gaining.push({ step: 'confirm', node: other }, ...changes)
  }
  if (change) steps.push({ step: 'synchronous', names: setting })
  steps.push(...gaining)
  return { exit: ExitCode.RUNNING_PROMOTED, steps, awaiting: change ? chosen : undefined }
}

function sameSetting(a: string, b: string): boolean {
  const [first, second] = [standbyNames(a), standbyNames(b)]
  return first.length === second.length && first.every((name, index) => sameNode(name, second[index] ?? ''))
}
