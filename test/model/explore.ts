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
  /** How many runs ended with each kind of violation. */
  readonly counts: ReadonlyMap<Violation['kind'], number>
  /** The first one of a kind that must not be. */
  readonly finding: (Finding & { readonly seed: number }) | undefined
}

/**
 * Runs until the time is over, or until something is found that must not be. Which exploration a run belongs to follows
 * from its seed, so that the same seed is the same run again.
 *
 * @param seed - of the first run; each further one has the next
 * @param forbidden - the others are only counted
 */
export function explore(
  explorations: readonly Exploration[],
  seed: number,
  milliseconds: number,
  forbidden: readonly Violation['kind'][],
): Result {
  const begun = performance.now()
  const counts = new Map<Violation['kind'], number>()
  let [runs, moves] = [0, 0]
  const end = (finding: Result['finding']): Result => ({
    runs,
    moves,
    milliseconds: performance.now() - begun,
    counts,
    finding,
  })
  do {
    const own = seed + runs
    const exploration = explorations[own % explorations.length]
    if (exploration === undefined) break
    const schedule: Move[] = []
    const [violation] = run(exploration, own, schedule).violations
    runs += 1
    moves += schedule.length
    if (violation === undefined) continue
    counts.set(violation.kind, (counts.get(violation.kind) ?? 0) + 1)
    if (forbidden.includes(violation.kind)) {
      return end({ violation, options: exploration.options, moves: schedule, seed: own })
    }
  } while (performance.now() - begun < milliseconds)
  return end(undefined)
}

/** What was found, as short as it can be made, for a person to read. */
export function report(finding: Finding & { readonly seed: number }): string {
  const short = shrink(finding)
  const { options, moves, violation } = short
  return [
    `${violation.kind} (MODEL_SEED=${finding.seed}; ${moves.length} of ${finding.moves.length} moves)`,
    JSON.stringify(options),
    timeline(short),
  ].join('\n')
}
