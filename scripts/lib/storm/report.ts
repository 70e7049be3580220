/** The report of a storm, in Markdown. */
import { median } from '../bench/statistics'
import { type AcknowledgedRow, isOutside } from './rows'
import { SKIPPED } from './kinds'
import { type StormOptions } from './options'
import { type PlayedFault } from './play'
import { type Violation } from './violation'

export interface StormResult {
  readonly options: StormOptions
  readonly startedAt: Date
  readonly endedAt: Date
  readonly faults: readonly PlayedFault[]
  /** Each with its timeline. */
  readonly violations: readonly (Violation & { readonly timeline: readonly string[] })[]
  readonly acknowledged: { readonly outside: number; readonly inside: number }
  readonly lost: readonly AcknowledgedRow[]
  /** Rows that are gone as agreed. */
  readonly given: readonly AcknowledgedRow[]
  readonly fenced: number
  /** What a person did because rejoin=safe asks for it. */
  readonly backups: number
  /** How often a new cluster had to be made because the old one stood still. */
  readonly rebuilt: number
}

/** `3.1/8.2/20.5` */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return '-'
  const seconds = (ms: number): string => (ms / 1000).toFixed(1)
  const ends = [Math.min(...values), median(values), Math.max(...values)]
  return ends.map(seconds).join('/')
}

const healthyTimes = (faults: readonly PlayedFault[]): readonly number[] =>
  faults.flatMap(({ healthyAfterMs }) => healthyAfterMs ?? [])

/** The storm on one line. */
export function summary(result: StormResult): string {
  const { faults, violations, acknowledged, lost } = result
  const rows = acknowledged.outside + acknowledged.inside
  return (
    `storm: ${faults.length} faults, ${lost.length} lost of ${rows} acknowledged rows, ` +
    `${violations.length} violations, healthy after ${spread(healthyTimes(faults))} s (min/median/max)`
  )
}

/** The faults by kind. */
export function faultTable(faults: readonly PlayedFault[]): readonly string[] {
  const names = [...new Set(faults.map(({ name }) => name))].sort()
  return [
    '| fault | played | outage (s, min/median/max) | healthy after (s, min/median/max) | not in time |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...names.map((name) => {
      const own = faults.filter((fault) => fault.name === name)
      const late = own.filter(({ healthyAfterMs }) => healthyAfterMs === undefined).length
      const outages = spread(own.map(({ outageMs }) => outageMs))
      return `| ${name} | ${own.length} | ${outages} | ${spread(healthyTimes(own))} | ${late} |`
    }),
  ]
}

function eachFault(faults: readonly PlayedFault[]): readonly string[] {
  return [
    '| # | fault | node | lasted (s) | outage (s) | healthy after (s) |',
    '| ---: | --- | --- | ---: | ---: | ---: |',
    ...faults.map(({ index, name, target, durationMs, outageMs, healthyAfterMs }) => {
      const seconds = (ms: number | undefined): string =>
        ms === undefined ? 'never' : (ms / 1000).toFixed(1)
      return `| ${index} | ${name} | ${target} | ${durationMs === 0 ? '' : seconds(durationMs)} | ${seconds(outageMs)} | ${seconds(healthyAfterMs)} |`
    }),
  ]
}

export function report(result: StormResult): string {
  const { options, startedAt, endedAt, violations, acknowledged, lost, given } = result
  const { nodes, seed, mode, rejoin, fence, only } = options
  const lostOutside = lost.filter(isOutside).length
  return [
    '# Storm',
    '',
    summary(result),
    '',
    `- ${startedAt.toISOString()} to ${endedAt.toISOString()}`,
    `- ${nodes} nodes, mode ${mode}, rejoin=${rejoin}, ${fence ? 'with fencing' : 'without fencing'}, seed ${seed}`,
    `- faults: ${only.join(', ')}`,
    ...SKIPPED.map(({ name, reason }) => `- not played: ${name}: ${reason}`),
    `- rows acknowledged: ${acknowledged.outside} through the address, ${acknowledged.inside} on the nodes themselves`,
    `- rows lost: ${lost.length} (${lostOutside} through the address, ${lost.length - lostOutside} on the nodes themselves)`,
    `- rows gone as agreed (async mode, or a server that a person promoted without the cluster): ${given.length}`,
    ...(fence ? [`- nodes fenced: ${result.fenced}`] : []),
    ...(rejoin === 'safe' ? [`- base backups by a person, as rejoin=safe asks: ${result.backups}`] : []),
    ...(result.rebuilt > 0 ? [`- new clusters, because the old one stood still: ${result.rebuilt}`] : []),
    '',
    '## Faults',
    '',
    ...faultTable(result.faults),
    '',
    '## Violations',
    '',
    ...(violations.length === 0 ? ['None.'] : violations.flatMap(violationSection)),
    '',
    '## Fault by fault',
    '',
    ...eachFault(result.faults),
    '',
  ].join('\n')
}

function violationSection(
  { kind, index, text, details, timeline }: StormResult['violations'][number],
  place: number,
): readonly string[] {
  return [
    `### ${place + 1}. ${kind} (fault ${index})`,
    '',
    text,
    '',
    ...details.map((line) => `- ${line}`),
    '',
    '```',
    ...timeline,
    '```',
    '',
  ]
}
