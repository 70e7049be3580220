/** What PostgreSQL does: commits, acknowledgements, replication, promotion, rewinding. */
import { readSynchronousNames, type SynchronousNames } from '../../lib/postgres/synchronous-names'
import { type StandbyRow } from '../../lib/postgres/replication'
import { standbySetting } from '../../agents/pgsql/sync-policy'
import { append, holds, lsnText, recordAt, type WalRecord } from './wal'
import { indexOf, isAlive, type ModelNode, nodeAt, reaches, say, type Violation, type World } from './world'

const settings = new Map<string, SynchronousNames>()

function namesInForce({ synchronousNames }: ModelNode): SynchronousNames {
  let read = settings.get(synchronousNames)
  if (read === undefined) settings.set(synchronousNames, (read = readSynchronousNames(synchronousNames)))
  return read
}

export function isRunningStandby(node: ModelNode): boolean {
  return node.running && node.inRecovery
}

export function isRunningPrimary(node: ModelNode): boolean {
  return node.running && !node.inRecovery
}

export function violate(world: World, kind: Violation['kind'], text: string): void {
  if (world.violations.some((known) => known.kind === kind)) return
  world.violations.push({ kind, text })
  say(world, `VIOLATION (${kind}): ${text}`)
}

/** Up to which position synchronous replication allows to acknowledge. */
function allowed(primary: ModelNode): number {
  const { count, names, method } = namesInForce(primary)
  if (count === 0) return primary.tip.lsn
  const reported = names.flatMap((name) => primary.senders[indexOf(name)] ?? [])
  if (reported.length < count) return 0
  if (method === 'ANY') reported.sort((a, b) => b - a)
  // FIRST: those that are connected, in the order of the list.
  return Math.min(...reported.slice(0, count))
}

function acknowledge(world: World, primary: ModelNode, commit: WalRecord): void {
  const { acknowledged, options } = world
  say(world, `  ${primary.name} acknowledges the commit at ${commit.lsn} (timeline ${commit.timeline})`)
  // The later primary went on from it: an acknowledgement that comes late, and is right.
  if (acknowledged !== undefined && holds(acknowledged, commit)) return
  // Two nodes have no majority: what is acknowledged on both sides of a partition cannot all be kept.
  if (options.size > 2) {
    if (primary.superseded) {
      violate(world, 'two primaries', `${primary.name} acknowledges after another primary has acknowledged`)
    } else if (acknowledged !== undefined && !holds(primary.tip, acknowledged)) {
      violate(world, 'lost', `${primary.name} acknowledges, and lacks the commit at ${acknowledged.lsn}`)
    }
  }
  // One that has it all the same goes on where this one ended.
  for (const other of world.nodes) if (!holds(other.tip, commit)) other.superseded = true
  world.acknowledged = commit
}

/** Acknowledges what may be; to be called whenever something has changed that this depends on. */
export function settleCommits(world: World, primary: ModelNode): void {
  if (!isAlive(primary) || !isRunningPrimary(primary)) return
  const limit = Math.min(allowed(primary), primary.tip.lsn)
  if (limit <= primary.answered) return
  const commits: WalRecord[] = []
  for (let at = recordAt(primary.tip, limit); at !== undefined && at.lsn > primary.answered; at = at.previous)
    if (at.commit) commits.push(at)
  primary.answered = limit
  for (const commit of commits.reverse()) acknowledge(world, primary, commit)
}

/** Whether a commit that is written now would be acknowledged without any further decision. */
export function canAcknowledge(world: World, primary: ModelNode): boolean {
  if (!isAlive(primary) || !isRunningPrimary(primary)) return false
  const { count, names } = namesInForce(primary)
  const live = names.filter((name) => {
    const standby = world.nodes[indexOf(name)]
    return standby !== undefined && isConnected(primary, standby)
  })
  return live.length >= count
}

/** To be called when a node has become able to acknowledge, for whatever reason. */
export function checkOnlyOne(world: World): void {
  if (world.options.size === 2) return
  const able = world.nodes.filter((node) => canAcknowledge(world, node))
  if (able.length > 1) {
    const list = able.map(({ name }) => name).join(' and ')
    violate(world, 'two primaries', `${list} both would acknowledge commits`)
  }
}

export function commit(world: World, primary: ModelNode): boolean {
  if (!isAlive(primary) || !isRunningPrimary(primary)) return false
  primary.tip = append(primary.tip, primary.tip.timeline, true)
  say(world, `  a client commits on ${primary.name}, at ${primary.tip.lsn}`)
  settleCommits(world, primary)
  return true
}

/** Both sides have the connection. */
function isConnected(primary: ModelNode, standby: ModelNode): boolean {
  return (
    standby.running &&
    standby.upstream === primary.index &&
    isRunningPrimary(primary) &&
    primary.senders[standby.index] !== undefined &&
    reaches(primary, standby)
  )
}

/** One record comes to a standby, or all that there are. */
export function replicate(world: World, standby: ModelNode, all: boolean): boolean {
  if (standby.upstream === undefined || !standby.running) return false
  const primary = nodeAt(world, standby.upstream)
  if (!isConnected(primary, standby)) return false
  const next = recordAt(primary.tip, all ? primary.tip.lsn : standby.tip.lsn + 1)
  const reported = primary.senders[standby.index]
  if (next === undefined || (next === standby.tip && reported === next.lsn)) return false
  standby.tip = next
  primary.senders[standby.index] = next.lsn
  settleCommits(world, primary)
  return true
}

/** Has a standby receive nothing more: see hold-off.ts. */
export function holdOff(world: World, standby: ModelNode): void {
  const { protocol, reconnects = false } = world.options
  if (protocol !== 'before' && !reconnects) standby.heldOff = true
  disconnect(world, standby)
}

/**
 * The server that answers at the address of the replication, which is where the cluster has promoted; of two such nodes
 * the one that its own membership knows.
 */
export function answering(world: World, standby: ModelNode): ModelNode | undefined {
  const candidates = world.nodes.filter(
    (node) => isRunningPrimary(node) && node.role === 'Promoted' && reaches(node, standby),
  )
  return (
    candidates.find((node) => standby.ring.roles[node.index] === 'Promoted' && node.ring === standby.ring) ??
    candidates[0]
  )
}

/** A standby connects to the primary that it reaches; it streams where it is a part of that one's past. */
export function connect(world: World, standby: ModelNode): boolean {
  if (!isAlive(standby) || !standby.running || !standby.inRecovery || standby.upstream !== undefined)
    return false
  if (standby.heldOff) return false
  const primary = answering(world, standby)
  if (primary === undefined || !holds(primary.tip, standby.tip)) return false
  standby.upstream = primary.index
  primary.senders[standby.index] = standby.tip.lsn
  say(world, `  ${standby.name} streams from ${primary.name}`)
  settleCommits(world, primary)
  checkOnlyOne(world)
  return true
}

/** The standby's side of a connection ends; the primary's side stays until it is noticed. */
export function disconnect(world: World, standby: ModelNode): boolean {
  if (standby.upstream === undefined) return false
  const primary = nodeAt(world, standby.upstream)
  standby.upstream = undefined
  if (reaches(primary, standby)) primary.senders[standby.index] = undefined
  return true
}

/** A standby notices that nobody sends to it any more. */
export function noticeSilence(world: World, standby: ModelNode): boolean {
  if (!isAlive(standby) || standby.upstream === undefined) return false
  const primary = nodeAt(world, standby.upstream)
  return !isConnected(primary, standby) && disconnect(world, standby)
}

/** A primary notices that a standby is not there any more. */
export function noticeLoss(world: World, standby: ModelNode): boolean {
  let noticed = false
  for (const primary of world.nodes) {
    if (primary.senders[standby.index] === undefined || !isAlive(primary)) continue
    if (isConnected(primary, standby)) continue
    primary.senders[standby.index] = undefined
    say(world, `  the connection of ${standby.name} to ${primary.name} has timed out`)
    noticed = true
    settleCommits(world, primary)
  }
  return noticed
}

/** The processes end; what is on the disk stays. */
export function endServer(world: World, node: ModelNode): void {
  disconnect(world, node)
  node.running = false
  node.senders.fill(undefined)
  for (const other of world.nodes) {
    if (other.upstream === node.index && reaches(other, node)) other.upstream = undefined
  }
}

/** A fast shutdown: standbys that are connected receive all, the record of the shutdown included. */
export function shutDown(world: World, node: ModelNode): void {
  if (isRunningPrimary(node)) {
    node.tip = append(node.tip, node.tip.timeline, false)
    for (const standby of world.nodes) {
      if (standby.upstream === node.index && standby.running && reaches(node, standby))
        replicate(world, standby, true)
    }
  }
  endServer(world, node)
}

export function startStandby({ options }: World, node: ModelNode): void {
  node.running = true
  node.inRecovery = true
  node.heldOff = false
  node.synchronousNames = standbySetting(options.acknowledges === true ? undefined : 'sync')
  node.note = undefined
  node.following = undefined
}

export function promoteServer(world: World, node: ModelNode): void {
  disconnect(world, node)
  node.heldOff = false
  node.tip = append(node.tip, node.tip.timeline + 1, false)
  node.inRecovery = false
  node.answered = node.tip.lsn
  node.superseded = false
  say(world, `  PostgreSQL on ${node.name} is promoted, timeline ${node.tip.timeline} from ${node.tip.lsn}`)
  checkOnlyOne(world)
}

/** The node's data becomes a copy of the primary's. */
export function rewind(world: World, node: ModelNode, primary: ModelNode): void {
  const { acknowledged, options } = world
  // pg_rewind does nothing within one timeline.
  if (options.rejoin === 'rewind' && node.tip.timeline === primary.tip.timeline) return
  const given = !holds(primary.tip, node.tip)
  say(world, `  ${node.name} takes the data of ${primary.name}${given ? ', and discards its own' : ''}`)
  if (
    acknowledged !== undefined &&
    options.size > 2 &&
    holds(node.tip, acknowledged) &&
    !holds(primary.tip, acknowledged)
  ) {
    violate(
      world,
      'discarded',
      `${node.name} discards the acknowledged commit at ${acknowledged.lsn} (timeline ${acknowledged.timeline}), which ${primary.name} (timeline ${primary.tip.timeline}) lacks`,
    )
  }
  node.tip = primary.tip
  node.lock = undefined
}

const STATES = { FIRST: 'SYNC', ANY: 'QUORUM' } as const

/** pg_stat_replication. */
export function standbyRows(world: World, primary: ModelNode): readonly StandbyRow[] {
  const { count, names, method } = namesInForce(primary)
  let waited = 0
  const states = new Map<string, string>()
  for (const name of names) {
    if (primary.senders[indexOf(name)] === undefined) continue
    states.set(name, method === 'ANY' || waited < count ? STATES[method] : 'POTENTIAL')
    waited += 1
  }
  return world.nodes.flatMap(({ index, name }): readonly StandbyRow[] => {
    const flushed = primary.senders[index]
    if (flushed === undefined) return []
    return [
      {
        applicationName: name,
        state: 'STREAMING',
        syncState: states.get(name) ?? 'ASYNC',
        flushed: lsnText(flushed),
      },
    ]
  })
}
