/** What the report says, without how it looks. */
import { type ChartInput } from './chart'
import { describeMs, type DrillResult, verdictOf } from '../result'
import { describeOutage, describeReturn, describeRows, sinceFault } from '../summary'
import { KIND_NAMES } from '../kinds'

export interface Figure {
  readonly name: string
  readonly value: string
  /** Worth a look. */
  readonly isBad: boolean
}

export interface ReportModel {
  readonly title: string
  readonly subtitle: string
  readonly verdict: string
  readonly isWell: boolean
  readonly problems: readonly string[]
  /** The four that matter most. */
  readonly headline: readonly Figure[]
  readonly charts: readonly {
    readonly heading: string
    readonly caption: string
    readonly chart: ChartInput
  }[]
  readonly timeline: readonly { readonly when: string; readonly clock: string; readonly text: string }[]
  readonly figures: readonly (readonly [name: string, value: string])[]
  readonly members: DrillResult['members']
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly versions: readonly (readonly [name: string, value: string])[]
  readonly did: readonly string[]
  readonly errors: readonly (readonly [message: string, count: number])[]
}

/** What is shown before and after the outage, where it is looked at closely. */
const AROUND_MS = 5000

/** `2026-11-23 22:58:21 UTC`. */
export function describeTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}

function clockOf(startedAt: string, atMs: number): string {
  return new Date(Date.parse(startedAt) + atMs).toISOString().slice(11, 23)
}

function chartsOf(result: DrillResult): ReportModel['charts'] {
  const { durationMs, faultMs, outage, writes, events, rate, oldPrimary, kind } = result
  const zeroMs = faultMs ?? 0
  const common = { zeroMs, rate, outage, acknowledgedMs: writes.acknowledgedMs, events }
  const whole = { fromMs: 0, toMs: durationMs }
  const chart = (id: string, title: string, window: ChartInput['window']): ChartInput => {
    const inWindow = events.filter(({ atMs }) => atMs >= window.fromMs && atMs <= window.toMs)
    const told = inWindow.map(({ atMs, text }) => `${sinceFault(atMs, faultMs)}: ${text}`)
    const description = `Rows acknowledged per second, from ${sinceFault(window.fromMs, faultMs)} to ${sinceFault(
      window.toMs,
      faultMs,
    )} around the fault. Outage: ${describeOutage(result)}. ${told.join('. ')}.`
    return { id, title, description, window, ...common }
  }
  const caption = 'Rows acknowledged per second; the time in which none was is shaded.'
  const all = {
    heading: 'The whole drill',
    caption,
    chart: chart('chart-whole', `Acknowledged writes during the whole drill`, whole),
  }
  if (outage === null || !outage.ended) return [all]
  const close = {
    fromMs: Math.max(0, Math.min(outage.fromMs, zeroMs) - AROUND_MS),
    toMs: Math.min(durationMs, outage.toMs + AROUND_MS),
  }
  const near = {
    heading: 'The failover',
    caption,
    chart: chart(
      'chart-failover',
      `Acknowledged writes around the fault (${KIND_NAMES[kind]}, ${oldPrimary})`,
      close,
    ),
  }
  // Two charts of nearly the same would only make a reader look for the difference.
  return durationMs > 1.5 * (close.toMs - close.fromMs)
    ? [near, all]
    : [{ ...near, chart: { ...near.chart, window: whole } }]
}

export function makeReportModel(result: DrillResult): ReportModel {
  const { resource, kind, oldPrimary, newPrimary, startedAt, faultMs, events, writes, problems, laterPause } =
    result
  const { how, afterMs } = result.return
  const returned = how === 'not' ? 'not back' : afterMs === null ? how : describeMs(afterMs)
  return {
    title: `Failover drill of ${resource}`,
    subtitle: `${KIND_NAMES[kind]} on ${oldPrimary}, ${describeTime(startedAt)}`,
    verdict: verdictOf(result),
    isWell: problems.length === 0,
    problems: problems.slice(1),
    headline: [
      { name: 'Outage', value: describeOutage(result), isBad: result.outage?.ended !== true },
      { name: 'Rows acknowledged', value: String(writes.acknowledged), isBad: false },
      {
        name: 'Rows lost',
        value: writes.checked ? String(writes.lost.length) : 'unknown',
        isBad: !writes.checked || writes.lost.length > 0,
      },
      { name: `${oldPrimary} in sync again after`, value: returned, isBad: how === 'not' },
    ],
    charts: chartsOf(result),
    timeline: events.map(({ atMs, text }) => ({
      when: sinceFault(atMs, faultMs),
      clock: clockOf(startedAt, atMs),
      text,
    })),
    figures: [
      ['Outage', describeOutage(result)],
      ['Longest pause after it', laterPause === null ? '-' : describeMs(laterPause.ms)],
      ['Rows', describeRows(writes)],
      ...(writes.lost.length > 0
        ? [
            [
              'Lost rows',
              `${writes.lost.slice(0, 50).join(', ')}${writes.lost.length > 50 ? ', …' : ''}`,
            ] as const,
          ]
        : []),
      ['Primary before', oldPrimary],
      ['Primary after', newPrimary ?? 'none'],
      ['Return', describeReturn(result)],
      ['Duration', describeMs(result.durationMs)],
    ],
    members: result.members,
    parameters: Object.entries(result.parameters),
    versions: Object.entries(result.versions),
    did: result.did,
    errors: Object.entries(writes.errors).sort(([, a], [, b]) => b - a),
  }
}
