/** Looks for schedules that break what has to hold, and makes those that it finds short. */
import { apply, FAULTS, type Move, type MoveKind } from './moves'
import { Random } from './random'
import { settle } from './settle'
import { createWorld, type Options, type Violation, type World } from './world'

/** How likely each move is, relative to the others. */
export type Weights = Readonly<Partial<Record<MoveKind, number>>>

export const WEIGHTS: Weights = {
  step: 40,
  deliver: 20,
  monitor: 8,
  schedule: 12,
  reform: 6,
  commit: 6,
  replicate: 3,
  'catch up': 8,
  connect: 8,
  'lose upstream': 2,
  'notice loss': 3,
  'notice silence': 3,
  wake: 1,
  heal: 0.5,
  boot: 1,
  forget: 2,
  late: 0.5,
  sleep: 1,
  cut: 0.7,
  'crash server': 0.5,
  crash: 0.5,
}

export interface Exploration {
  readonly options: Options
  readonly weights?: Weights
  /** Moves of one run. */
  readonly length: number
  /** How many faults a run has at most. */
  readonly faults: number
}

export interface Finding {
  readonly violation: Violation
  readonly options: Options
  readonly moves: readonly Move[]
}

const TABLE = 1024

/** Kinds of moves, each as often as its weight says. */
function wheel(weights: Weights): readonly MoveKind[] {
  const entries = Object.entries(weights) as [MoveKind, number][]
  const sum = entries.reduce((total, [, weight]) => total + weight, 0)
  return entries.flatMap(([kind, weight]) =>
    Array.from({ length: weight > 0 ? Math.max(1, Math.round((weight / sum) * TABLE)) : 0 }, () => kind),
  )
}

const isFault = new Set(FAULTS)

/** Wheels are made once. */
const wheels = new WeakMap<Weights, readonly MoveKind[]>()

function wheelOf(weights: Weights): readonly MoveKind[] {
  let made = wheels.get(weights)
  if (made === undefined) wheels.set(weights, (made = wheel(weights)))
  return made
}

/** One run. The moves are appended to `moves`. */
export function run(exploration: Exploration, seed: number, moves: Move[]): World {
  const random = new Random(seed)
  const kinds = wheelOf(exploration.weights ?? WEIGHTS)
  const world = createWorld(exploration.options)
  const { length: size } = world.nodes
  let faults = 0
  // Attempts that are not possible at the time cost little.
  for (
    let attempt = 0;
    moves.length < exploration.length && attempt < exploration.length * 30;
    attempt += 1
  ) {
    const kind = kinds[random.below(kinds.length)] ?? 'step'
    const index = random.below(size)
    const harms = isFault.has(kind)
    if (harms && faults >= exploration.faults) continue
    const move: Move = [kind, index]
    if (!apply(world, move)) continue
    if (harms) faults += 1
    moves.push(move)
    if (world.violations.length > 0) return world
  }
  settle(world)
  return world
}

/** The same moves once more; those that have become impossible are left out. */
export function replay(options: Options, moves: readonly Move[], log?: string[]): World {
  const world = createWorld(options, log)
  for (const move of moves) {
    apply(world, move)
    if (world.violations.length > 0) return world
  }
  settle(world)
  return world
}

/** Leaves out whatever the violation does not need: halves first, then ever smaller parts. */
export function shrink({ options, moves, violation }: Finding): Finding {
  let kept = moves
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let removed = true; removed;) {
      removed = false
      for (let at = kept.length - size; at > -size; at -= size) {
        const fewer = [...kept.slice(0, Math.max(at, 0)), ...kept.slice(at + size)]
        if (fewer.length < kept.length && replay(options, fewer).violations[0]?.kind === violation.kind) {
          kept = fewer
          removed = true
        }
      }
    }
  }
  return { options, moves: kept, violation: replay(options, kept).violations[0] ?? violation }
}

/** What happens in a schedule, line by line. */
export function timeline({ options, moves }: Pick<Finding, 'options' | 'moves'>): string {
  const log: string[] = []
  replay(options, moves, log)
  return log.join('\n')
}

export interface Result {
  readonly runs: number
  readonly moves: number
  readonly milliseconds: number
  readonly findings: ReadonlyMap<
    Violation['kind'],
    Finding & { readonly seed: number; readonly count: number }
  >
}

/**
 * Runs until the time is over, or until something is found.
 *
 * @param kinds - ends at the first violation of one of these; of the others the first one is kept
 */
export function explore(
  explorations: readonly Exploration[],
  seed: number,
  milliseconds: number,
  kinds: readonly Violation['kind'][],
): Result {
  const begun = performance.now()
  const findings = new Map<Violation['kind'], Finding & { seed: number; count: number }>()
  let [runs, moves] = [0, 0]
  const elapsed = (): number => performance.now() - begun
  while (elapsed() < milliseconds) {
    const exploration = explorations[runs % explorations.length]
    if (exploration === undefined) break
    const schedule: Move[] = []
    const own = (seed + runs) | 0
    const [violation] = run(exploration, own, schedule).violations
    runs += 1
    moves += schedule.length
    if (violation === undefined) continue
    const known = findings.get(violation.kind)
    if (known) known.count += 1
    else
      findings.set(violation.kind, {
        violation,
        options: exploration.options,
        moves: schedule,
        seed: own,
        count: 1,
      })
    if (kinds.includes(violation.kind)) break
  }
  return { runs, moves, milliseconds: elapsed(), findings }
}
