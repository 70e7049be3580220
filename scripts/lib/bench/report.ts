/** The figures as a person reads them. */
import Table from 'cli-table3'
import { judge, type Measure } from './measure'
import { type Round } from './outage'
import { median } from './statistics'
import { STAGES, type Stage } from './timeline'

const style = { head: [], border: [], compact: true }
const RIGHT = 'right' as const

/** Every comparison: medians, ratio, budget. */
export function measuresTable(measures: readonly Measure[]): string {
  const table = new Table({
    head: ['what', 'of it', 'ours', 'other', 'the other is', 'ratio', 'budget', ''],
    colAligns: ['left', 'left', RIGHT, RIGHT, 'left', RIGHT, RIGHT, 'left'],
    style,
  })
  for (const measure of measures) {
    const { ours, reference, ratio, holds } = judge(measure)
    table.push([
      measure.title,
      measure.quantity,
      milliseconds(ours),
      milliseconds(reference),
      measure.reference.name,
      ratio.toFixed(2),
      measure.budget === undefined ? '' : `<= ${measure.budget.toFixed(2)}`,
      holds === undefined ? '' : holds ? 'holds' : 'BROKEN',
    ])
  }
  return table.toString()
}

/** Where the time of an outage goes: the median of every stage's length. */
export function timelineTable(rounds: {
  readonly ours: readonly Round[]
  readonly shell: readonly Round[]
}): string {
  const table = new Table({
    head: ['after kill -9 of the primary, until', 'ours', 'shell agents'],
    colAligns: ['left', RIGHT, RIGHT],
    style,
  })
  for (const stage of [...STAGES, 'the first row'] as const) {
    const lengths = [rounds.ours, rounds.shell].map((some) => stageLengths(some, stage))
    table.push([stage, ...lengths.map((ms) => (ms.length > 0 ? `+${milliseconds(median(ms))}` : '?'))])
  }
  return table.toString()
}

/** How long each round took from the stage before it (which its logs tell of) to this one. */
function stageLengths(rounds: readonly Round[], stage: Stage | 'the first row'): readonly number[] {
  return rounds.flatMap(({ timeline, outageMs }) => {
    const moments = { ...timeline, 'the first row': outageMs }
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
