/** What a standby says of itself, and how the standbys find a primary among themselves when there is none. */
import { type ClusterSnapshot, findNode, hasRole } from '../../lib/cluster/snapshot'
import { promotionScore } from '../../lib/cluster/scores'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Lsn } from '../../lib/postgres/lsn'
import { BEHIND, isDisconnected, isUnfit, type ReplicationMode } from './mode'
import { attributeNames, isPrimaryScore, SCORE } from './names'
import { epochToPublish, hasLostAttributes, mayBePromoted } from './promotions'
import { isListed, missingProof, publishedQuorums } from './quorum'
import { type ReceiverStatus, receiverChange } from './receiver'
import { type ElectionNote, type Step } from './steps'
import { standbySetting } from './sync-policy'

export interface StandbyFacts {
  readonly resource: string
  readonly mode: ReplicationMode
  readonly node: string
  readonly others: readonly string[]
  /** Nodes on which the resource is promoted. */
  readonly primaries: readonly string[]
  /** `synchronous_standby_names` as it is in force. */
  readonly synchronousStandbyNames: string
  /** The end of what this standby has received or replayed. */
  readonly position: Lsn | undefined
  /** That is the end of all it has, and no primary sends it more. Only asked for where a quorum needs to know. */
  readonly settled: boolean
  /** What the monitors before this one saw. */
  readonly note: ElectionNote | undefined
  /** How many monitors in a row must see the same. */
  readonly checkCount: number
  /** What to publish of this node's WAL receiver; nothing where that is not asked for. */
  readonly receiver: ReceiverStatus | undefined
  readonly snapshot: ClusterSnapshot
}

/** What a standby decides, and in a word why, for the log. */
export interface StandbyPlan extends Plan<Step> {
  readonly because: string | undefined
  /** What is worse than it should be; nothing where all is well. */
  readonly degraded: string | undefined
}

/** A standby that runs and stays silent is waited for this many times as long as an election takes, not for ever. */
const PATIENCE = 3

export function decideStandby(facts: StandbyFacts): StandbyPlan {
  const { resource, node, primaries, snapshot } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  const dataStatus = self?.permanent[names.dataStatus]
  const received = receiverChange(resource, node, self, facts.receiver)
  const alone: Step[] =
    self?.transient[names.status] === 'HS:alone'
      ? []
      : [{ step: 'attribute', node, name: names.status, value: 'HS:alone', lifetime: 'reboot' }]

  // What the attribute daemon keeps only as long as it runs itself. Without a score nobody would give it another.
  const again: Step[] = []
  const epoch = epochToPublish(snapshot, node, resource)
  if (epoch !== undefined) {
    again.push({ step: 'attribute', node, name: names.epoch, value: epoch, lifetime: 'reboot' })
  }
  const unscored: Step[] = isScoreOfBefore(facts) ? [{ step: 'score', node, score: SCORE.never }] : []

  const lost: Step[] = hasLostAttributes(snapshot, node, resource) ? [{ step: 'republish' }] : []

  // What it said while it was the primary.
  const unsaid: Step[] =
    self?.transient[names.waiting] === undefined
      ? []
      : [{ step: 'attribute', node, name: names.waiting, value: undefined, lifetime: 'reboot' }]

  // An earlier version of the agent, or the shell agent, has started it; or a promotion has failed.
  const setting = standbySetting(facts.mode)
  const silenced: Step[] =
    facts.synchronousStandbyNames === setting ? [] : [{ step: 'synchronous', names: setting }]

  if (primaries.length > 0) {
    // Everything else about this standby is said by the primary.
    const forgotten: Step[] = facts.note ? [{ step: 'note', note: undefined }] : []
    return {
      exit: ExitCode.SUCCESS,
      steps: [
        ...silenced,
        ...(isDisconnected(dataStatus) ? alone : []),
        ...again,
        ...unscored,
        ...lost,
        ...unsaid,
        ...received,
        ...forgotten,
      ],
      because: undefined,
      degraded: dataStatus?.startsWith(BEHIND)
        ? 'more than max_lag behind the primary: may not be promoted'
        : undefined,
    }
  }
  const { steps, because } = elect(facts, dataStatus)
  const scores = steps.some(({ step }) => step === 'score')
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      ...silenced,
      ...alone,
      ...again,
      ...(scores ? [] : unscored),
      ...lost,
      ...unsaid,
      ...received,
      ...steps,
    ],
    because,
    degraded: undefined,
  }
}

/**
 * Whether this node has no score, which the primary would raise, or one that is older than what is known of its data: a
 * node that was away brings its own back with it, and the promotion that follows would fail. Where a quorum decides, the
 * election gives and takes it.
 */
function isScoreOfBefore({ resource, mode, node, primaries, snapshot }: StandbyFacts): boolean {
  const score = promotionScore(findNode(snapshot, node), resource)
  if (score === undefined) return true
  if (!(Number(score) > 0) || mayBePromoted(snapshot, node, resource, mode)) return false
  const elects = mode === 'sync' && primaries.length === 0
  return !elects || !isListed(publishedQuorums(snapshot, attributeNames(resource).quorum), node)
}

/** The other nodes whose standby runs and may win, but has not said yet what it has. */
function silentNodes({ resource, mode, others, snapshot }: StandbyFacts): readonly string[] {
  const names = attributeNames(resource)
  return others.filter((other) => {
    const state = findNode(snapshot, other)
    return (
      state?.online === true &&
      hasRole(state, resource, 'Unpromoted') &&
      mayBePromoted(snapshot, other, resource, mode) &&
      state.transient[names.position] === undefined
    )
  })
}

function elect(
  facts: StandbyFacts,
  dataStatus: string | undefined,
): { steps: readonly Step[]; because: string } {
  const { resource, node, position, note, checkCount, snapshot } = facts
  const names = attributeNames(resource)
  if (!mayBePromoted(snapshot, node, resource, facts.mode)) {
    const quorums = facts.mode === 'sync' ? publishedQuorums(snapshot, names.quorum) : []
    if (isListed(quorums, node) && !isUnfit(dataStatus)) return electByQuorum(facts)
    const because = `there is no primary, and this node may not become it: its data was not complete when there last was one (${names.dataStatus} is ${String(dataStatus)})`
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
  const positions = positionsSaid(facts, position, (other) =>
    mayBePromoted(snapshot, other, resource, facts.mode),
  )
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
  const silent = silentNodes(facts)
  if (silent.length > 0 && seen < checkCount * PATIENCE) {
    return {
      steps: [...publish, keep],
      because: `there is no primary: ${silent.join(', ')} has not said yet what data it has (${seenText})`,
    }
  }
  const newest = Object.values(positions).reduce((a, b) => (a >= b ? a : b))
  if (newest === position) {
    const score: Step[] = isPrimaryScore(promotionScore(self, resource))
      ? []
      : [{ step: 'score', node, score: SCORE.primary }]
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

/** Where the data of this node, and of those others that count and have said so, ends. */
function positionsSaid(
  { resource, node, others, snapshot }: StandbyFacts,
  own: Lsn,
  counts: (node: string) => boolean = () => true,
): Record<string, Lsn> {
  const positions: Record<string, Lsn> = { [node]: own }
  for (const other of others.filter(counts)) {
    const state = findNode(snapshot, other)
    const theirs = state?.online ? state.transient[attributeNames(resource).position] : undefined
    if (theirs !== undefined) positions[other] = theirs
  }
  return positions
}

/**
 * Commits waited for any of several standbys. What each has is final when it says so, so that nothing has to be seen
 * twice; and one that is not the newest of those that answered is barred from nothing: others may answer yet.
 */
function electByQuorum(facts: StandbyFacts): { steps: readonly Step[]; because: string } {
  const { resource, node, position, settled, snapshot } = facts
  const names = attributeNames(resource)
  const self = findNode(snapshot, node)
  if (position === undefined || !settled) {
    const because =
      'there is no primary, and it is not certain yet how much WAL this node has: it reads, or receives'
    return { steps: [], because }
  }
  const publish: Step[] =
    self?.transient[names.position] === position
      ? []
      : [{ step: 'attribute', node, name: names.position, value: position, lifetime: 'reboot' }]
  const positions = positionsSaid(facts, position)
  const said = Object.entries(positions)
    .map(([name, at]) => `${name} ${at}`)
    .join(', ')
  const missing = missingProof(publishedQuorums(snapshot, names.quorum), node, positions)
  if (missing !== undefined) {
    const because = `there is no primary, and this node may not become it: ${missing} (${said})`
    const withdraw: Step[] = isPrimaryScore(promotionScore(self, resource))
      ? [{ step: 'score', node, score: SCORE.never }]
      : []
    return { steps: [...publish, ...withdraw], because }
  }
  const score: Step[] = isPrimaryScore(promotionScore(self, resource))
    ? []
    : [{ step: 'score', node, score: SCORE.primary }]
  const because = `there is no primary, and this node has every acknowledged commit: it may be promoted (${said})`
  return { steps: [...publish, ...score], because }
}

function samePositions(a: ElectionNote['positions'], b: ElectionNote['positions']): boolean {
  const [first, second] = [Object.entries(a), Object.entries(b)]
  return first.length === second.length && first.every(([node, position]) => b[node] === position)
}
