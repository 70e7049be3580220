/** Which clusters are explored, and what may happen to them. */
import { type SyncPolicy } from '../../agents/pgsql/sync-policy'
import { type Exploration, WEIGHTS, type Weights } from './explore'
import { FAULTS, type MoveKind } from './moves'
import { type Options } from './world'

export const ONE: SyncPolicy = { strict: false, count: 1, quorum: false }
const TWO: SyncPolicy = { ...ONE, count: 2 }
const ANY: SyncPolicy = { ...ONE, quorum: true }

/** The likelihood of moves where only some kinds of faults occur. */
export function onlyFaults(...kinds: readonly MoveKind[]): Weights {
  const none = Object.fromEntries(FAULTS.filter((kind) => !kinds.includes(kind)).map((kind) => [kind, 0]))
  return { ...WEIGHTS, ...none }
}

function of(
  size: Options['size'],
  policy: SyncPolicy,
  protocol: Options['protocol'],
  more: Pick<Exploration, 'faults' | 'length'> & Partial<Exploration>,
  rejoin: Options['rejoin'] = 'rewind',
): readonly Exploration[] {
  // It matters who decides: to its own configuration that node writes without asking anybody.
  return Array.from({ length: size }, (_, coordinator) => ({
    ...more,
    options: { size, coordinator, policy, rejoin, protocol },
  }))
}

/** Everything at once, with a majority that decides. */
export function withMajority(
  protocol: Options['protocol'],
  weights: Weights = WEIGHTS,
): readonly Exploration[] {
  return [
    ...of(3, ONE, protocol, { weights, faults: 1, length: 120 }),
    ...of(3, ONE, protocol, { weights, faults: 2, length: 160 }),
    ...of(3, ONE, protocol, { weights, faults: 3, length: 240 }),
    ...of(3, ONE, protocol, { weights, faults: 2, length: 160 }, 'basebackup'),
    ...of(3, ANY, protocol, { weights, faults: 2, length: 160 }),
    ...of(3, { ...ONE, strict: true }, protocol, { weights, faults: 2, length: 160 }),
    ...of(5, ONE, protocol, { weights, faults: 3, length: 240 }),
    ...of(5, TWO, protocol, { weights, faults: 3, length: 240 }),
    ...of(5, { ...ANY, count: 2 }, protocol, { weights, faults: 3, length: 240 }),
  ]
}

/** Two nodes, where no majority can decide: they are only asked to come back to life. */
export function ofTwo(protocol: Options['protocol'], weights: Weights = WEIGHTS): readonly Exploration[] {
  return [
    ...of(2, ONE, protocol, { weights, faults: 2, length: 120 }),
    ...of(2, ONE, protocol, { weights, faults: 2, length: 120 }, 'basebackup'),
    ...of(2, { ...ONE, strict: true }, protocol, { weights, faults: 2, length: 120 }),
  ]
}
