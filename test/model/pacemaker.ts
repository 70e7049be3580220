/** What pacemaker does: it promotes, demotes, starts and stops, and takes note of what came of it. */
import { controlStandbys } from './act-primary'
import { afterDemote, afterPromote, beforePromote } from './act-notify'
import { monitorStandby } from './act-standby'
import { demote, stop } from './act-stop'
import { promote } from './act-promote'
import { start } from './act-start'
import { scoreOf, send } from './attributes'
import { ActionFailure } from './carry-out'
import { isWhole } from './membership'
import { isAlive, type ModelNode, nodeAt, type Notice, type Ring, say, type Task, type World } from './world'

function isBusy(node: ModelNode): boolean {
  return (
    node.tasks.length > 0 ||
    (node.action !== undefined && node.what !== 'monitor') ||
    node.queue.some(({ kind }) => kind === 'result')
  )
}

function give(world: World, node: ModelNode, task: Task): void {
  say(world, `pacemaker: ${task.what} on ${node.name}`)
  node.tasks.push(task)
}

/** The members on which the resource may run. */
function usable({ ring, failed, index }: ModelNode): boolean {
  return !failed && ring.banned[index] !== true
}

/** The node with the highest score that runs; of two with the same one the one that is promoted already. */
function bestOf(ring: Ring, members: readonly ModelNode[]): ModelNode | undefined {
  let best: ModelNode | undefined
  for (const node of members) {
    const score = scoreOf(ring, node.index)
    if (score <= 0 || ring.roles[node.index] === 'Stopped' || !usable(node)) continue
    if (best === undefined) best = node
    else {
      const more = score - scoreOf(ring, best.index)
      if (
        more > 0 ||
        (more === 0 && ring.roles[node.index] === 'Promoted' && ring.roles[best.index] !== 'Promoted')
      )
        best = node
    }
  }
  return best
}

function notify(world: World, members: readonly ModelNode[], notice: Notice): void {
  const tell = (node: ModelNode, run: Task['run']): void => {
    node.tasks.push({ what: 'notify', run })
  }
  for (const node of members) {
    if (node.role === 'Stopped') continue
    switch (notice.kind) {
      case 'promoted':
        if (node.index !== notice.node) tell(node, () => afterPromote(world, node, notice.node))
        break
      case 'demoted':
        if (node.index !== notice.node) tell(node, () => afterDemote(world, node))
        break
      case 'changed':
        if (node.index === notice.primary) tell(node, () => controlStandbys(world, node))
        break
    }
  }
}

function demotion(world: World, node: ModelNode, members: readonly ModelNode[], stopsNext: boolean): void {
  const { ring } = node
  const wasAlone = members.every((other) => other === node || ring.roles[other.index] === 'Stopped')
  const promoted = members.filter(({ index }) => ring.roles[index] === 'Promoted')
  // Of two that were promoted the other one stays, and nobody is told.
  if (promoted.length === 1) ring.due = { kind: 'demoted', node: node.index, promoting: undefined }
  give(world, node, { what: 'demote', run: () => demote(world, node, { stopsNext, wasAlone }) })
}

/**
 * One decision of the node that decides in this node's membership. All that was asked for before has to be done: what
 * pacemaker would do at once, or in one go, it does here one after the other, and looks again each time.
 */
export function schedule(world: World, { ring }: ModelNode): boolean {
  const decider = nodeAt(world, ring.coordinator)
  if (decider.ring !== ring || !isWhole(world, decider)) return false
  const members = ring.members.map((member) => nodeAt(world, member))
  if (members.some(isBusy)) return false
  const { due } = ring
  if (due !== undefined) {
    ring.due = undefined
    notify(world, members, due)
    return true
  }
  const roleOf = ({ index }: ModelNode) => ring.roles[index]
  const outgoing = members.filter((node) => roleOf(node) !== 'Stopped' && (!ring.quorate || !usable(node)))
  const best = ring.quorate
    ? bestOf(
        ring,
        members.filter((node) => !outgoing.includes(node)),
      )
    : undefined
  for (const node of outgoing) {
    if (roleOf(node) === 'Promoted') demotion(world, node, members, true)
    else give(world, node, { what: 'stop', run: () => stop(world, node, best?.index) })
  }
  if (outgoing.length > 0) return true
  if (!ring.quorate) return false
  const deposed = members.find((node) => roleOf(node) === 'Promoted' && node !== best)
  if (deposed !== undefined) {
    demotion(world, deposed, members, false)
    return true
  }
  const idle = members.filter((node) => roleOf(node) === 'Stopped' && usable(node))
  for (const node of idle) give(world, node, { what: 'start', run: () => start(world, node) })
  if (idle.length > 0) {
    if (best !== undefined && roleOf(best) === 'Promoted') ring.due = { kind: 'changed', primary: best.index }
    return true
  }
  if (best === undefined || roleOf(best) === 'Promoted') return false
  if (ring.announced !== best.index && world.options.size > 2) {
    ring.announced = best.index
    for (const node of members) {
      if (roleOf(node) === 'Stopped') continue
      node.tasks.push({ what: 'notify', run: () => beforePromote(world, node, best.index) })
    }
    return true
  }
  ring.announced = undefined
  ring.due = { kind: 'promoted', node: best.index }
  give(world, best, { what: 'promote', run: () => promote(world, best) })
  return true
}

/** A recurring monitor begins. */
export function beginMonitor(world: World, node: ModelNode): boolean {
  if (
    !isAlive(node) ||
    node.action !== undefined ||
    node.tasks.length > 0 ||
    node.role === 'Stopped' ||
    node.failed
  )
    return false
  begin(node, {
    what: 'monitor',
    *run() {
      yield
      if (!node.running) return 7
      return node.inRecovery ? yield* monitorStandby(world, node) : yield* controlStandbys(world, node, true)
    },
  })
  return true
}

function begin(node: ModelNode, task: Task): void {
  node.what = task.what
  node.action = task.run()
  node.wait = undefined
}

function finish(world: World, node: ModelNode, code: number): void {
  const { what } = node
  node.action = undefined
  node.what = undefined
  node.wait = undefined
  const succeeded = code === 0
  switch (what) {
    case 'monitor': {
      const wanted = node.role === 'Promoted' ? 8 : 0
      if (code === wanted) return
      node.failed = true
      break
    }
    case 'start':
      // A start that fails leaves a server that is to be stopped, as far as anybody knows.
      node.role = 'Unpromoted'
      node.failed = !succeeded
      node.knownStopped = false
      break
    case 'promote':
      node.role = 'Promoted'
      node.failed = !succeeded
      break
    case 'demote':
      node.role = 'Unpromoted'
      if (!succeeded) node.failed = true
      break
    case 'stop':
      node.role = 'Stopped'
      node.knownStopped = succeeded
      break
    default:
      return
  }
  say(world, `  ${what} on ${node.name} ends${succeeded || code === 8 ? '' : ` with ${code}`}`)
  send(world, node, 'result', node.index, '', undefined)
}

/**
 * The action under way goes on to its next point of interruption, or the next one begins.
 *
 * @param late - what it waits for has taken too long
 */
export function stepAction(world: World, node: ModelNode, late: boolean): boolean {
  if (!isAlive(node)) return false
  if (node.action === undefined) {
    const task = node.tasks.shift()
    if (task === undefined || late) return false
    begin(node, task)
  }
  const { action, wait } = node
  if (action === undefined) return false
  if (wait !== undefined && !wait.holds() && !late) return false
  if (late && (wait === undefined || wait.holds())) return false
  if (late) say(world, `  ${node.name}: what its ${node.what ?? ''} waits for takes too long`)
  try {
    const { done, value } = action.next(late)
    if (done === true) finish(world, node, value)
    else node.wait = value
  } catch (error) {
    if (!(error instanceof ActionFailure)) throw error
    say(world, `  ${node.name}: ${error.message}`)
    finish(world, node, 1)
  }
  return true
}
