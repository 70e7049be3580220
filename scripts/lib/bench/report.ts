/** The figures as a person reads them. */
import Table from 'cli-table3'
import { type Budget, judge, type Measure, type Side } from './measure'
import { type Round } from './round'
import { median } from './statistics'
import { STAGES, type Stage } from './timeline'

const style = { head: [], border: [], compact: true }
const RIGHT = 'right' as const

/** Every comparison: medians, ratio, budget. */
export function measuresTable(measures: readonly Measure[]): string {
  const table = new Table({
    head: ['what', 'of it', 'ours', 'lowest to highest', 'other', 'the other is', 'ratio', 'budget', ''],
    colAligns: ['left', 'left', RIGHT, RIGHT, RIGHT, 'left', RIGHT, RIGHT, 'left'],
    style,
  })
  for (const measure of measures) {
    const { ours, reference, ratio, holds } = judge(measure)
    table.push([
      measure.title,
      measure.quantity,
      milliseconds(ours),
      range(measure.ours),
      reference === undefined ? '' : milliseconds(reference),
      measure.reference?.name ?? '',
      ratio?.toFixed(2) ?? '',
      measure.budget === undefined ? '' : `<= ${describeBudget(measure.budget)}`,
      holds === undefined ? '' : holds ? 'holds' : 'BROKEN',
    ])
  }
  return table.toString()
}

function range({ samples }: Side): string {
  return `${milliseconds(Math.min(...samples))} to ${milliseconds(Math.max(...samples))}`
}

function describeBudget(budget: Budget): string {
  if ('medianMs' in budget) return `${budget.medianMs} ms`
  if ('maximumMs' in budget) return `${budget.maximumMs} ms, always`
  return budget.ratio.toFixed(2)
}

/**
 * Where the time of an outage goes: the median of every stage's length.
 *
 * @param after - what it begins with
 * @param rounds - by the name of their column
 */
export function timelineTable(after: string, rounds: Readonly<Record<string, readonly Round[]>>): string {
  const columns = Object.entries(rounds).filter(([, some]) => some.length > 0)
  const table = new Table({
    head: [`after ${after}, until`, ...columns.map(([name]) => name)],
    colAligns: ['left', ...columns.map(() => RIGHT)],
    style,
  })
  for (const stage of [...STAGES, 'the first row'] as const) {
    const lengths = columns.map(([, some]) => stageLengths(some, stage))
    table.push([stage, ...lengths.map((ms) => (ms.length > 0 ? `+${milliseconds(median(ms))}` : '-'))])
  }
  return table.toString()
}

/** How long each round took from the stage before it (which its logs tell of) to this one. */
function stageLengths(rounds: readonly Round[], stage: Stage | 'the first row'): readonly number[] {
  return rounds.flatMap(({ timeline, resumedMs }) => {
    const moments = { ...timeline, 'the first row': resumedMs }
    const end = moments[stage]
    if (end === undefined) return []
    const before = STAGES.slice(0, stage === 'the first row' ? STAGES.length : STAGES.indexOf(stage))
    const begin = Math.max(0, ...before.map((name) => timeline[name] ?? 0))
    return [end - begin]
  })
}

function milliseconds(ms: number): string {
  return `${ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`
}
