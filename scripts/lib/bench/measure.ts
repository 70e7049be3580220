/** One comparison, and what was promised of it. */
import { type Cost } from './hyperfine'
import { median } from './statistics'

export type Part = 'monitor' | 'meta-data' | 'outage'

/** Figures in milliseconds; the median counts. */
export interface Side {
  readonly name: string
  readonly samples: readonly number[]
}

export interface Measure {
  readonly part: Part
  readonly title: string
  readonly quantity: 'CPU' | 'wall' | 'outage'
  readonly ours: Side
  readonly reference: Side
  /** The largest allowed ratio; without one, the ratio is told and not judged. */
  readonly budget?: number
}

export interface Verdict {
  readonly ours: number
  readonly reference: number
  readonly ratio: number
  readonly holds: boolean | undefined
}

/** The medians of both sides, and whether the budget holds. */
export function judge({ ours, reference, budget }: Measure): Verdict {
  const [mine, theirs] = [median(ours.samples), median(reference.samples)]
  const ratio = mine / theirs
  return { ours: mine, reference: theirs, ratio, holds: budget === undefined ? undefined : ratio <= budget }
}

/** A program and what it cost. */
export interface Timed {
  readonly name: string
  readonly cost: Cost
}

/** Compares what two programs cost. */
export function compare(
  what: Pick<Measure, 'part' | 'title'> & { readonly quantity: 'CPU' | 'wall'; readonly budget?: number },
  ours: Timed,
  reference: Timed,
): Measure {
  const side = ({ name, cost }: Timed): Side => ({
    name,
    samples: what.quantity === 'CPU' ? cost.cpuMs : cost.wallMs,
  })
  return { ...what, ours: side(ours), reference: side(reference) }
}
