/** Cluster states for tables of decisions, with everything that a case does not speak of as it is in a healthy cluster. */
import { type ClusterSnapshot, type NodeState } from '../../../lib/cluster/snapshot'

/** A node that is online, unless something else is said. */
export function clusterNode(name: string, { transient, ...state }: Partial<NodeState> = {}): NodeState {
  return {
    name,
    online: true,
    member: state.online ?? true,
    departed: false,
    shutDown: false,
    voter: true,
    // It has told which promotion it knows of: none.
    transient: { 'pgsql-epoch': '0', ...transient },
    permanent: {},
    roles: {},
    stopped: [],
    ...state,
  }
}

/** A cluster that has the quorum, and in which quorum counts. */
export function cluster(
  nodes: readonly NodeState[],
  state: Partial<Omit<ClusterSnapshot, 'nodes'>> = {},
): ClusterSnapshot {
  return { nodes, quorate: true, noQuorumPolicy: 'stop', ...state }
}
