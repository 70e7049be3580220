/** With which settings a session starts. */
import { describe, expect, test } from '@jest/globals'
import { type SessionNeeds, sessionSettings, startupOptions } from '../../lib/postgres/session-settings'

const READS: SessionNeeds = { purpose: 'read', superuser: true, version: 18, statementMs: 61_000 }
const names = (change: Partial<SessionNeeds> = {}): readonly string[] =>
  sessionSettings({ ...READS, ...change }).map(([name]) => name)

describe('a session that reads', () => {
  test('has all of them', () => {
    expect(startupOptions(READS)).toBe(
      [
        '-c statement_timeout=61000',
        '-c default_transaction_read_only=on',
        '-c lock_timeout=0',
        '-c idle_in_transaction_session_timeout=0',
        '-c idle_session_timeout=0',
        '-c transaction_timeout=0',
        '-c exit_on_error=off',
        '-c local_preload_libraries=',
        '-c event_triggers=off',
        '-c default_transaction_isolation=read\\ committed',
        '-c default_transaction_deferrable=off',
        '-c search_path=pg_catalog,pg_temp',
        '-c role=none',
        '-c row_security=on',
        '-c session_replication_role=origin',
        '-c client_encoding=UTF8',
        '-c client_min_messages=warning',
        '-c lc_messages=C',
        '-c standard_conforming_strings=on',
        '-c transform_null_equals=off',
        '-c array_nulls=on',
        '-c quote_all_identifiers=off',
        '-c DateStyle=ISO,YMD',
        '-c IntervalStyle=postgres',
        '-c TimeZone=UTC',
        '-c bytea_output=hex',
        '-c extra_float_digits=3',
        '-c jit=off',
        '-c max_parallel_workers_per_gather=0',
      ].join(' '),
    )
  })

  test.each<[number | undefined, readonly string[]]>([
    [18, []],
    [16, ['transaction_timeout', 'event_triggers']],
    [13, ['idle_session_timeout', 'transaction_timeout', 'event_triggers']],
    [10, ['idle_session_timeout', 'transaction_timeout', 'event_triggers', 'jit']],
    [
      9.5,
      [
        'idle_in_transaction_session_timeout',
        'idle_session_timeout',
        'transaction_timeout',
        'event_triggers',
        'jit',
        'max_parallel_workers_per_gather',
      ],
    ],
  ])('on version %s, without what that does not know', (version, unknown) => {
    expect(names({ version })).toEqual(names().filter((name) => !unknown.includes(name)))
  })

  test('of a version that is not known, with what every version knows', () => {
    expect(names({ version: undefined })).toEqual(names({ version: 9 }))
    expect(names({ version: undefined })).toEqual(
      expect.arrayContaining(['search_path', 'statement_timeout', 'role']),
    )
  })

  test('of a user that is no superuser, without what only a superuser may set', () => {
    const reserved = ['event_triggers', 'session_replication_role', 'lc_messages']
    expect(names({ superuser: false })).toEqual(names().filter((name) => !reserved.includes(name)))
  })

  test.each<[number | undefined, string]>([
    [undefined, '0'],
    [0.4, '1'],
    [5000, '5000'],
    [2 ** 40, '2147483647'],
    [Infinity, '2147483647'],
  ])('a statement may take %s ms', (statementMs, expected) => {
    const needs = { purpose: 'read', superuser: false, version: 15 } as const
    const settings = sessionSettings({ ...needs, ...(statementMs !== undefined && { statementMs }) })
    expect(settings[0]).toEqual(['statement_timeout', expected])
  })
})

test('a session that writes differs in that', () => {
  expect(startupOptions({ ...READS, purpose: 'write' })).toBe(
    startupOptions(READS).replace('read_only=on', 'read_only=off'),
  )
})

test("for a statement of the operator's, only what would keep it from being done, or give it another user's rights, is replaced", () => {
  expect(names({ purpose: 'site' })).toEqual([
    'statement_timeout',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
    'idle_session_timeout',
    'transaction_timeout',
    'exit_on_error',
    'local_preload_libraries',
    'event_triggers',
    'default_transaction_deferrable',
    'role',
  ])
})
