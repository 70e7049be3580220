/** What a standby says of itself, and how the standbys find a primary among themselves when there is none. */
import { type ClusterSnapshot, findNode } from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Lsn } from '../../lib/postgres/lsn'
import { attributeNames, SCORE } from './names'
import { type ElectionNote, type Step } from './steps'

export interface StandbyFacts {
  readonly resource: string
  readonly node: string
  readonly others: readonly string[]
  /** Nodes on which the resource is promoted. */
  readonly primaries: readonly string[]
  /** The end of what this standby has received or replayed. */
  readonly position: Lsn | undefined
  /** What the monitors before this one saw. */
  readonly note: ElectionNote | undefined
  /** How many monitors in a row must see the same. */
  readonly checkCount: number
  readonly snapshot: ClusterSnapshot
}

/** What a standby decides, and in a word why, for the log. */
export interface StandbyPlan extends Plan<Step> {
  readonly because: string | undefined
}

/** Data statuses with which a node holds every commit that was acknowledged in synchronous replication. */
const COMPLETE = ['LATEST', 'STREAMING|SYNC']

export function decideStandby(facts: StandbyFacts): StandbyPlan {
  const { resource, node, primaries, snapshot } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const dataStatus = self?.permanent[names.dataStatus]
  const alone: Step[] =
    self?.transient[names.status] === 'HS:alone'
      ? []
      : [{ step: 'attribute', node, name: names.status, value: 'HS:alone', lifetime: 'reboot' }]

  if (primaries.length > 0) {
    // Everything else about this standby is said by the primary.
    const forgotten: Step[] = facts.note ? [{ step: 'note', note: undefined }] : []
    return {
      exit: ExitCode.SUCCESS,
      steps: [...(dataStatus === 'DISCONNECT' ? alone : []), ...forgotten],
      because: undefined,
    }
  }
  const { steps, because } = elect(facts, dataStatus)
  return { exit: ExitCode.SUCCESS, steps: [...alone, ...steps], because }
}

function elect(
  facts: StandbyFacts,
  dataStatus: string | undefined,
): { steps: readonly Step[]; because: string } {
  const { resource, node, others, position, note, checkCount, snapshot } = facts
  const names = attributeNames(resource)
  if (dataStatus !== undefined && !COMPLETE.includes(dataStatus)) {
    const because = `there is no primary, and this node may not become it: its data was not complete when there last was one (${names.dataStatus} is ${dataStatus})`
    return { steps: [], because }
  }
  if (position === undefined) {
    return {
      steps: [],
      because: 'there is no primary, and PostgreSQL does not say how much WAL this node has',
    }
  }

  const self = findNode(snapshot, node)
  const publish: Step[] =
    self?.transient[names.position] === position
      ? []
      : [{ step: 'attribute', node, name: names.position, value: position, lifetime: 'reboot' }]
  const positions: Record<string, Lsn> = { [node]: position }
  for (const other of others) {
    const state = findNode(snapshot, other)
    const theirs = state?.online ? state.transient[names.position] : undefined
    if (theirs !== undefined) positions[other] = theirs
  }
  const seen = note && samePositions(note.positions, positions) ? note.seen + 1 : 1
  const keep: Step = { step: 'note', note: { positions, seen } }
  const seenText = Object.entries(positions)
    .map(([name, at]) => `${name} ${at}`)
    .join(', ')
  if (seen < checkCount) {
    return {
      steps: [...publish, keep],
      because: `there is no primary: seen ${seen} of ${checkCount} times: ${seenText}`,
    }
  }
  const newest = Object.values(positions).reduce((a, b) => (a >= b ? a : b))
  if (newest === position) {
    const score: Step[] =
      promotionScore(self, resource) === SCORE.primary ? [] : [{ step: 'score', node, score: SCORE.primary }]
    const because = `there is no primary, and no node has newer data than this one: it may be promoted (${seenText})`
    return { steps: [...publish, ...score, { step: 'note', note: undefined }], because }
  }
  const giveUp: Step = {
    step: 'attribute',
    node,
    name: names.dataStatus,
    value: 'DISCONNECT',
    lifetime: 'forever',
  }
  return {
    steps: [...publish, giveUp, { step: 'note', note: undefined }],
    because: `there is no primary, and another node has newer data than this one (${seenText})`,
  }
}

function samePositions(a: ElectionNote['positions'], b: ElectionNote['positions']): boolean {
  const [first, second] = [Object.entries(a), Object.entries(b)]
  return first.length === second.length && first.every(([node, position]) => b[node] === position)
}
