/** The drill's report in a browser: Chromium renders it, in the light, in the dark, on paper and on a telephone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { renderReport } from '../../cli/drill/report/page'
import { drillResult } from '../unit/support/drill-result'
import { Chromium, type Page } from './support/chromium'

jest.setTimeout(180_000)

const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-report-'))
const file = join(directory, 'report.html')
const url = pathToFileURL(file).href
let chromium: Chromium
let page: Page

beforeAll(async () => {
  writeFileSync(file, renderReport(drillResult()))
  chromium = Chromium.start()
  page = await chromium.open(url)
}, 180_000)
afterAll(async () => {
  await chromium.close()
  rmSync(directory, { recursive: true, force: true })
})

test('it asks for nothing beside itself, and no browser has anything to complain about', () => {
  expect(page.requests.filter((one) => !one.startsWith('data:'))).toEqual([url])
  expect(page.messages).toEqual([])
})

test('the browser would tell: a page that loads an image, runs a script', async () => {
  const other = join(directory, 'other.html')
  writeFileSync(
    other,
    renderReport(drillResult()).replace('</main>', '<img src="x.png"><script>1</script></main>'),
  )
  const bad = await chromium.open(pathToFileURL(other).href)
  expect(bad.messages.join('\n')).toMatch(/Content Security Policy/)
})

test('two charts, with their events, and the data behind them', async () => {
  expect(await page.evaluate('document.title')).toBe(
    'Failover drill of pgsql: kill -9 on node1, 2026-11-23 22:58:21 UTC',
  )
  const seen = await page.evaluate<readonly { events: number; outages: number; height: number }[]>(`
    [...document.querySelectorAll('svg')].map((svg) => ({
      events: svg.querySelectorAll('.event').length,
      outages: svg.querySelectorAll('rect.outage').length,
      height: svg.querySelector('path.rows').getBoundingClientRect().height,
    }))`)
  expect(seen).toEqual([
    { events: 5, outages: 1, height: expect.any(Number) },
    { events: 8, outages: 1, height: expect.any(Number) },
  ])
  for (const { height } of seen) expect(height).toBeGreaterThan(100)
  expect(await page.evaluate(`JSON.parse(document.getElementById('drill').textContent).outage.ms`)).toBe(3000)
})

/** Pairs of texts in one chart that cover each other, and texts that are cut off, as the browser measures them. */
const OVERLAPS = `
  [...document.querySelectorAll('svg')].flatMap((svg) => {
    const around = svg.getBoundingClientRect()
    const texts = [...svg.querySelectorAll('text')].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }))
    const covers = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1
    const pairs = texts.flatMap((a, index) =>
      texts.slice(index + 1).filter((b) => covers(a.box, b.box)).map((b) => a.text + ' / ' + b.text))
    const cut = texts.filter(({ box }) => box.left < around.left - 1 || box.right > around.right + 1 || box.top < around.top - 1)
    return [...pairs, ...cut.map(({ text }) => text + ' is cut off')]
  })`

/** What a colour of the style sheet is, and how far two are apart in the sense of WCAG 2. */
const CONTRAST = `
  (() => {
    const luminance = (colour) => {
      const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const contrast = (a, b) => {
      const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
      return (high + 0.05) / (low + 0.05)
    }
    const paper = getComputedStyle(document.body).backgroundColor
    const colour = (selector, property) => getComputedStyle(document.querySelector(selector))[property]
    return {
      paper,
      ink: contrast(colour('body', 'color'), paper),
      quiet: contrast(colour('.subtitle', 'color'), paper),
      label: contrast(colour('svg .event.fault text', 'fill'), paper),
      rows: contrast(colour('svg .rows', 'stroke'), paper),
    }
  })()`

interface Contrast {
  readonly paper: string
  readonly ink: number
  readonly quiet: number
  readonly label: number
  readonly rows: number
}

describe.each<['' | 'print', 'light' | 'dark', string]>([
  ['', 'light', 'rgb(255, 255, 255)'],
  ['', 'dark', 'rgb(20, 24, 29)'],
  ['print', 'dark', 'rgb(255, 255, 255)'],
])("media '%s', %s", (media, scheme, paper) => {
  test('no text covers another, and all of them can be read', async () => {
    await page.emulate(media, scheme)
    expect(await page.evaluate(OVERLAPS)).toEqual([])
    const contrast = await page.evaluate<Contrast>(CONTRAST)
    expect(contrast.paper).toBe(paper)
    for (const kind of ['ink', 'quiet', 'label'] as const) expect(contrast[kind]).toBeGreaterThan(4.5)
    expect(contrast.rows).toBeGreaterThan(3)
    expect((await page.screenshot()).subarray(1, 4).toString()).toBe('PNG')
  })
})

test('on a telephone the charts are moved, and not the page', async () => {
  await page.emulate('', 'light', 390)
  expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
  expect(await page.evaluate(OVERLAPS)).toEqual([])
  await page.emulate('', 'light')
})

test('who does not see it is told: headings, names of the charts, heads of the tables', async () => {
  const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
    nodes: readonly { role?: { value: string }; name?: { value: string } }[]
  }
  const named = (role: string) =>
    nodes.filter((node) => node.role?.value === role).map((node) => node.name?.value)
  expect(named('image')).toEqual([
    'Acknowledged writes around the fault (kill -9, node1)',
    'Acknowledged writes during the whole drill',
  ])
  expect(named('heading')).toEqual([
    ...['Failover drill of pgsql', 'The failover', 'The whole drill', 'Timeline', 'Figures', 'Nodes'],
    ...['Parameters', 'Versions', 'What the drill did', 'What the writer met'],
  ])
  expect(named('columnheader').slice(0, 3)).toEqual(['Since the fault', 'UTC', 'What happened'])
  expect(named('rowheader')).toContain('Outage')
})

test('on paper: A4, and no break in a chart', async () => {
  const pdf = (await page.pdf()).toString('latin1')
  expect(pdf.slice(0, 5)).toBe('%PDF-')
  expect(pdf.match(/\/Type \/Page\b/g)?.length).toBeGreaterThan(0)
  // A4 in points, as it is rounded.
  expect(pdf).toMatch(/\/MediaBox \[0 0 59[45]\.\d+ 84[12]\.?\d*\]/)
  await page.emulate('print')
  const inside = `[...document.querySelectorAll('figure')].map((one) => getComputedStyle(one).breakInside)`
  expect(await page.evaluate(inside)).toEqual(['avoid', 'avoid'])
  await page.emulate('')
})
