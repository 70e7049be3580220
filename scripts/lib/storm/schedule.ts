/** Which faults a storm plays, in which order: a function of its seed. */
import { FAULTS, type FaultKind, type FaultName, type Part, weightOf } from './kinds'
import { Random } from './random'

export interface PlannedFault {
  /** From 1. */
  readonly index: number
  readonly name: FaultName
  readonly hits: Exclude<Part, 'any'>
  /** Which of the standbys, where one is hit: the position among them by name. */
  readonly standby: number
  /** How long the cluster is left alone before: a monitor has its own rhythm, and every phase of it is to be met. */
  readonly waitMs: number
  /** How long it lasts; 0 where it is over at once or lasts as long as it takes. */
  readonly durationMs: number
  /** For what the fault itself has to choose, so that a choice more in one changes nothing in the next. */
  readonly seed: number
}

export interface ScheduleOptions {
  readonly seed: number
  readonly standbys: number
  readonly only: readonly FaultName[]
  /** Instead of what the kinds say, where a fault lasts at all. */
  readonly seconds?: readonly [low: number, high: number] | undefined
}

/** An endless storm. Every kind comes once before they are drawn by their weights. */
export function* schedule(options: ScheduleOptions): Generator<PlannedFault, never> {
  const { seed, only } = options
  const random = new Random(seed)
  const first = random.shuffled(only)
  const drawn = only.flatMap((name) => Array.from({ length: weightOf(name) }, () => name))
  for (let index = 1; ; index += 1) {
    const name = first[index - 1] ?? random.pick(drawn)
    yield plan(index, name, random, options)
  }
}

function plan(
  index: number,
  name: FaultName,
  random: Random,
  { standbys, seconds }: ScheduleOptions,
): PlannedFault {
  const kind: FaultKind = FAULTS[name]
  const [low, high] = (kind.seconds && seconds) ?? kind.seconds ?? [0, 0]
  const any = random.pick(['primary', 'standby'] as const)
  return {
    index,
    name,
    hits: kind.hits === 'any' ? any : kind.hits,
    standby: random.integer(standbys),
    waitMs: Math.round(random.between(0, 4000)),
    durationMs: Math.round(random.spread(low, high) * 1000),
    seed: random.integer(2 ** 32),
  }
}
