/** Who sees whom, and what becomes of what is known when that changes. */
import { type ResourceRole } from '../../lib/cluster/operations'
import {
  type Attributes,
  isAlive,
  type ModelNode,
  NAMES,
  nodeAt,
  reaches,
  type Ring,
  say,
  type World,
} from './world'

/** Messages go round in a membership only while all of its members take part. */
export function isWhole(world: World, { ring }: ModelNode): boolean {
  const [first] = ring.members
  if (first === undefined) return false
  const one = nodeAt(world, first)
  return ring.members.every((member) => {
    const node = nodeAt(world, member)
    return node.ring === ring && reaches(one, node)
  })
}

function isLarger(a: Ring, b: Ring): boolean {
  return a.version > b.version
}

/** The membership of all nodes that reach this one now; nothing where it is already so. */
export function reform(world: World, node: ModelNode): boolean {
  if (!isAlive(node) || isWholeAndComplete(world, node)) return false
  const { options, nodes } = world
  const members = nodes.filter((other) => reaches(node, other))
  // The largest version of the configuration is taken by all.
  const best = members.map(({ ring }) => ring).reduce((a, b) => (isLarger(b, a) ? b : a))
  const isMember = (index: number): boolean => members.some((member) => member.index === index)
  const comesWith = (other: ModelNode): boolean =>
    isMember(other.index) && other.ring.id === best.id && best.untold[other.index] === undefined
  world.rings += 1
  const ring: Ring = {
    id: world.rings,
    members: members.map(({ index }) => index),
    quorate: options.size === 2 || members.length * 2 > options.size,
    coordinator: isMember(best.coordinator) ? best.coordinator : (members[0]?.index ?? 0),
    version: best.version,
    permanent: [...best.permanent],
    // Each node brings its own values, and has yet to tell them. Those of a node that is lost are forgotten.
    transient: nodes.map((other) => (comesWith(other) ? (other.ring.transient[other.index] ?? {}) : {})),
    untold: nodes.map((other) =>
      isMember(other.index) && !comesWith(other) ? bringsWith(other) : undefined,
    ),
    // Of a member, what it has done itself counts.
    roles: nodes.map((other): ResourceRole =>
      isMember(other.index) ? other.role : (best.roles[other.index] ?? 'Stopped'),
    ),
    stopped: nodes.map((other) =>
      isMember(other.index) ? other.knownStopped : best.stopped[other.index] === true,
    ),
    banned: [...best.banned],
    announced: undefined,
    due: undefined,
    snapshot: undefined,
  }
  for (const member of members) forgetLost(member, members)
  for (const member of members) {
    const to = members.filter((other) => other.ring.id !== member.ring.id).map(({ index }) => index)
    if (to.length > 0) tell(member, to)
  }
  for (const member of members) {
    member.ring = ring
    for (const message of member.queue) if (message.kind === 'result') message.delivered = true
    member.queue = member.queue.filter(({ delivered }) => !delivered)
  }
  say(
    world,
    `membership ${ring.id}: ${members.map(({ name }) => name).join(', ')}${ring.quorate ? '' : ', without quorum'}; ${nodeAt(world, ring.coordinator).name} decides`,
  )
  return true
}

/** What a node's own attribute daemon has of it. */
function bringsWith({ ring, index }: ModelNode): Attributes {
  return ring.untold[index] ?? ring.transient[index] ?? {}
}

/** With the news that a member has left, an attribute daemon forgets what it knew of that one. */
function forgetLost(node: ModelNode, members: readonly ModelNode[]): void {
  const stays = (index: number): boolean =>
    members.some((member) => member.index === index && member.ring.id === node.ring.id)
  const isLost = (index: number): boolean => node.ring.members.includes(index) && !stays(index)
  if (node.ring.members.some(isLost)) node.breaks += 1
  node.words = node.words.map((word, index) => (isLost(index) ? undefined : word))
  node.claims = node.claims.map((claim, index) => (isLost(index) ? undefined : claim))
}

/**
 * A node's attribute daemon tells those that have joined it what it knows of its own node at this moment. What was
 * handed to the cluster before, and has not come back yet, is not in it.
 */
function tell({ queue, index, words, claims }: ModelNode, to: readonly number[]): void {
  queue.push({
    kind: 'tell',
    node: index,
    name: NAMES.epoch,
    value: words[index],
    delivered: false,
    told: { to, claim: claims[index] },
  })
}

function isWholeAndComplete(world: World, node: ModelNode): boolean {
  return (
    isWhole(world, node) &&
    world.nodes.every((other) => !reaches(node, other) || node.ring.members.includes(other.index))
  )
}

/** A node whose pacemaker is started knows the configuration of when it was stopped, and nobody. */
export function startAlone(world: World, node: ModelNode): void {
  const { ring } = node
  world.rings += 1
  node.ring = {
    id: world.rings,
    members: [node.index],
    quorate: world.options.size === 2,
    coordinator: node.index,
    version: ring.version,
    permanent: [...ring.permanent],
    transient: ring.transient.map(() => ({})),
    untold: ring.untold.map(() => undefined),
    roles: ring.roles.map((): ResourceRole => 'Stopped'),
    stopped: ring.stopped.map((_, index) => index === node.index),
    banned: [...ring.banned],
    announced: undefined,
    due: undefined,
    snapshot: undefined,
  }
}
