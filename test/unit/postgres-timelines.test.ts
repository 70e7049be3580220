/** Control data, timelines and what is on which side of a fork. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { describeLoss, findFork } from '../../agents/pgsql/decide-rejoin'
import { readControlData } from '../../lib/postgres/control-data'
import { leadsTo } from '../../lib/postgres/stray-timeline'
import { type Fork, readTimelineHistory } from '../../lib/postgres/timeline-history'
import { startupOptions } from '../../lib/postgres/session-settings'
import { serviceFile, serviceVariables } from '../../lib/postgres/upstream'

const controlData = (name: string): string =>
  readFileSync(join(__dirname, `../fixtures/pg_controldata-${name}.txt`), 'utf8')

describe('pg_controldata', () => {
  test('after a clean shutdown', () => {
    expect(readControlData(controlData('15-shut-down'))).toEqual({
      systemIdentifier: '7711377619679270976',
      state: 'shut down',
      checkpoint: '0000000001500708',
      redo: '0000000001500708',
      timeline: 1,
      recoveryEnd: undefined,
      walBlockSize: 8192,
      walSegmentSize: 16777216,
      rewindable: false,
    })
  })

  test('of a server that was killed between its promotion and its first checkpoint', () => {
    expect(readControlData(controlData('15-killed-after-promotion'))).toMatchObject({
      state: 'in production',
      timeline: 2,
    })
  })

  test('of PostgreSQL 19, which writes positions with leading zeros', () => {
    expect(readControlData(controlData('19rc1-in-production'))).toEqual({
      systemIdentifier: '7714006943447313615',
      state: 'in production',
      checkpoint: '000000000174FD50',
      redo: '000000000174FD50',
      timeline: 1,
      recoveryEnd: undefined,
      walBlockSize: 8192,
      walSegmentSize: 16777216,
      rewindable: true,
    })
  })

  test('with checksums, or with wal_log_hints, pg_rewind can work', () => {
    const text = controlData('15-shut-down')
    const with_ = (from: string, to: string) => readControlData(text.replace(from, to))?.rewindable
    expect(with_('checksum version:           0', 'checksum version:           1')).toBe(true)
    expect(
      with_('wal_log_hints setting:                off', 'wal_log_hints setting:                on'),
    ).toBe(true)
  })

  test('what is not control data', () => {
    expect(readControlData('')).toBeUndefined()
    expect(
      readControlData(controlData('15-shut-down').replace(/^Latest checkpoint location.*$/m, '')),
    ).toBeUndefined()
  })
})

describe('a history file', () => {
  test.each([
    ['', []],
    [
      '1\t0/15000A0\tno recovery target specified\n\n2\t0/3000098\tno recovery target specified\n',
      [
        { timeline: 1, end: '00000000015000A0' },
        { timeline: 2, end: '0000000003000098' },
      ],
    ],
    ['# a comment\n1\t1/0\tbefore transaction 42\n', [{ timeline: 1, end: '0000000100000000' }]],
    ['1\tnonsense\n', undefined],
    ['garbage', undefined],
  ])('%j', (text, forks) => {
    expect(readTimelineHistory(text)).toEqual(forks)
  })
})

test('a connection string as a service file', () => {
  expect(serviceFile({ host: '10.0.0.1', password: `it's` })).toBe(`[ocf-ts]\nhost=10.0.0.1\npassword=it's\n`)
  expect(() => serviceFile({ password: 'a\nb' })).toThrow('password has more than one line')
  expect(() => serviceFile({ password: 'a ' })).toThrow('password ends with a blank')
})

test('with options, which are a variable: ours count for more, being the last', () => {
  const settings = { host: '10.0.0.1', options: '-c search_path=x -c geqo=off' }
  expect(serviceFile(settings)).toBe('[ocf-ts]\nhost=10.0.0.1\n')
  const needs = { purpose: 'write', superuser: false, version: 15 } as const
  const owner = { name: 'postgres', uid: 1, gid: 1, home: '/home' }
  expect(serviceVariables('/x', owner, settings, needs)).toEqual({
    PGSERVICEFILE: '/x',
    PGCONNECT_TIMEOUT: '5',
    PGOPTIONS: `-c search_path=x -c geqo=off ${startupOptions(needs)}`,
    HOME: '/home',
  })
})

describe('where two timelines fork', () => {
  const primary = {
    systemIdentifier: '7',
    timeline: 3,
    history: [
      { timeline: 1, end: '0000000001000000' },
      { timeline: 2, end: '0000000003000000' },
    ],
  }
  test.each([
    ['the timeline before the primary’s', { timeline: 2 }, { kind: 'left', end: '0000000003000000' }],
    ['one before that', { timeline: 1 }, { kind: 'left', end: '0000000001000000' }],
    ['the primary’s', { timeline: 3 }, { kind: 'shared' }],
    ['one that the primary never was on', { timeline: 4 }, { kind: 'unknown timeline' }],
    ['another database', { timeline: 2, systemIdentifier: '8' }, { kind: 'another database' }],
  ])('%s', (_, mine, fork) => {
    expect(findFork({ systemIdentifier: '7', ...mine }, primary)).toEqual(fork)
  })
})

test.each([
  { kind: 'diverged', timeline: 4294967295, fork: 'FFFFFFFFFFFFFFFF', bytes: 1e15 },
  { kind: 'diverged', timeline: 2, fork: '0000000003000098', bytes: undefined },
  { kind: 'same timeline', timeline: 4294967295 },
  { kind: 'unknown timeline', timeline: 4294967295, primaryTimeline: 4294967295 },
  { kind: 'another database' },
] as const)('a refusal names what is wrong and the fix in one line of crm_mon: %j', (loss) => {
  const lock = '/var/lib/pgsql/tmp/PGSQL.lock'
  const { reason, detail } = describeLoss(loss, { masterIp: '192.168.2.3', lock, resource: 'pgsql' })
  expect(reason.length).toBeLessThanOrEqual(127)
  expect(reason).toMatch(/take a base backup$/)
  expect(detail).toBe(
    `pg_basebackup -h 192.168.2.3 into an empty directory in place of pgdata, then rm ${lock}, then crm resource cleanup pgsql`,
  )
})

describe('a timeline that was found', () => {
  const data = { timeline: 2, checkpoint: '0000000003000028', recoveryEnd: '0000000004000000' } as const
  const one = { timeline: 1, end: '0000000002000000' }
  const two = (end: string) => ({ timeline: 2, end })

  test.each<[string, Parameters<typeof leadsTo>[0], readonly Fork[], boolean]>([
    ['it left that of the data just there', data, [one, two('0000000004000000')], true],
    ['the data went on', data, [one, two('0000000003FFFFF8')], false],
    [
      'the data went on, from its checkpoint',
      { ...data, recoveryEnd: undefined },
      [two('0000000003000000')],
      false,
    ],
    ['it left further on', { ...data, recoveryEnd: undefined }, [two('0000000003000060')], true],
    ['it does not come from that of the data', data, [one], false],
    ['it comes from none', data, [], false],
  ])('%s', (_, control, history, leads) => {
    expect(leadsTo(control, history)).toBe(leads)
  })
})
