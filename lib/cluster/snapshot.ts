/** What the whole cluster looks like at one moment, from one query of the CIB. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure } from '../system/run-program'
import { wellFormed } from './cib-text'
import { type Attributes, scanElements } from './elements'
import { isKnownStopped, type Operation, type ResourceRole, roleAfter } from './operations'
import { queryCib } from './query-cib'

export interface NodeState {
  /** The node's name as the cluster writes it. */
  readonly name: string
  /** It is a member of the cluster and its controller takes part. */
  readonly online: boolean
  /** It is one of the nodes that see each other, whether or not pacemaker runs on it. */
  readonly member: boolean
  /** It is out of the cluster because it was stopped there in good order, or fenced. */
  readonly departed: boolean
  /** Pacemaker was shut down there in good order, or the node was fenced, and pacemaker has not been started since. */
  readonly shutDown: boolean
  /** It counts for the quorum: not a remote or guest node. */
  readonly voter: boolean
  /** Attributes that live until the node leaves the cluster. */
  readonly transient: Readonly<Record<string, string | undefined>>
  /** Attributes that live until they are deleted. */
  readonly permanent: Readonly<Record<string, string | undefined>>
  /**
   * The role in which each resource runs here, by its id as the cluster writes it: `pgsql`, and `pgsql:0` where
   * instances have numbers; then by the number that it was last seen under.
   */
  readonly roles: Readonly<Record<string, ResourceRole | undefined>>
  /** Ids of the resources, without numbers, that were last stopped here, or found not to run before any start. */
  readonly stopped: readonly string[]
}

export interface ClusterSnapshot {
  readonly nodes: readonly NodeState[]
  /** This node belongs to the part of the cluster that has the quorum. */
  readonly quorate: boolean
  /** What a part without quorum does (`no-quorum-policy`): `stop` where nothing is set. */
  readonly noQuorumPolicy: string
}

/** Node names are compared as pacemaker does: upper and lower case are the same. */
export function sameNode(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** The node of that name, if the cluster knows it. */
export function findNode(snapshot: ClusterSnapshot, name: string): NodeState | undefined {
  return snapshot.nodes.find((node) => sameNode(node.name, name))
}

/** Whether `resource` runs on the node in that role. */
export function hasRole({ roles }: NodeState, resource: string, wanted: ResourceRole): boolean {
  const isInstance = (id: string): boolean => id === resource || id.startsWith(`${resource}:`)
  return Object.entries(roles).some(([id, role]) => isInstance(id) && role === wanted)
}

/**
 * Whether nobody can promote a resource on that node any more, even if its programs still ran: it left in good order
 * or was fenced, or it is outside of the majority, and what is outside of the majority may not promote. Two nodes
 * have no majority: one that only cannot be seen may be promoted by itself.
 */
export function isOutOfPlay({ nodes, quorate, noQuorumPolicy }: ClusterSnapshot, node: NodeState): boolean {
  if (node.member) return false
  const majorityDecides = noQuorumPolicy !== 'ignore' && nodes.filter(({ voter }) => voter).length >= 3
  return node.departed || (quorate && majorityDecides)
}

/** The names of the online nodes on which `resource` is promoted. */
export function promotedNodes(snapshot: ClusterSnapshot, resource: string): readonly string[] {
  return snapshot.nodes
    .filter(({ online }) => online)
    .filter((node) => hasRole(node, resource, 'Promoted'))
    .map(({ name }) => name)
}

/**
 * Membership as node_state says it: words (`true`, `online`) up to pacemaker 2.1.6, the time since when
 * (0 for not at all) from 2.1.7 on.
 */
function readMembership(state: Attributes) {
  const { in_ccm: inMembership, crmd: controller, join, expected, ha: heartbeat, remote_node: remote } = state
  const holds = (value: string | undefined, word: string): boolean => value === word || Number(value) > 0
  // Heartbeat's word on it is said up to pacemaker 1.1.
  const member = holds(inMembership, 'true') && heartbeat !== 'dead'
  const departed = !member && expected === 'down'
  const shutDown = expected === 'down' && !holds(controller, 'online')
  // A node of pacemaker_remote has no controller of its own; before pacemaker 1.1.15 nothing is said of its membership.
  if (remote === 'true') {
    const there = inMembership === undefined || member
    return { member: there, online: there, departed, shutDown: departed }
  }
  return { member, online: member && holds(controller, 'online') && join === 'member', departed, shutDown }
}

interface MutableNode {
  name: string
  online: boolean
  member: boolean
  departed: boolean
  shutDown: boolean
  voter: boolean
  transient: Record<string, string>
  permanent: Record<string, string>
  roles: Record<string, ResourceRole>
  stopped: string[]
}

/** Reads a CIB as `cibadmin --query` prints it, of pacemaker 1.0 to 2.1. */
export function readCib(xml: string): ClusterSnapshot {
  const byId = new Map<string, MutableNode>()
  const nodeOf = (id: string, name: string | undefined): MutableNode => {
    const known = byId.get(id)
    if (known) return known
    const node = {
      name: name ?? id,
      online: false,
      member: false,
      departed: false,
      shutDown: false,
      voter: true,
      transient: {},
      permanent: {},
      roles: {},
      stopped: [],
    }
    byId.set(id, node)
    return node
  }
  let quorate = false
  let noQuorumPolicy = 'stop'
  let node: MutableNode | undefined
  let instance = ''
  // What was done under different numbers of a resource was done to the one that runs there.
  let histories = new Map<string, { readonly instance: string; readonly operation: Operation }[]>()
  scanElements(wellFormed(xml), {
    open: (element, attributes, path) => {
      const { id = '', uname, name = '', value = '' } = attributes
      switch (element) {
        case 'cib':
          quorate = /^(1|true)$/.test(attributes['have-quorum'] ?? '')
          break
        case 'node':
          if (!path.includes('nodes')) break
          node = nodeOf(id, uname)
          node.voter = attributes['type'] !== 'remote'
          break
        case 'node_state':
          node = Object.assign(nodeOf(id, uname), readMembership(attributes))
          break
        case 'nvpair':
          if (name === 'no-quorum-policy' && path.includes('crm_config')) noQuorumPolicy = value
          else if (path.includes('nodes') && node) node.permanent[name] = value
          else if (path.includes('transient_attributes') && node) node.transient[name] = value
          break
        case 'lrm_resource':
          instance = id
          break
        case 'lrm_rsc_op': {
          const resource = instance.replace(/:\d+$/, '')
          const operations = histories.get(resource) ?? []
          histories.set(resource, operations)
          operations.push({
            instance,
            operation: {
              operation: attributes['operation'] ?? '',
              callId: Number(attributes['call-id'] ?? -1),
              code: Number(attributes['rc-code'] ?? -1),
              since: Number(attributes['last-rc-change'] ?? 0),
            },
          })
          break
        }
      }
    },
    close: (element) => {
      if (element === 'node_state' && node) {
        for (const [resource, operations] of histories) {
          const history = operations.map(({ operation }) => operation)
          const role = roleAfter(history)
          if (isKnownStopped(history)) node.stopped.push(resource)
          const last = operations.reduce((a, b) => (b.operation.callId > a.operation.callId ? b : a))
          if (role !== 'Stopped') node.roles[last.instance] = role
        }
        histories = new Map()
      }
      if (element === 'node' || element === 'node_state') node = undefined
    },
  })
  return { nodes: [...byId.values()], quorate, noQuorumPolicy }
}

/**
 * Asks the cluster for its state, once.
 *
 * @throws OcfError ERR_GENERIC when pacemaker does not answer: an unknown state is not an empty one
 */
export async function takeSnapshot(deadline: Deadline): Promise<ClusterSnapshot> {
  const result = await queryCib(deadline)
  if (result.code !== 0) {
    const failure = describeFailure('cibadmin --query', result)
    throw new OcfError(ExitCode.ERR_GENERIC, `${failure} (is pacemaker running on this node?)`)
  }
  return readCib(result.stdout)
}
