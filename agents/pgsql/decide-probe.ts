/** What a probe says of a server that was already running when the cluster first looked. */
import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode } from '../../lib/cluster/snapshot'
import { ExitCode, type Plan } from '../../lib/ocf'
import { attributeNames, isPrimaryScore, SCORE } from './names'
import { claimants, saysPrimary } from './primaries'
import { continues, epochToPublish, latestPromotion, ownPromotion } from './promotions'
import { type Step } from './steps'

export interface ProbeFacts {
  readonly resource: string
  readonly node: string
  readonly inRecovery: boolean
  /** Of a primary: the timeline that it writes, and those that it comes from. */
  readonly timeline: number | undefined
  readonly history: readonly number[]
  readonly snapshot: ClusterSnapshot
}

/** The score of a server that runs as a primary, which nobody has promoted just now. */
function primaryScoreOf(facts: ProbeFacts, score: string | undefined): string {
  const { resource, node, snapshot, timeline, history } = facts
  const latest = latestPromotion(snapshot, resource)
  const own = ownPromotion(snapshot, node, resource)
  if (own < latest.number && !continues(latest, timeline, history)) return SCORE.never
  const self = findNode(snapshot, node)
  const others = claimants(snapshot, node, resource).filter(
    ({ name }) => ownPromotion(snapshot, name, resource) >= own,
  )
  if (others.length > 0 && !(self && saysPrimary(self, resource))) return SCORE.promotable
  return isPrimaryScore(score) ? score : SCORE.primary
}

/**
 * A primary that runs is to stay one; where another node says that it is the primary, and this one does not, only if
 * that one is not found to run; and not where another node was promoted after it. A standby gets a score only when it
 * has none: one that it has was given by the primary, and is still right after a mere clean-up of the resource's history.
 */
export function decideProbe(facts: ProbeFacts): Plan<Step> {
  const { resource, node, inRecovery, snapshot } = facts
  const score = promotionScore(findNode(snapshot, node), resource)
  const epoch = epochToPublish(snapshot, node, resource)
  const { epoch: name } = attributeNames(resource)
  const steps: Step[] = []
  if (epoch !== undefined) steps.push({ step: 'attribute', node, name, value: epoch, lifetime: 'reboot' })
  const want = inRecovery ? (score ?? SCORE.never) : primaryScoreOf(facts, score)
  if (score !== want) steps.push({ step: 'score', node, score: want })
  return { exit: inRecovery ? ExitCode.SUCCESS : ExitCode.RUNNING_PROMOTED, steps }
}
