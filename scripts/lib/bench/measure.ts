/** One comparison, and what was promised of it. */
import { type Cost } from './hyperfine'
import { median } from './statistics'

export type Part = 'monitor' | 'meta-data' | 'outage' | 'switchover' | 'in-place' | 'rejoin' | 'quorum'

/** Figures in milliseconds; the median counts. */
export interface Side {
  readonly name: string
  readonly samples: readonly number[]
}

export interface Measure {
  readonly part: Part
  readonly title: string
  readonly quantity: 'CPU' | 'wall' | 'outage' | 'return'
  readonly ours: Side
  /** Where there is something to compare with. */
  readonly reference?: Side
  /** What is allowed at most; without it, the figures are told and not judged. */
  readonly budget?: Budget
}

export type Budget =
  /** Of our median to the other's. */
  { readonly ratio: number } | { readonly medianMs: number } | { readonly maximumMs: number }

export interface Verdict {
  readonly ours: number
  readonly reference: number | undefined
  readonly ratio: number | undefined
  readonly holds: boolean | undefined
}

/** The medians of both sides, and whether the budget holds. */
export function judge({ ours, reference, budget }: Measure): Verdict {
  const mine = median(ours.samples)
  const theirs = reference && median(reference.samples)
  const ratio = theirs === undefined ? undefined : mine / theirs
  const holds = (allowed: Budget): boolean => {
    if ('medianMs' in allowed) return mine <= allowed.medianMs
    if ('maximumMs' in allowed) return Math.max(...ours.samples) <= allowed.maximumMs
    return ratio !== undefined && ratio <= allowed.ratio
  }
  return { ours: mine, reference: theirs, ratio, holds: budget && holds(budget) }
}

/** A program and what it cost. */
export interface Timed {
  readonly name: string
  readonly cost: Cost
}

/** Compares what two programs cost. */
export function compare(
  what: Pick<Measure, 'part' | 'title'> & { readonly quantity: 'CPU' | 'wall'; readonly budget?: Budget },
  ours: Timed,
  reference: Timed,
): Measure {
  const side = ({ name, cost }: Timed): Side => ({
    name,
    samples: what.quantity === 'CPU' ? cost.cpuMs : cost.wallMs,
  })
  return { ...what, ours: side(ours), reference: side(reference) }
}
