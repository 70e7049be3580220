/** The slots that a standby keeps for the others: what is made, advanced and dropped, by what they have confirmed. */
import { describe, expect, test } from '@jest/globals'
import {
  decideSiblingSlots,
  type Sibling,
  type SiblingFacts,
  type SiblingPlan,
} from '../../agents/pgsql/decide-sibling-slots'
import { type PhysicalSlot } from '../../lib/postgres/standby-slots'

const at = (position: number): string => position.toString(16).toUpperCase().padStart(16, '0')

const node3 = (has: number | undefined): Sibling => ({
  node: 'node3',
  slot: 'ha_node3',
  has: has === undefined ? undefined : at(has),
})

const slot = (keepsFrom: number | undefined, more: Partial<PhysicalSlot> = {}): PhysicalSlot => ({
  name: 'ha_node3',
  keepsFrom: keepsFrom === undefined ? undefined : at(keepsFrom),
  active: false,
  feedback: false,
  ...more,
})

const NOW = 1_000_000
const seen = (has: number, secondsAgo: number): SiblingFacts['note'] => ({
  ha_node3: { has: at(has), at: NOW - secondsAgo },
})

/** This standby has replayed up to 0x500, and would begin at 0x300 after a crash. */
const facts = (change: Partial<SiblingFacts>): SiblingFacts => ({
  siblings: [node3(0x400)],
  slots: [slot(0x100)],
  note: seen(0x200, 60),
  replayed: at(0x500),
  redo: at(0x300),
  now: NOW,
  timeout: 3600,
  ...change,
})

const NOTHING = { drop: [], make: [], advance: [] }
const MAKE = { ...NOTHING, make: ['ha_node3'] }
const advanceTo = (to: number) => ({ ...NOTHING, advance: [{ slot: 'ha_node3', to: at(to) }] })
const dropped = (why: string) => ({ ...NOTHING, drop: [{ slot: 'ha_node3', why }] })
const SILENT = dropped('node3 has confirmed no WAL for more than 3600 s (standby_slot_timeout)')

describe('a slot for node3', () => {
  test.each<[string, Partial<SiblingFacts>, Omit<SiblingPlan, 'note'>, SiblingFacts['note']]>([
    ['is advanced to what node3 has', { siblings: [node3(0x280)] }, advanceTo(0x280), seen(0x280, 0)],
    ['and never beyond what this standby would replay after a crash', {}, advanceTo(0x300), seen(0x400, 0)],
    ['stays where node3 has less', { siblings: [node3(0x80)] }, NOTHING, seen(0x80, 0)],
    ['is made', { slots: [], note: {} }, MAKE, seen(0x400, 0)],
    [
      'is not made for a node that has never said anything',
      { siblings: [node3(undefined)], slots: [], note: {} },
      NOTHING,
      {},
    ],
    ['is made again where it has lost WAL', { slots: [slot(undefined)] }, MAKE, seen(0x400, 0)],
    [
      'is made again where it holds back vacuum',
      { slots: [slot(0x100, { feedback: true })] },
      MAKE,
      seen(0x400, 0),
    ],
    [
      'is left alone while somebody streams from it',
      { slots: [slot(0x100, { active: true })] },
      NOTHING,
      seen(0x400, 0),
    ],
    [
      'is kept for a node that is away, since it last confirmed something',
      { siblings: [node3(undefined)], note: seen(0x200, 3600) },
      advanceTo(0x200),
      seen(0x200, 3600),
    ],
    [
      'until its time is over',
      { siblings: [node3(undefined)], note: seen(0x200, 3601) },
      SILENT,
      seen(0x200, 3601),
    ],
    [
      'also where it says the same for as long, and lacks WAL',
      { siblings: [node3(0x200)], note: seen(0x200, 3601) },
      SILENT,
      seen(0x200, 3601),
    ],
    [
      'but not where it says the same because nobody writes',
      { siblings: [node3(0x500)], note: seen(0x500, 3601) },
      advanceTo(0x300),
      seen(0x500, 0),
    ],
    [
      'is not made while its node confirms nothing',
      { siblings: [node3(0x200)], slots: [], note: seen(0x200, 3601) },
      NOTHING,
      seen(0x200, 3601),
    ],
    ['is made again when it does', { slots: [], note: seen(0x200, 3601) }, MAKE, seen(0x400, 0)],
    [
      'that was there before: its time begins',
      { siblings: [node3(undefined)], note: {} },
      NOTHING,
      seen(0x100, 0),
    ],
    [
      'a clock that was set back',
      { siblings: [node3(undefined)], note: seen(0x200, -7200) },
      advanceTo(0x200),
      seen(0x200, 0),
    ],
    [
      'is dropped when its node is none of the resource’s any more',
      { siblings: [] },
      dropped('its node is not in node_list any more'),
      {},
    ],
    ['is dropped with standby_slot_timeout=0', { timeout: 0 }, dropped('standby_slot_timeout is 0'), {}],
    ['of somebody else is left alone', { siblings: [], note: {} }, NOTHING, {}],
  ])('%s', (_, change, plan, note) => {
    expect(decideSiblingSlots(facts(change))).toEqual({ ...plan, note })
  })
})
