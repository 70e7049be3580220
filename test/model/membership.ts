/** Who sees whom, and what becomes of what is known when that changes. */
import { type ResourceRole } from '../../lib/cluster/operations'
import { isAlive, type ModelNode, nodeAt, reaches, type Ring, say, type World } from './world'

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
  world.rings += 1
  const ring: Ring = {
    id: world.rings,
    members: members.map(({ index }) => index),
    quorate: options.size === 2 || members.length * 2 > options.size,
    coordinator: isMember(best.coordinator) ? best.coordinator : (members[0]?.index ?? 0),
    version: best.version,
    permanent: [...best.permanent],
    // Each node brings its own values. Those of a node that is lost are forgotten.
    transient: nodes.map((other) => (isMember(other.index) ? (other.ring.transient[other.index] ?? {}) : {})),
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
    roles: ring.roles.map((): ResourceRole => 'Stopped'),
    stopped: ring.stopped.map((_, index) => index === node.index),
    banned: [...ring.banned],
    announced: undefined,
    due: undefined,
    snapshot: undefined,
  }
}
