/** The state of a modelled cluster: PostgreSQL, the agents' files, and what pacemaker knows on each node. */
import { type ElectionNote } from '../../agents/pgsql/steps'
import { type FollowNote } from '../../agents/pgsql/decide-follow'
import { attributeNames, primaryScore } from '../../agents/pgsql/names'
import { writeOwn, writePromotion } from '../../agents/pgsql/promotions'
import { standbySetting, type SyncPolicy } from '../../agents/pgsql/sync-policy'
import { type ResourceRole } from '../../lib/cluster/operations'
import { type ClusterSnapshot } from '../../lib/cluster/snapshot'
import { ORIGIN, type WalRecord } from './wal'

export const RESOURCE = 'pgsql'
export const NAMES = attributeNames(RESOURCE)
export const SCORE_NAME = `master-${RESOURCE}`

/** The promotion with which a run begins. */
const FIRST = writePromotion({ number: 1, node: 'node1' })

export interface Options {
  readonly size: 2 | 3 | 5
  /** The node whose pacemaker decides at first. */
  readonly coordinator: number
  readonly policy: SyncPolicy
  readonly rejoin: 'rewind' | 'basebackup'
  /** `before`: every proof that a decision asks for is taken as granted, and nobody sees the number of a promotion. */
  readonly protocol: 'before' | 'with proof'
  /** A node may also fall asleep in the milliseconds between a proof and what it allows at once. */
  readonly gap?: boolean
  /**
   * Where commits wait for any of several standbys, one of them connects to a primary of before although it has said in
   * an election what it has, as PostgreSQL does by itself (up to version 12, where the agent cannot hold it off).
   */
  readonly reconnects?: boolean
  /** A standby that somebody promotes acknowledges commits at once: it holds no synchronous_standby_names. */
  readonly acknowledges?: boolean
}

export type Attributes = Readonly<Record<string, string | undefined>>

/**
 * What the members of one membership share. Messages come to all of them in the same order, so that they know the same;
 * a node that sleeps keeps the membership it was in, and what was known there.
 */
export interface Ring {
  readonly id: number
  readonly members: readonly number[]
  readonly quorate: boolean
  readonly coordinator: number
  /** The version of the configuration: at a merge the larger one replaces the other. */
  version: number
  readonly permanent: Attributes[]
  readonly transient: Attributes[]
  /** What members have brought with them, which is not in the configuration until their attribute daemon has told it. */
  readonly untold: (Attributes | undefined)[]
  readonly roles: ResourceRole[]
  readonly stopped: boolean[]
  /** Nodes that a constraint keeps the resource off. */
  readonly banned: boolean[]
  /** The node whose promotion has been announced to all. */
  announced: number | undefined
  /** Notifications that are due before anything else. */
  due: Notice | undefined
  snapshot: ClusterSnapshot | undefined
}

/** What happened, for the nodes that are to learn it. */
export type Notice =
  | { readonly kind: 'promoted'; readonly node: number }
  | { readonly kind: 'demoted'; readonly node: number; readonly promoting: number | undefined }
  | { readonly kind: 'changed'; readonly primary: number }

/** What a node has sent to its membership, and nobody has received yet. */
export interface Message {
  readonly kind: 'transient' | 'permanent' | 'result' | 'ban' | 'echo' | 'tell'
  readonly node: number
  readonly name: string
  readonly value: string | undefined
  delivered: boolean
  /** Of what is told: the members that have joined its sender, and what it says of its own promotion. */
  readonly told?: { readonly to: readonly number[]; readonly claim: string | undefined }
}

/** An action under way. It can be interrupted wherever it yields. */
export type Action = Generator<Wait | undefined, number, boolean>

/** The action goes on when this holds; or, told that it has waited too long, before. */
export interface Wait {
  readonly holds: () => boolean
}

export interface Task {
  readonly what: 'start' | 'stop' | 'demote' | 'promote' | 'monitor' | 'notify'
  readonly run: () => Action
}

export interface ModelNode {
  readonly index: number
  readonly name: string
  up: boolean
  awake: boolean
  /** It has slept since its last monitor. */
  slept: boolean
  /** How often it has slept or has lost a member: what takes so long that its clocks show it. */
  breaks: number
  /** Nodes of the same number reach each other. */
  side: number

  running: boolean
  /** Of a server that does not run: what it was when it last ran. */
  inRecovery: boolean
  tip: WalRecord
  /** All commits up to this position are acknowledged, or were before this server's promotion. */
  answered: number
  /** synchronous_standby_names in force. */
  synchronousNames: string
  /** Whom this standby receives from. */
  upstream: number | undefined
  /** For each standby that has a connection here: the position it has reported. */
  readonly senders: (number | undefined)[]
  /** It has said in an election what it has, and receives nothing before it knows of a primary. */
  heldOff: boolean
  /** Another node has acknowledged commits since this one was promoted. */
  superseded: boolean

  /** PGSQL.lock, with the end of the data after a clean shutdown. */
  lock: { readonly shutdown: number | undefined } | undefined
  note: ElectionNote | undefined
  following: FollowNote | undefined

  ring: Ring
  /** The latest promotion that each node knows of, as the attribute daemon of this one has it in memory. */
  words: (string | undefined)[]
  /** What each node says of its own last promotion, in the same memory. */
  claims: (string | undefined)[]
  /** In the order of sending. */
  queue: Message[]
  role: ResourceRole
  knownStopped: boolean
  failed: boolean
  /** Given by pacemaker, and not started. */
  readonly tasks: Task[]
  action: Action | undefined
  what: Task['what'] | undefined
  wait: Wait | undefined
}

export interface Violation {
  readonly kind:
    'lost' | 'discarded' | 'two primaries' | 'no primary' | 'node out' | 'person needed' | 'commits wait'
  readonly text: string
}

export interface World {
  readonly options: Options
  readonly nodes: readonly ModelNode[]
  rings: number
  /** The latest acknowledged commit: it, and all before it, are to be on every later primary that acknowledges. */
  acknowledged: WalRecord | undefined
  /** The first one of each kind. */
  readonly violations: Violation[]
  /** Lines of what happens; nothing where nobody reads them. */
  readonly log: string[] | undefined
}

export function say(world: World, text: string): void {
  world.log?.push(text)
}

export function isAlive({ up, awake }: ModelNode): boolean {
  return up && awake
}

export function reaches(a: ModelNode, b: ModelNode): boolean {
  return isAlive(a) && isAlive(b) && a.side === b.side
}

export function nodeAt({ nodes }: World, index: number): ModelNode {
  const node = nodes[index]
  if (node === undefined) throw new Error(`there is no node ${index}`)
  return node
}

const indices = new Map(Array.from({ length: 5 }, (_, index) => [`node${index + 1}`, index]))

export function indexOf(name: string): number {
  return indices.get(name) ?? -1
}

export function otherNames(world: World, node: ModelNode): string[] {
  return world.nodes.filter((other) => other !== node).map(({ name }) => name)
}

/** A cluster in which all is well: node1 is the primary, node2 is waited for, all others stream. */
export function createWorld(options: Options, log?: string[]): World {
  const { size, coordinator, policy } = options
  const numbers = Array.from({ length: size }, (_, index) => index)
  const standing = (index: number): readonly [status: string, dataStatus: string, score: string] => {
    if (index === 0) return ['PRI', 'LATEST', primaryScore(options.protocol === 'before' ? 0 : 1)]
    if (policy.quorum) return ['HS:sync', 'STREAMING|QUORUM', '-INFINITY']
    return index <= policy.count
      ? ['HS:sync', 'STREAMING|SYNC', size === 2 || index <= policy.count ? '100' : '-INFINITY']
      : ['HS:potential', 'STREAMING|POTENTIAL', '-INFINITY']
  }
  const waited = numbers
    .slice(1, policy.quorum ? size : policy.count + 1)
    .map((index) => `"node${index + 1}"`)
  const names = waited.join(', ')
  const ring: Ring = {
    id: 1,
    members: numbers,
    quorate: true,
    coordinator,
    version: 0,
    permanent: numbers.map((index) => ({
      [NAMES.dataStatus]: standing(index)[1],
      ...(index === 0 && { [NAMES.promotion]: writeOwn(1, ORIGIN.timeline) }),
      ...(index === 0 &&
        policy.quorum && {
          [NAMES.quorum]: `${policy.count} of ${numbers
            .slice(1)
            .map((other) => `node${other + 1}`)
            .join(' ')}`,
        }),
    })),
    transient: numbers.map((index) => ({
      [NAMES.status]: standing(index)[0],
      [SCORE_NAME]: standing(index)[2],
      [NAMES.epoch]: FIRST,
      ...(index === 0 && { [NAMES.promotion]: writeOwn(1, ORIGIN.timeline) }),
    })),
    untold: numbers.map(() => undefined),
    roles: numbers.map((index) => (index === 0 ? 'Promoted' : 'Unpromoted')),
    stopped: numbers.map(() => false),
    banned: numbers.map(() => false),
    announced: undefined,
    due: undefined,
    snapshot: undefined,
  }
  const nodes = numbers.map((index): ModelNode => ({
    index,
    name: `node${index + 1}`,
    up: true,
    awake: true,
    slept: false,
    side: 0,
    running: true,
    inRecovery: index !== 0,
    tip: ORIGIN,
    answered: ORIGIN.lsn,
    synchronousNames:
      index !== 0
        ? standbySetting(options.acknowledges === true ? undefined : 'sync')
        : policy.quorum
          ? `ANY ${policy.count} (${names})`
          : policy.count === 1
            ? names
            : `FIRST ${policy.count} (${names})`,
    upstream: index === 0 ? undefined : 0,
    senders: numbers.map((other) => (index === 0 && other !== 0 ? ORIGIN.lsn : undefined)),
    heldOff: false,
    superseded: false,
    lock: index === 0 ? { shutdown: undefined } : undefined,
    note: undefined,
    following: undefined,
    ring,
    words: numbers.map(() => FIRST),
    claims: numbers.map((other) => (other === 0 ? writeOwn(1, ORIGIN.timeline) : undefined)),
    breaks: 0,
    queue: [],
    role: index === 0 ? 'Promoted' : 'Unpromoted',
    knownStopped: false,
    failed: false,
    tasks: [],
    action: undefined,
    what: undefined,
    wait: undefined,
  }))
  return { options, nodes, rings: 1, acknowledged: undefined, violations: [], log }
}
