/** Everything that can happen to a modelled cluster. */
import { deliver } from './attributes'
import { reform, startAlone } from './membership'
import { beginMonitor, schedule, stepAction } from './pacemaker'
import {
  checkOnlyOne,
  commit,
  connect,
  disconnect,
  endServer,
  isRunningStandby,
  noticeLoss,
  noticeSilence,
  promoteServer,
  replicate,
  settleCommits,
} from './postgres'
import { isAlive, type ModelNode, nodeAt, say, type World } from './world'

/** A move and the node that makes it. */
export type Move = readonly [kind: MoveKind, node: number]

function sleep(world: World, node: ModelNode): boolean {
  if (!isAlive(node)) return false
  node.awake = false
  say(world, `${node.name} SLEEPS`)
  return true
}

function wake(world: World, node: ModelNode): boolean {
  if (!node.up || node.awake) return false
  node.awake = true
  node.slept = true
  node.breaks += 1
  say(world, `${node.name} WAKES`)
  settleCommits(world, node)
  checkOnlyOne(world)
  return true
}

/** It is cut off from those it reaches, and reaches those that were cut off before. */
function cut(world: World, node: ModelNode): boolean {
  node.side = 1 - node.side
  const sides = [0, 1].map((side) =>
    world.nodes.filter((other) => other.side === side).map(({ name }) => name),
  )
  say(world, `the network is ${sides.map((names) => names.join(', ') || 'nobody').join(' | ')}`)
  return true
}

function heal(world: World): boolean {
  if (world.nodes.every(({ side }) => side === world.nodes[0]?.side)) return false
  for (const node of world.nodes) node.side = 0
  say(world, 'the network is whole')
  return true
}

function crashServer(world: World, node: ModelNode): boolean {
  if (!isAlive(node) || !node.running) return false
  say(world, `PostgreSQL on ${node.name} CRASHES`)
  endServer(world, node)
  return true
}

function crash(world: World, node: ModelNode): boolean {
  if (!node.up) return false
  say(world, `${node.name} loses its POWER`)
  node.running = false
  node.upstream = undefined
  node.senders.fill(undefined)
  node.up = false
  node.awake = true
  node.queue = []
  node.words = node.words.map(() => undefined)
  node.claims = node.claims.map(() => undefined)
  node.tasks.length = 0
  node.action = undefined
  node.what = undefined
  node.wait = undefined
  node.role = 'Stopped'
  node.knownStopped = true
  node.failed = false
  return true
}

function boot(world: World, node: ModelNode): boolean {
  if (node.up) return false
  node.up = true
  startAlone(world, node)
  say(world, `${node.name} is switched on`)
  return true
}

/** The connection to a primary that sends nothing any more is given up by the standby. */
function loseUpstream(world: World, standby: ModelNode): boolean {
  if (!isAlive(standby) || standby.upstream === undefined) return false
  say(world, `  ${standby.name} loses its connection to ${nodeAt(world, standby.upstream).name}`)
  return disconnect(world, standby)
}

/** Somebody promotes a standby, and not by the cluster. */
function promoteByHand(world: World, node: ModelNode): boolean {
  if (!isAlive(node) || !isRunningStandby(node)) return false
  say(world, `somebody promotes ${node.name} BY HAND`)
  promoteServer(world, node)
  return true
}

/** failure-timeout is over, or somebody cleans up. */
function forget(world: World, node: ModelNode): boolean {
  if (!node.failed || !isAlive(node) || node.role !== 'Stopped') return false
  node.failed = false
  say(world, `the failure of ${node.name} is forgotten`)
  return true
}

export const MOVES = {
  step: (world: World, node: ModelNode) => stepAction(world, node, false),
  late: (world: World, node: ModelNode) => stepAction(world, node, true),
  deliver,
  monitor: beginMonitor,
  schedule,
  reform,
  commit,
  replicate: (world: World, node: ModelNode) => replicate(world, node, false),
  'catch up': (world: World, node: ModelNode) => replicate(world, node, true),
  connect,
  'lose upstream': loseUpstream,
  'notice loss': noticeLoss,
  'notice silence': noticeSilence,
  sleep,
  wake,
  cut,
  heal,
  'crash server': crashServer,
  crash,
  boot,
  forget,
  'by hand': promoteByHand,
} as const satisfies Record<string, (world: World, node: ModelNode) => boolean>

export type MoveKind = keyof typeof MOVES

/** What harms: a run has only so many of these. */
export const FAULTS: readonly MoveKind[] = ['sleep', 'cut', 'crash server', 'crash', 'late', 'by hand']

/** @returns whether it was possible */
export function apply(world: World, [kind, index]: Move): boolean {
  const node = world.nodes[index]
  if (node === undefined) return false
  return MOVES[kind](world, node)
}
