/** What a stop has to do. */
import { sameNode } from '../../lib/cluster/snapshot'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type ServerState } from '../../lib/postgres/server-state'

export type StopStep = 'stop' | 'compare' | 'publish stopped'

export interface StopFacts {
  readonly server: ServerState['kind']
  /** This node's name; nothing where there is no replication, or where that cannot be found out. */
  readonly node: string | undefined
  /** Attributes are published beside those of the replication. */
  readonly publishes: boolean
  /** The lock file is there: this node was primary. */
  readonly locked: boolean
  /** The data is being made a copy of the primary's: that goes on, and nothing runs there but what that has started. */
  readonly rejoins: boolean
  /** The node that the cluster means to promote in the same transition. */
  readonly successor: string | undefined
}

export function decideStop(facts: StopFacts): Plan<StopStep> {
  const { server, node, publishes, locked, rejoins, successor } = facts
  if (rejoins) return { exit: ExitCode.SUCCESS, steps: ['publish stopped'] }
  const steps: StopStep[] = server === 'stopped' ? [] : ['stop']
  if (node === undefined) {
    return { exit: ExitCode.SUCCESS, steps: [...steps, ...(publishes ? (['publish stopped'] as const) : [])] }
  }
  const wasPrimary = locked && server === 'stopped' && successor !== undefined
  // After a crash, to be the primary here again: a word of it, and pacemaker would plan afresh, with another primary.
  if (wasPrimary && sameNode(successor, node)) return { exit: ExitCode.SUCCESS, steps }
  return {
    exit: ExitCode.SUCCESS,
    steps: [...steps, ...(wasPrimary ? (['compare'] as const) : []), 'publish stopped'],
  }
}
