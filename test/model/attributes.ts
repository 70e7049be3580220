/** Writing node attributes, and what a node reads of the cluster. */
import { type Lifetime } from '../../lib/cluster/attribute-commands'
import { type ClusterSnapshot, type NodeState } from '../../lib/cluster/snapshot'
import { isWhole } from './membership'
import {
  type Attributes,
  type Message,
  type ModelNode,
  NAMES,
  nodeAt,
  RESOURCE,
  type Ring,
  say,
  SCORE_NAME,
  type World,
} from './world'

function changed(attributes: Attributes | undefined, name: string, value: string | undefined): Attributes {
  if (value !== undefined) return { ...attributes, [name]: value }
  return Object.fromEntries(Object.entries(attributes ?? {}).filter(([other]) => other !== name))
}

/** The attribute daemons of these nodes take what is said of a node's promotions. */
function hear(
  world: World,
  by: readonly number[],
  of: number,
  name: string,
  value: string | undefined,
): void {
  for (const index of by) {
    const { words, claims } = nodeAt(world, index)
    if (name === NAMES.epoch) words[of] = value
    if (name === NAMES.promotion) claims[of] = value
  }
}

function apply(world: World, ring: Ring, sender: ModelNode, message: Message): void {
  const { kind, node, name, value } = message
  ring.snapshot = undefined
  switch (kind) {
    case 'transient':
      // The attribute daemon keeps also the value of a node that is not there; the configuration does not.
      hear(world, ring.members, node, name, value)
      if (!ring.members.includes(node)) break
      ring.transient[node] = changed(ring.transient[node], name, value)
      if (ring.untold[node] !== undefined) ring.untold[node] = changed(ring.untold[node], name, value)
      break
    case 'permanent':
      ring.permanent[node] = changed(ring.permanent[node], name, value)
      ring.version += 1
      break
    case 'result':
      ring.roles[sender.index] = sender.role
      ring.stopped[sender.index] = sender.knownStopped
      break
    case 'ban':
      ring.banned[node] = true
      ring.version += 1
      break
    case 'echo':
      break
    case 'tell': {
      const by = ring.members.filter((index) => message.told?.to.includes(index))
      hear(world, by, node, NAMES.epoch, value)
      hear(world, by, node, NAMES.promotion, message.told?.claim)
      if (ring.untold[node] !== undefined) {
        ring.transient[node] = ring.untold[node] ?? {}
        ring.untold[node] = undefined
      }
      break
    }
  }
  message.delivered = true
  if (world.log !== undefined && kind !== 'result' && kind !== 'echo' && kind !== 'tell') {
    say(world, `  ${sender.name}: ${name} of node${node + 1} is ${value ?? 'deleted'}`)
  }
}

function copyOf(ring: Ring): Ring {
  return {
    ...ring,
    permanent: [...ring.permanent],
    transient: [...ring.transient],
    untold: [...ring.untold],
    roles: [...ring.roles],
    stopped: [...ring.stopped],
    banned: [...ring.banned],
  }
}

/** Hands a message to the cluster. It is delivered when the membership gets to it. */
export function send(
  world: World,
  sender: ModelNode,
  kind: Message['kind'],
  node: number,
  name: string,
  value: string | undefined,
): Message {
  const message: Message = { kind, node, name, value, delivered: false }
  // Under the protocol of before nobody gives numbers.
  if (world.options.protocol === 'before' && (name === NAMES.epoch || name === NAMES.promotion)) {
    message.delivered = true
    return message
  }
  const permanent = kind === 'permanent' || kind === 'ban'
  if (permanent && sender.ring.coordinator === sender.index) {
    // The node that decides writes its own configuration at once, and then tells the others, if there are any still.
    if (!isWhole(world, sender)) sender.ring = copyOf(sender.ring)
    apply(world, sender.ring, sender, message)
    return message
  }
  sender.queue.push(message)
  return message
}

export function write(
  world: World,
  sender: ModelNode,
  node: number,
  name: string,
  value: string | undefined,
  lifetime: Lifetime,
): Message {
  return send(world, sender, lifetime === 'forever' ? 'permanent' : 'transient', node, name, value)
}

/** The first message of a node that has not been delivered yet. */
export function deliver(world: World, sender: ModelNode): boolean {
  const [message] = sender.queue
  if (message === undefined || !isWhole(world, sender)) return false
  sender.queue.shift()
  apply(world, sender.ring, sender, message)
  return true
}

export function scoreOf({ transient }: Ring, node: number): number {
  const score = transient[node]?.[SCORE_NAME]
  if (score === undefined) return -1
  return score === '-INFINITY' ? -Infinity : Number(score)
}

const ROLES = {
  Stopped: {},
  Unpromoted: { [RESOURCE]: 'Unpromoted' },
  Promoted: { [RESOURCE]: 'Promoted' },
} as const
const STOPPED = [RESOURCE]
const NOTHING: readonly string[] = []

/** What the local pacemaker says of the cluster. */
export function snapshotOf(world: World, { ring }: ModelNode): ClusterSnapshot {
  const hides = world.options.protocol === 'before'
  return (ring.snapshot ??= {
    quorate: ring.quorate,
    noQuorumPolicy: world.options.size === 2 ? 'ignore' : 'stop',
    nodes: world.nodes.map(({ name, index }): NodeState => {
      const member = ring.members.includes(index)
      return {
        name,
        online: member,
        member,
        departed: false,
        shutDown: false,
        voter: true,
        transient: hides
          ? { ...changed(ring.transient[index], NAMES.promotion, undefined), [NAMES.epoch]: '0' }
          : (ring.transient[index] ?? {}),
        permanent: hides
          ? changed(ring.permanent[index], NAMES.promotion, undefined)
          : (ring.permanent[index] ?? {}),
        roles: ROLES[ring.roles[index] ?? 'Stopped'],
        stopped: ring.stopped[index] === true ? STOPPED : NOTHING,
      }
    }),
  })
}
