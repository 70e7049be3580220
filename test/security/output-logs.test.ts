/** Whoever may log in to PostgreSQL writes lines into its log: they hide nobody else's, and keep no node from telling its own. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type LogLine, matters, readServerLog } from '../../cli/logs/line'
import { ownLogsForm } from '../../cli/logs/own-logs'
import { mergeLines } from '../../cli/logs/timeline'
import { readAnswer } from '../../cli/nodes/answer'
import { PrivateMounts } from '../root/support/private-mounts'

jest.setTimeout(120_000)

test("a client's error with the words of pacemaker hides nothing of pacemaker's", () => {
  const text = 'Node node2 state is now lost'
  const forged: LogLine = { at: 1000, source: 'postgresql', who: 'user@database', level: 'error', text }
  const real: LogLine = { at: 1700, source: 'pacemaker', who: 'pacemaker-controld', level: 'notice', text }
  const merged = mergeLines([
    { node: 'node1', aheadMs: 0, lines: [forged, real] },
    { node: 'node3', aheadMs: 0, lines: [{ ...real, at: 1800 }] },
  ])
  expect(merged.map(({ source, node }) => `${source} ${node}`)).toEqual([
    'postgresql node1',
    'pacemaker node1',
  ])
})

test("a client whose name has a line break hides no line of the server's behind its own", () => {
  const time = '2026-11-23 23:24:42.981 UTC'
  const lines = [
    `${time} [1300] x`,
    'y@b FATAL:  role "x',
    '\ty" does not exist',
    `${time} [1204] @ LOG:  received promote request`,
    `${time} [1301] x`,
    `${time} [1204] @ LOG:  selected new timeline ID: 2`,
  ]
  const read = [...readServerLog(lines)].filter(matters)
  expect(read.map(({ who, text }) => `${who}: ${text}`)).toEqual([
    'postgres: received promote request',
    'postgres: selected new timeline ID: 2',
  ])
})

describe('what a node tells of its logs can be read by the others', () => {
  const TOOL = join(__dirname, '../../dist/bin/ocf-ts')
  /** Of a program's output, in characters (run-program.ts). */
  const MOST_OUTPUT = 64 * 2 ** 20

  let directory: string
  let log: string
  let mounts: PrivateMounts

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ocf-ts-output-logs-'))
    mkdirSync(join(directory, 'postgresql'))
    log = join(directory, 'postgresql/a.log')
    mounts = await PrivateMounts.create('mount --bind "$1" /var/log', directory)
  })
  beforeEach(() => {
    writeFileSync(log, '')
  })
  afterAll(() => {
    mounts.close()
    rmSync(directory, { recursive: true })
  })

  const line = (text: string): string => `2026-11-30 10:00:00.000 UTC [12] user@database ERROR:  ${text}\n`

  function tell() {
    const at = (time: string): string => String(Date.parse(time))
    const [since, until] = [at('2026-11-30T00:00Z'), at('2026-12-01T00:00Z')]
    const [program = '', ...args] = [
      ...mounts.through,
      ...[TOOL, 'node-logs', '--since', since, '--until', until],
    ]
    const { stdout } = spawnSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 4 * MOST_OUTPUT,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    })
    expect(stdout.length).toBeLessThan(MOST_OUTPUT)
    return readAnswer(stdout, ownLogsForm, 'node1', 'node-logs')
  }

  test('with one line that is long', () => {
    appendFileSync(log, line('x'.repeat(1_500_000)) + line('short'))
    const { lines, unknown } = tell()
    expect(lines.map(({ text }) => text.slice(-30))).toEqual([
      expect.stringMatching(/\(of 1500000 characters\)$/),
      'short',
    ])
    expect(unknown).toEqual([])
  })

  test('with very many lines', () => {
    for (let count = 0; count < 20; count += 1) appendFileSync(log, line('\x01'.repeat(7000)).repeat(100))
    const { lines, unknown } = tell()
    expect(lines.length).toBeGreaterThan(500)
    expect(unknown).toEqual([
      expect.stringContaining('/var/log/postgresql/a.log: it says more than can be told'),
    ])
  })
})
