/**
 * What a standby does about the replication slots that it keeps for the other nodes: after a failover to it they find
 * here the WAL that they have not received.
 */
import { type Lsn } from '../../lib/postgres/lsn'
import { type PhysicalSlot } from '../../lib/postgres/standby-slots'

/** A node that a slot is kept for. */
export interface Sibling {
  readonly node: string
  readonly slot: string
  /** The end of the WAL that it has, as it says; of the primary, of what this standby has. Nothing where it is silent. */
  readonly has: Lsn | undefined
}

/** What a standby remembers of another node. */
export interface SiblingSeen {
  readonly has: Lsn
  /** When it last confirmed something: seconds since 1970. */
  readonly at: number
}

/** By the slot's name. */
export type SiblingNote = Readonly<Record<string, SiblingSeen>>

export interface SiblingFacts {
  readonly siblings: readonly Sibling[]
  /** Those of the siblings, and of what the note has besides. */
  readonly slots: readonly PhysicalSlot[]
  readonly note: SiblingNote
  readonly replayed: Lsn
  readonly redo: Lsn
  /** Seconds since 1970. */
  readonly now: number
  /** How many seconds without a confirmation a slot is kept; 0: no slots. */
  readonly timeout: number
}

export interface SiblingPlan {
  /** Slots to drop, and why. */
  readonly drop: readonly { readonly slot: string; readonly why: string }[]
  /** Slots to drop where they are, and to make. */
  readonly make: readonly string[]
  readonly advance: readonly { readonly slot: string; readonly to: Lsn }[]
  readonly note: SiblingNote
}

/**
 * A node confirms something when it says another position than before, or has all that this standby has replayed: of a
 * database in which nobody writes the position stays the same.
 */
function look(sibling: Sibling, seen: SiblingSeen | undefined, facts: SiblingFacts): SiblingSeen | undefined {
  const { has } = sibling
  if (has !== undefined && (seen?.has !== has || has >= facts.replayed)) return { has, at: facts.now }
  // A clock that was set back must not keep it for longer.
  return seen && { ...seen, at: Math.min(seen.at, facts.now) }
}

/**
 * WAL from `redo` on is here in any case. So a slot does not go beyond it, and costs nothing until its node is behind
 * that; and a node that is rewound after a failover, which reads from the checkpoint before, finds it.
 */
export function decideSiblingSlots(facts: SiblingFacts): SiblingPlan {
  const { siblings, slots, redo, now, timeout } = facts
  const drop: SiblingPlan['drop'][number][] = []
  const make: string[] = []
  const advance: SiblingPlan['advance'][number][] = []
  const note: Record<string, SiblingSeen> = {}
  for (const sibling of timeout > 0 ? siblings : []) {
    const { node, slot: name } = sibling
    const slot = slots.find((one) => one.name === name)
    const before = facts.note[name]
    // A slot that was there before the note: the time begins now.
    const seen = look(sibling, before, facts) ?? (slot && { has: slot.keepsFrom ?? redo, at: now })
    if (seen === undefined) continue
    note[name] = seen
    if (slot?.active) continue
    if (now - seen.at > timeout) {
      const why = `${node} has confirmed no WAL for more than ${timeout} s (standby_slot_timeout)`
      if (slot) drop.push({ slot: name, why })
    } else if (slot?.keepsFrom === undefined || slot.feedback) {
      make.push(name)
    } else {
      const to = seen.has < redo ? seen.has : redo
      if (slot.keepsFrom < to) advance.push({ slot: name, to })
    }
  }
  const why = timeout > 0 ? 'its node is not in node_list any more' : 'standby_slot_timeout is 0'
  for (const { name, active } of slots) {
    if (note[name] === undefined && facts.note[name] !== undefined && !active) drop.push({ slot: name, why })
  }
  return { drop, make, advance, note }
}
