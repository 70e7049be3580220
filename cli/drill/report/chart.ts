/** A chart of acknowledged writes over time, as SVG. */
import { describeMs, type DrillEvent } from '../result'
import { type Outage } from '../outage'
import { escape } from './escape'
import { LABEL_GAP, placeLabels, roomToTheRight } from './place-labels'
import { bucketWidth, countTicks, fillBuckets, secondTicks } from './scale'

export interface ChartInput {
  /** Makes the ids in it. */
  readonly id: string
  readonly title: string
  /** For who does not see it. */
  readonly description: string
  readonly window: { readonly fromMs: number; readonly toMs: number }
  /** Where the time axis is zero. */
  readonly zeroMs: number
  readonly acknowledgedMs: readonly number[]
  /** Rows a second that the writer tries. */
  readonly rate: number
  readonly events: readonly DrillEvent[]
  readonly outage: Outage | null
}

const WIDTH = 880
const LEFT = 46
const RIGHT = 14
const LANE = 18
const PLOT_HEIGHT = 190
const BELOW = 44
/** Of the 12 px sans-serif that labels are written in, generously. */
const CHARACTER = 6.8

const at = (number: number): string => String(Number(number.toFixed(1)))

/** As many decimals as the ticks need. */
const tickText = (seconds: number): string =>
  (seconds > 0 ? `+${seconds}` : String(seconds)).replace('-', '−')

/** @returns the SVG element */
export function renderChart(input: ChartInput): string {
  const { id, title, description, window, zeroMs, acknowledgedMs, rate, outage } = input
  const spanMs = Math.max(1, window.toMs - window.fromMs)
  const shown = input.events.filter(({ atMs }) => atMs >= window.fromMs && atMs <= window.toMs)
  const fraction = (atMs: number): number => (atMs - window.fromMs) / spanMs
  const textWidth = ({ label }: DrillEvent): number => label.length * CHARACTER
  const room = roomToTheRight(
    shown.map((event) => ({ fraction: fraction(event.atMs), width: textWidth(event) })),
    WIDTH - RIGHT - LEFT,
  )
  const [left, right] = [LEFT, WIDTH - RIGHT - room]
  const x = (atMs: number): number => left + fraction(atMs) * (right - left)
  const placed = placeLabels(shown.map((event) => ({ x: x(event.atMs), width: textWidth(event) })))
  const events = shown.map((event, index) => ({ event, lane: placed[index] ?? 0 }))
  const lanes = Math.max(0, ...events.map(({ lane }) => lane + 1))
  const top = 10 + lanes * LANE
  const bottom = top + PLOT_HEIGHT
  const height = bottom + BELOW

  const widthMs = bucketWidth(spanMs, rate)
  const buckets = fillBuckets(acknowledgedMs, window, widthMs, zeroMs)
  const counts = countTicks(Math.max(rate, ...buckets.map(({ perSecond }) => perSecond)))
  const highest = counts.at(-1) ?? 1
  const y = (perSecond: number): number => bottom - (perSecond / highest) * PLOT_HEIGHT

  const outline = buckets.map(
    ({ fromMs, toMs, perSecond }) => `L${at(x(fromMs))} ${at(y(perSecond))}H${at(x(toMs))}`,
  )
  const area = `M${at(left)} ${at(bottom)}${outline.join('')}L${at(right)} ${at(bottom)}Z`

  const parts = [
    ...counts.map(
      (count) =>
        `<line class="grid" x1="${left}" x2="${at(right)}" y1="${at(y(count))}" y2="${at(y(count))}"/>` +
        `<text class="tick" x="${left - 6}" y="${at(y(count) + 4)}" text-anchor="end">${count}</text>`,
    ),
    ...(outage === null ? [] : [renderOutage(outage, window, x, top, bottom)]),
    `<path class="rows" d="${area}"/>`,
    `<line class="axis" x1="${left}" x2="${at(right)}" y1="${at(bottom)}" y2="${at(bottom)}"/>`,
    ...secondTicks((window.fromMs - zeroMs) / 1000, (window.toMs - zeroMs) / 1000, 14).map((seconds) => {
      const place = x(zeroMs + seconds * 1000)
      return (
        `<line class="axis" x1="${at(place)}" x2="${at(place)}" y1="${at(bottom)}" y2="${at(bottom + 4)}"/>` +
        `<text class="tick" x="${at(place)}" y="${at(bottom + 17)}" text-anchor="middle">${tickText(seconds)}</text>`
      )
    }),
    `<text class="tick" x="${at((left + right) / 2)}" y="${at(bottom + 36)}" text-anchor="middle">seconds since the fault</text>`,
    ...events.map(({ event, lane }) => renderEvent(event, x(event.atMs), top - 8 - lane * LANE, bottom)),
    ...(outage === null ? [] : [renderOutageText(outage, window, x, (top + bottom) / 2)]),
  ]
  return `<svg id="${id}" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-description" viewBox="0 0 ${WIDTH} ${at(height)}" data-bucket-ms="${widthMs}">
<title id="${id}-title">${escape(title)}</title>
<desc id="${id}-description">${escape(description)}</desc>
${parts.filter((part) => part !== '').join('\n')}
</svg>`
}

type Window = ChartInput['window']
type Scale = (atMs: number) => number

function visible({ fromMs, toMs }: Outage, window: Window): readonly [number, number] {
  return [Math.max(fromMs, window.fromMs), Math.min(toMs, window.toMs)]
}

function renderOutage(outage: Outage, window: Window, x: Scale, top: number, bottom: number): string {
  const [from, to] = visible(outage, window)
  if (to <= from) return ''
  const size = `width="${at(x(to) - x(from))}" height="${at(bottom - top)}"`
  return `<rect class="outage" x="${at(x(from))}" y="${at(top)}" ${size}/>`
}

/** Only where there is room for it. */
function renderOutageText(outage: Outage, window: Window, x: Scale, y: number): string {
  const [from, to] = visible(outage, window)
  const text = `${describeMs(outage.ms)} without writes`
  if (x(to) - x(from) < text.length * CHARACTER + 8) return ''
  return `<text class="outage-text" x="${at((x(from) + x(to)) / 2)}" y="${at(y)}" text-anchor="middle">${escape(text)}</text>`
}

/** @param y - the line on which its label is written */
function renderEvent({ kind, label }: DrillEvent, x: number, y: number, bottom: number): string {
  return (
    `<g class="event ${kind}"><line x1="${at(x)}" x2="${at(x)}" y1="${at(y - 9)}" y2="${at(bottom)}"/>` +
    `<text x="${at(x + LABEL_GAP)}" y="${at(y)}">${escape(label)}</text></g>`
  )
}
