/** What a cluster comes to when nothing happens to it any more. */
import { apply, type MoveKind } from './moves'
import { isRunningPrimary, violate } from './postgres'
import { holds } from './wal'
import { nodeAt, say, type World } from './world'

/** More than any recovery takes. */
const ROUNDS = 60
/** After so many rounds failures are forgotten (failure-timeout). */
const MEMORY = 4
const STEPS = 40

function all(world: World, kind: MoveKind): boolean {
  let moved = false
  for (const { index } of world.nodes) if (apply(world, [kind, index])) moved = true
  return moved
}

/** Runs all actions to their ends, and delivers all messages. */
function work(world: World): void {
  for (let step = 0; step < STEPS; step += 1) {
    const moved = [
      all(world, 'reform'),
      all(world, 'deliver'),
      all(world, 'connect'),
      all(world, 'catch up'),
      all(world, 'step'),
    ]
    if (moved.every((did) => !did)) {
      if (!all(world, 'late')) return
    }
  }
}

/** Everything that the further course depends on. */
function signature(world: World): string {
  return JSON.stringify(
    world.nodes.map(
      ({ running, inRecovery, tip, upstream, lock, note, following, role, failed, ring, ...node }) => [
        ...[running, inRecovery, tip.timeline, tip.lsn, upstream, lock, note, following, role, failed],
        ...[
          node.synchronousNames,
          node.heldOff,
          node.senders,
          node.words,
          node.claims,
          ring.permanent,
          ring.transient,
          ring.roles,
          ring.banned,
        ],
      ],
    ),
  )
}

function isWell(world: World): boolean {
  const primaries = world.nodes.filter(isRunningPrimary)
  const [primary] = primaries
  return (
    primaries.length === 1 &&
    primary?.role === 'Promoted' &&
    primary.tip.lsn === primary.answered &&
    world.nodes.every((node) => node === primary || node.upstream === primary.index)
  )
}

/**
 * Without faults any more, the cluster is to become well by itself.
 *
 * @param atFirst - ends as soon as there is a violation
 */
export function settle(world: World, atFirst = true): void {
  say(world, '--- no more faults ---')
  all(world, 'boot')
  all(world, 'wake')
  apply(world, [`heal`, 0])
  let before = ''
  for (let round = 1; round <= ROUNDS && !(atFirst && world.violations.length > 0); round += 1) {
    work(world)
    all(world, 'notice loss')
    all(world, 'notice silence')
    all(world, 'schedule')
    work(world)
    all(world, 'monitor')
    work(world)
    if (round % MEMORY === 0) {
      const now = signature(world)
      // From here on everything repeats itself.
      if (now === before) break
      before = now
      all(world, 'forget')
    }
    if (isWell(world)) {
      // A commit of the new order shows whether it holds the old ones.
      const primary = world.nodes.find(isRunningPrimary)
      if (primary === undefined) return
      apply(world, ['commit', primary.index])
      work(world)
      if (isWell(world)) return
    }
  }
  if (!atFirst || world.violations.length === 0) blame(world)
}

function blame(world: World): void {
  const { acknowledged, nodes } = world
  const state = nodes
    .map((node) => {
      const { name, role, failed, running, inRecovery, tip, index } = node
      const ring = node.ring
      const server = running ? (inRecovery ? 'standby' : 'primary') : 'stopped'
      const attributes = [
        ...Object.entries(ring.transient[index] ?? {}),
        ...Object.entries(ring.permanent[index] ?? {}),
      ]
      return `${name}: ${role}${failed ? ' failed' : ''}${ring.banned[index] === true ? ' banned' : ''}, ${server} at ${tip.timeline}/${tip.lsn}${node.lock ? ' locked' : ''}, ${attributes.map(([key, value]) => `${key}=${String(value)}`).join(' ')}`
    })
    .join('\n    ')
  const primary = nodes.find(isRunningPrimary)
  const complete = nodes.filter(({ tip }) => acknowledged === undefined || holds(tip, acknowledged))
  if (primary === undefined) {
    if (complete.length === 0) return
    violate(
      world,
      'no primary',
      `${complete.map(({ name }) => name).join(', ')} complete, and there is no primary\n    ${state}`,
    )
  } else if (primary.tip.lsn !== primary.answered) {
    violate(
      world,
      'commits wait',
      `nobody acknowledges the commits of ${nodeAt(world, primary.index).name}\n    ${state}`,
    )
  } else {
    const kind = nodes.some(({ index, ring }) => ring.banned[index]) ? 'person needed' : 'node out'
    violate(world, kind, `not every node is a part of the replication\n    ${state}`)
  }
}
