/** The drill's report: buckets, ticks, labels that are in nobody's way, and a page that asks for nothing. */
import { describe, expect, test } from '@jest/globals'
import { XMLParser } from 'fast-xml-parser'
import { renderChart } from '../../cli/drill/report/chart'
import { escape, jsonForScript } from '../../cli/drill/report/escape'
import { makeReportModel } from '../../cli/drill/report/model'
import { renderReport } from '../../cli/drill/report/page'
import { extent, type LabelToPlace, placeLabels, roomToTheRight } from '../../cli/drill/report/place-labels'
import { bucketWidth, countTicks, fillBuckets, secondTicks } from '../../cli/drill/report/scale'
import { type DrillResult } from '../../cli/drill/result'
import { drillResult } from './support/drill-result'

describe('buckets', () => {
  test('are aligned with the fault, and cut off at the ends of what is shown', () => {
    const window = { fromMs: 0, toMs: 2500 }
    expect(fillBuckets([100, 200, 600, 700, 800, 1700, 2499, 2500], window, 1000, 500)).toEqual([
      { fromMs: 0, toMs: 500, perSecond: 4 },
      { fromMs: 500, toMs: 1500, perSecond: 3 },
      { fromMs: 1500, toMs: 2500, perSecond: 2 },
    ])
  })

  test.each([
    [15_000, 20, 200],
    [15_000, 1000, 100],
    [120_000, 20, 1000],
    [15_000, 1, 5000],
    [3_600_000, 20, 30_000],
  ])('%d ms at %d rows a second: of %d ms', (span, rate, width) => {
    expect(bucketWidth(span, rate)).toBe(width)
  })

  test('every row is counted once', () => {
    const rows = Array.from({ length: 1000 }, (_, index) => index * 37.3)
    const buckets = fillBuckets(rows, { fromMs: 0, toMs: 40_000 }, 500, 12_345)
    const counted = buckets.reduce(
      (sum, { fromMs, toMs, perSecond }) => sum + (perSecond * (toMs - fromMs)) / 1000,
      0,
    )
    expect(counted).toBeCloseTo(1000)
  })
})

describe('ticks', () => {
  test.each([
    [-5, 9, 14, [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [-4.9, 61, 14, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]],
    [-0.2, 0.31, 6, [-0.2, -0.1, 0, 0.1, 0.2, 0.3]],
  ])('of seconds from %d to %d', (from, to, most, ticks) => {
    expect(secondTicks(from, to, most)).toEqual(ticks)
  })

  test.each([
    [0, [0, 0.5, 1]],
    [20, [0, 5, 10, 15, 20]],
    [21, [0, 10, 20, 30]],
    [1000, [0, 500, 1000]],
  ])('of rows up to %d', (highest, ticks) => {
    expect(countTicks(highest)).toEqual(ticks)
  })
})

describe('labels', () => {
  /** Pairs that are in each other's way. */
  function conflicts(labels: readonly LabelToPlace[], lanes: readonly number[]): readonly string[] {
    return labels.flatMap((a, first) =>
      labels.flatMap((b, second) => {
        const [laneA = 0, laneB = 0] = [lanes[first], lanes[second]]
        const [[fromA, toA], [fromB, toB]] = [extent(a), extent(b)]
        const isOver = first !== second && laneA === laneB && fromA < toB && fromB < toA
        const isThrough = laneA > laneB && a.x > fromB && a.x < toB
        return isOver || isThrough ? [`${JSON.stringify(a)} and ${JSON.stringify(b)}`] : []
      }),
    )
  }

  const wide = (...places: readonly number[]): readonly LabelToPlace[] =>
    places.map((x) => ({ x, width: 80 }))
  test.each<[string, readonly LabelToPlace[], readonly number[]]>([
    ['none', [], []],
    ['far from each other: one lane', wide(100, 300), [0, 0]],
    ['close together: the first is uppermost', wide(100, 110, 120), [2, 1, 0]],
    ['in any order', wide(120, 100, 110), [0, 2, 1]],
    ['at the same time', wide(100, 100), [1, 0]],
    ['a later crowd', wide(100, 300, 310, 320), [0, 2, 1, 0]],
    ['one that reaches into a crowd goes above it', wide(230, 300, 310), [2, 1, 0]],
  ])('%s', (_, labels, lanes) => {
    expect(placeLabels(labels)).toEqual(lanes)
  })

  // A generator of our own, so that what fails once fails again.
  let seed = 1
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }

  test('any nine are in nobody’s way, and within the chart', () => {
    for (let round = 0; round < 2000; round += 1) {
      const crowd = random() < 0.5 ? 0.06 : 1
      const from = random() * (1 - crowd)
      const labels = Array.from({ length: 9 }, () => ({
        fraction: from + random() * crowd,
        width: 60 + random() * 120,
      }))
      const right = 820 - roomToTheRight(labels, 820)
      const placed = labels.map(({ fraction, width }) => ({ x: fraction * right, width }))
      expect(conflicts(placed, placeLabels(placed))).toEqual([])
      expect(Math.max(...placed.map((label) => extent(label)[1]))).toBeLessThanOrEqual(820.01)
    }
  })
})

describe('the chart', () => {
  const chart = (change: Partial<Parameters<typeof renderChart>[0]> = {}): string =>
    renderChart({
      ...{ id: 'c', title: 'A <title>', description: 'what & why', window: { fromMs: 0, toMs: 14_000 } },
      ...{ zeroMs: 5000, rate: 20, acknowledgedMs: drillResult().writes.acknowledgedMs },
      ...{ events: drillResult().events, outage: drillResult().outage },
      ...change,
    })

  test('says what it is, and has a mark for every event that is shown', () => {
    const svg = chart()
    expect(svg).not.toMatch(/undefined|NaN|Infinity/)
    const shown = drillResult().events.filter(({ atMs }) => atMs <= 14_000)
    expect(svg.match(/<g class="event /g)).toHaveLength(shown.length)
    for (const { label } of shown) expect(svg).toContain(`>${escape(label)}</text>`)
    expect(svg).toContain('<title id="c-title">A &lt;title&gt;</title>')
    expect(svg).toContain('aria-labelledby="c-title" aria-describedby="c-description"')
    expect(svg).toContain('3.00 s without writes')
  })

  test('shades the outage where it was', () => {
    const parsed = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(chart()) as {
      svg: { rect: Record<string, string> }
    }
    const { rect } = parsed.svg
    // Nothing at its end needs room for a label: the plot is as wide as it can be.
    const scale = (880 - 14 - 46) / 14_000
    expect(Number(rect['x'])).toBeCloseTo(46 + 4950 * scale, 0)
    expect(Number(rect['width'])).toBeCloseTo(3000 * scale, 0)
  })

  test('has no text of the outage where there is no room for it, and no shade where there was none', () => {
    expect(chart({ window: { fromMs: 0, toMs: 600_000 } })).not.toContain('without writes')
    expect(chart({ outage: null })).not.toContain('class="outage"')
  })

  test('of nothing at all is still a chart', () => {
    const svg = chart({ acknowledgedMs: [], events: [], outage: null, window: { fromMs: 0, toMs: 0 } })
    expect(svg).not.toMatch(/undefined|NaN|Infinity/)
  })
})

describe('what the report says', () => {
  test('of a drill in which all went well', () => {
    const model = makeReportModel(drillResult())
    expect(model).toMatchObject({
      title: 'Failover drill of pgsql',
      subtitle: 'kill -9 on node1, 2026-11-23 22:58:21 UTC',
      verdict: 'node2 took over; writes stood still for 3.00 s; all 1141 acknowledged rows are there',
      isWell: true,
      problems: [],
    })
    expect(model.headline.map(({ value }) => value)).toEqual(['3.00 s', '1141', '0', '25.0 s'])
    expect(model.charts.map(({ heading }) => heading)).toEqual(['The failover', 'The whole drill'])
    expect(model.timeline[0]).toEqual({
      when: '+0.00 s',
      clock: '22:58:26.000',
      text: 'every process of PostgreSQL on node1 was killed (SIGKILL)',
    })
  })

  test('of lost rows, and an old primary that is not back', () => {
    const result = drillResult({
      writes: { ...drillResult().writes, lost: [17, 18] },
      return: { how: 'not', afterMs: null, reason: 'not within 120 s' },
      problems: ['2 of 1141 acknowledged rows are lost', 'node1 is not back: not within 120 s'],
    })
    const model = makeReportModel(result)
    expect(model).toMatchObject({
      verdict: '2 of 1141 acknowledged rows are lost',
      isWell: false,
      problems: ['node1 is not back: not within 120 s'],
    })
    expect(model.headline.map(({ isBad }) => isBad)).toEqual([false, false, true, true])
    expect(model.figures).toContainEqual(['Lost rows', '17, 18'])
  })

  test.each<[string, Partial<DrillResult>, string]>([
    [
      'writes that did not come back',
      { outage: { fromMs: 5000, toMs: 60_000, ms: 55_000, ended: false } },
      'The whole drill',
    ],
    ['a short drill', { durationMs: 14_000 }, 'The failover'],
  ])('%s: one chart', (_, change, heading) => {
    expect(makeReportModel(drillResult(change)).charts.map((one) => one.heading)).toEqual([heading])
  })
})

describe('the page', () => {
  const page = renderReport(drillResult())

  test('asks for nothing beside itself', () => {
    expect(page).not.toMatch(/https?:|\bsrc=|@import|url\(/)
    expect(page.match(/href="[^"]*"/g)).toEqual(['href="data:,"'])
  })

  test('holds the whole result', () => {
    const [, json = ''] = /<script type="application\/json" id="drill">(.*?)<\/script>/.exec(page) ?? []
    expect(JSON.parse(json)).toEqual(drillResult())
  })

  test('says what others wrote, and runs none of it', () => {
    const evil = '</script><script>alert(1)</script>'
    const html = renderReport(drillResult({ resource: evil, problems: [evil], did: [evil] }))
    expect(html.match(/<script/g)).toHaveLength(1)
    expect(html).toContain('&lt;/script&gt;&lt;script&gt;alert(1)')
    expect(jsonForScript({ evil })).not.toContain('</script')
  })
})
