/** What a probe says of a server that was already running when the cluster first looked. */
import { promotionScore } from '../../lib/cluster/scores'
import { type NodeState } from '../../lib/cluster/snapshot'
import { ExitCode, type Plan } from '../../lib/ocf'
import { SCORE } from './names'
import { type Step } from './steps'

export interface ProbeFacts {
  readonly resource: string
  readonly node: string
  readonly inRecovery: boolean
  readonly self: NodeState | undefined
}

/**
 * A primary that runs is to stay one. A standby gets a score only when it has none: one that it has was given by the
 * primary, and is still right after a mere clean-up of the resource's history.
 */
export function decideProbe({ resource, node, inRecovery, self }: ProbeFacts): Plan<Step> {
  const score = promotionScore(self, resource)
  const want = inRecovery ? (score ?? SCORE.never) : SCORE.primary
  return {
    exit: inRecovery ? ExitCode.SUCCESS : ExitCode.RUNNING_PROMOTED,
    steps: score === want ? [] : [{ step: 'score', node, score: want }],
  }
}
