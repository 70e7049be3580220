/** What a storm tells afterwards: the nodes' logs as one, and the report. */
import { describe, expect, test } from '@jest/globals'
import {
  merge,
  printLine,
  readCorosyncLog,
  readPacemakerLog,
  readPostgresLog,
} from '../../scripts/lib/storm/journal'
import { FAULT_NAMES } from '../../scripts/lib/storm/kinds'
import { type PlayedFault } from '../../scripts/lib/storm/play'
import { report, spread, type StormResult, summary } from '../../scripts/lib/storm/report'

const at = (second: number, ms = 0): number => new Date(2026, 10, 30, 8, 5, second, ms).getTime()
const EVERYTHING = { fromMs: 0, toMs: Infinity }

describe('the journal', () => {
  const pacemaker = [
    'Nov 30 08:05:31.146 node2 pacemaker-attrd     [70] (update_attr_on_host) \tnotice: Setting master-pgsql[node1]: (unset) -> 1000 | from node1 with no write delay',
    'pgsql(pgsql)[476]:\t2026/11/30_08:05:31 INFO: set node attribute pgsql-status of node2 to UNKNOWN',
    'Nov 30 08:05:31.150 node2 pacemaker-based     [67] (cib_process_request) \tinfo: Completed cib_modify operation',
    'pgsql(pgsql)[480]:\t2026/11/30_08:05:32 INFO: stopping PostgreSQL',
    'Nov 30 08:05:32.414 node2 pacemaker-controld  [75] (log_executor_event) \tnotice: Result of demote operation for pgsql on node2: ok | CIB update 89',
    'Nov 30 08:05:32.415 node2 pacemaker-controld  [75] (log_executor_event) \tinfo: Result of monitor operation for pgsql on node2: Cancelled | graph action confirmed',
    'Nov 30 08:05:33.000 node2 pacemaker-schedulerd[85] (log_list_item) \tnotice: Actions: Demote     pgsql:1         ( Promoted -> Unpromoted node2 )',
  ].join('\n')

  test('of the log of pacemaker it keeps what tells of roles and attributes; the agents, whose stamps hold no fractions, keep their place', () => {
    expect(
      readPacemakerLog('node2', pacemaker, 2026).map(({ atMs, text }) => [atMs, text.slice(0, 60)]),
    ).toEqual([
      [at(31, 146), 'pacemaker-attrd notice: Setting master-pgsql[node1]: (unset)'],
      [at(31, 146), 'pgsql(pgsql)[476] INFO: set node attribute pgsql-status of n'],
      [at(32), 'pgsql(pgsql)[480] INFO: stopping PostgreSQL'],
      [at(32, 414), 'pacemaker-controld notice: Result of demote operation for pg'],
      [at(33), 'pacemaker-schedulerd notice: Actions: Demote     pgsql:1    '],
    ])
  })

  test('of PostgreSQL: timelines and settings; of corosync: members', () => {
    const postgres = [
      '2026-11-30 08:05:03.047 UTC [145] @ LOG:  selected new timeline ID: 3',
      '2026-11-30 08:05:03.050 UTC [145] @ LOG:  checkpoint complete: wrote 33 buffers',
    ].join('\n')
    expect(readPostgresLog('node1', postgres)).toEqual([
      {
        atMs: Date.UTC(2026, 10, 30, 8, 5, 3, 47),
        where: 'node1',
        text: 'postgres LOG:  selected new timeline ID: 3',
      },
    ])
    const corosync = 'Nov 30 08:21:19.858 [71] node1 corosync notice  [QUORUM] Members[3]: 1 2 3'
    expect(readCorosyncLog('node1', corosync, 2026).map(({ text }) => text)).toEqual([
      'corosync node1 corosync notice  [QUORUM] Members[3]: 1 2 3',
    ])
  })

  test('what several nodes note at once is one line', () => {
    const line = (where: string, ms: number) => ({ atMs: at(1, ms), where, text: 'the same' })
    const merged = merge(
      [
        [line('node1', 0), line('node1', 150)],
        [line('node2', 100), line('node2', 900)],
      ],
      EVERYTHING,
    )
    expect(merged.map(({ where, atMs }) => [where, atMs - at(1)])).toEqual([
      ['node1+2', 0],
      ['node1', 150],
      ['node2', 900],
    ])
    expect(printLine(merged[0] ?? line('', 0))).toBe('08:05:01.000 node1+2   the same')
    expect(merge([[line('node1', 0)]], { fromMs: at(2), toMs: at(3) })).toEqual([])
  })
})

describe('the report', () => {
  const fault = (index: number, outageMs: number, healthyAfterMs: number | undefined): PlayedFault => ({
    ...{ index, name: 'sleep', hits: 'primary', standby: 0, waitMs: 0, durationMs: 13_600, seed: 1 },
    ...{ target: 'node3', beganMs: 0, outageMs, healthyAfterMs },
  })
  const row = { writer: 'outside.1', id: 1, beganMs: 0, endedMs: 1, server: 'node2', timeline: 8 }
  const result: StormResult = {
    options: {
      ...{ nodes: 3, seed: 7, fence: false, mode: 'sync', rejoin: 'rewind', only: FAULT_NAMES },
      ...{ rounds: 50, minutes: Infinity, seconds: undefined, deadlineSeconds: 180 },
    },
    startedAt: new Date(0),
    endedAt: new Date(60_000),
    faults: [fault(1, 9000, 3100), fault(2, 1000, 20_500), fault(3, 60_000, undefined)],
    violations: [
      {
        ...{
          kind: 'lost rows',
          index: 1,
          text: '1 acknowledged row',
          details: ['1 by node2'],
          fromMs: 0,
          toMs: 1,
        },
        timeline: ['08:05:01.000 node1 …'],
      },
    ],
    acknowledged: { outside: 12_000, inside: 345 },
    lost: [row],
    given: [],
    ...{ fenced: 0, backups: 0, rebuilt: 1 },
  }

  test('one line says it all', () => {
    expect(summary(result)).toBe(
      'storm: 3 faults, 1 lost of 12345 acknowledged rows, 1 violations, healthy after 3.1/11.8/20.5 s (min/median/max)',
    )
    expect(spread([])).toBe('-')
  })

  test('it holds the seed, a table of the faults, what was not played, and the timeline of each violation', () => {
    const text = report(result)
    for (const part of [
      'seed 7',
      '| sleep | 3 | 1.0/9.0/60.0 | 3.1/11.8/20.5 | 1 |',
      '- not played: clock-step: ',
      '- rows lost: 1 (1 through the address, 0 on the nodes themselves)',
      '### 1. lost rows (fault 1)',
      '08:05:01.000 node1 …',
      '| 3 | sleep | node3 | 13.6 | 60.0 | never |',
    ]) {
      expect(text).toContain(part)
    }
  })
})
