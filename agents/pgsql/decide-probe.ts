/** What a probe says of a server that was already running when the cluster first looked. */
import { promotionScore } from '../../lib/cluster/scores'
import { type ClusterSnapshot, findNode } from '../../lib/cluster/snapshot'
import { ExitCode, type Plan } from '../../lib/ocf'
import { attributeNames, isPrimaryScore, SCORE } from './names'
import { claimants, saysPrimary } from './primaries'
import { epochToPublish, isLatest } from './promotions'
import { type Step } from './steps'

export interface ProbeFacts {
  readonly resource: string
  readonly node: string
  readonly inRecovery: boolean
  readonly snapshot: ClusterSnapshot
}

/**
 * A primary that runs is to stay one; where another node says that it is the primary, and this one does not, only if
 * that one is not found to run. One that was promoted before another is to become none again. A standby gets a score only when it has none: one that it has was given by the
 * primary, and is still right after a mere clean-up of the resource's history.
 */
export function decideProbe({ resource, node, inRecovery, snapshot }: ProbeFacts): Plan<Step> {
  const self = findNode(snapshot, node)
  const score = promotionScore(self, resource)
  const second = claimants(snapshot, node, resource).length > 0 && !(self && saysPrimary(self, resource))
  const epoch = epochToPublish(snapshot, node, resource)
  const superseded = !isLatest(snapshot, node, resource)
  const want = inRecovery
    ? (score ?? SCORE.never)
    : superseded
      ? SCORE.never
      : second
        ? SCORE.promotable
        : isPrimaryScore(score)
          ? score
          : SCORE.primary
  return {
    exit: inRecovery ? ExitCode.SUCCESS : ExitCode.RUNNING_PROMOTED,
    steps: [
      ...(epoch === undefined
        ? []
        : [
            {
              step: 'attribute',
              node,
              name: attributeNames(resource).epoch,
              value: epoch,
              lifetime: 'reboot',
            } as const,
          ]),
      ...(score === want ? [] : [{ step: 'score', node, score: want } as const]),
    ],
  }
}
