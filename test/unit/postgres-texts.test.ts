import { describe, expect, test } from '@jest/globals'
import { findSetting, withIncludes } from '../../lib/postgres/config-file'
import { readVersion } from '../../lib/postgres/instance'
import { laterLsn, readLsn } from '../../lib/postgres/lsn'
import { readPidFile } from '../../lib/postgres/pid-file'
import { recoverySettingsText } from '../../lib/postgres/recovery-settings'
import { quoteConninfo, quoteSetting, quoteShell, quoteStandbyName } from '../../lib/postgres/settings-text'
import { readSynchronousNames, waitForAll, waitsForAll } from '../../lib/postgres/synchronous-names'
import { serverOptions } from '../../lib/postgres/start-server'

describe('WAL positions', () => {
  test.each([
    ['0/3000078', '0000000003000078'],
    ['12/B0', '00000012000000B0'],
    ['ffffffff/ffffffff', 'FFFFFFFFFFFFFFFF'],
    ['', undefined],
    [null, undefined],
    ['0/', undefined],
  ])('%s', (text, lsn) => {
    expect(readLsn(text)).toBe(lsn)
  })

  test('the later of two, where either may be unknown', () => {
    expect(laterLsn('0000000100000000', '00000000FFFFFFFF')).toBe('0000000100000000')
    expect(laterLsn(undefined, '0000000000000001')).toBe('0000000000000001')
    expect(laterLsn(undefined, undefined)).toBeUndefined()
  })
})

describe('quoting', () => {
  const wild = `it's a \\ "name"`
  test('for a configuration file', () => {
    expect(quoteSetting(wild)).toBe(`'it''s a \\\\ "name"'`)
    expect(quoteSetting('two\nlines')).toBe(String.raw`'two\nlines'`)
  })
  test('for a connection string', () => {
    expect(quoteConninfo('192.168.2.3')).toBe('192.168.2.3')
    expect(quoteConninfo(wild)).toBe(`'it\\'s a \\\\ "name"'`)
  })
  test('for a shell', () => {
    expect(quoteShell('/etc/postgresql/15/main/postgresql.conf')).toBe(
      '/etc/postgresql/15/main/postgresql.conf',
    )
    expect(quoteShell(`/a b/$(id)'`)).toBe(`'/a b/$(id)'\\'''`)
  })
  test('for synchronous_standby_names, there and back', () => {
    expect(readSynchronousNames(quoteStandbyName(wild)).names).toEqual([wild])
    expect(readSynchronousNames(waitForAll([wild, 'b'])).names).toEqual([wild, 'b'])
  })
})

describe('the standbys named in synchronous_standby_names', () => {
  test.each([
    ['', []],
    ['"node2"', ['node2']],
    ['node2', ['node2']],
    ['node2, "node3"', ['node2', 'node3']],
    ['2 (node2, node3)', ['node2', 'node3']],
    ['FIRST 1 ("node2", node3)', ['node2', 'node3']],
    ['ANY 2 (a, b, c)', ['a', 'b', 'c']],
    ['*', ['*']],
  ])('%s', (setting, names) => {
    expect(readSynchronousNames(setting).names).toEqual(names)
  })

  test.each([
    ['', [], true],
    ['"node2"', ['node2'], true],
    ['FIRST 1 (node2)', ['Node2'], true],
    ['FIRST 2 ("node2", "dr1")', ['node2', 'dr1'], true],
    ['ANY 2 (node2, dr1)', ['node2', 'dr1'], true],
    ['node2, dr1', ['node2', 'dr1'], false],
    ['FIRST 1 (node2, dr1)', ['node2', 'dr1'], false],
    ['"node2"', [], false],
    ['', ['node2'], false],
  ])("whether '%s' waits for all of %j", (setting, names, expected) => {
    expect(waitsForAll(setting, names)).toBe(expected)
    expect(waitsForAll(waitForAll(names), names)).toBe(true)
  })
})

describe('postgresql.conf', () => {
  test('gets the lines that are missing, at its end, once', () => {
    const once = withIncludes('port = 5432', ['/t/rep_mode.conf', `/t/o'ne.conf`])
    expect(once).toBe(
      `port = 5432\ninclude '/t/rep_mode.conf' # added by pgsql RA\ninclude '/t/o''ne.conf' # added by pgsql RA\n`,
    )
    expect(withIncludes(once, ['/t/rep_mode.conf', `/t/o'ne.conf`])).toBe(once)
  })

  test('lines that the agent added for another directory go, those of others stay', () => {
    const other = `include '/other/recovery.conf'\n#include '/old/recovery.conf' # added by pgsql RA\n`
    const text = `include '/old/recovery.conf' # added by pgsql RA\n${other}include '/old/own.conf' # added by pgsql RA\n`
    expect(withIncludes(text, ['/t/recovery.conf'])).toBe(
      `${other}include '/old/own.conf' # added by pgsql RA\ninclude '/t/recovery.conf' # added by pgsql RA\n`,
    )
    const now = `include '/t/recovery.conf' # added by pgsql RA\ninclude '/old/recovery.conf' # added by pgsql RA\n`
    expect(withIncludes(now, ['/t/recovery.conf'])).toBe(`include '/t/recovery.conf' # added by pgsql RA\n`)
  })

  test('a line that is commented out does not count, one that somebody else wrote does', () => {
    expect(withIncludes(`#include '/t/a.conf'\n`, ['/t/a.conf'])).toMatch(/\ninclude '\/t\/a.conf'/)
    expect(withIncludes(`  include = '/t/a.conf'\n`, ['/t/a.conf'])).toBe(`  include = '/t/a.conf'\n`)
  })

  test.each([
    [`synchronous_standby_names = 'node2'`, { line: 1, value: 'node2' }],
    [`a = 1\n  Synchronous_Standby_Names '*' # all\n`, { line: 2, value: '*' }],
    [`synchronous_standby_names = ''`, undefined],
    [`#synchronous_standby_names = 'node2'`, undefined],
    [`synchronous_standby_names_x = 'node2'`, undefined],
  ])('a setting that is given a value: %j', (text, found) => {
    expect(findSetting(text, 'synchronous_standby_names')).toEqual(found)
  })
})

describe('recovery settings', () => {
  const settings = {
    primaryHost: '192.168.2.3',
    primaryPort: 5432,
    user: 'postgres',
    applicationName: 'node2',
    slot: '',
    conninfoOptions: 'keepalives_idle=60',
    restoreCommand: `cp '/arch ive/%f' "%p"`,
    archiveCleanupCommand: '',
    recoveryEndCommand: '',
  }

  test('from version 12 on', () => {
    expect(recoverySettingsText(settings, 15)).toBe(
      [
        `primary_conninfo = 'host=192.168.2.3 port=5432 user=postgres application_name=node2 keepalives_idle=60'`,
        `recovery_target_timeline = 'latest'`,
        `restore_command = 'cp ''/arch ive/%f'' "%p"'`,
        ...['', '_lsn', '_name', '_time', '_xid'].map((end) => `recovery_target${end} = ''`),
        '',
      ].join('\n'),
    )
  })

  test('with a replication slot', () => {
    expect(recoverySettingsText({ ...settings, slot: 'ha_node2' }, 15)).toContain(
      `\nprimary_slot_name = 'ha_node2'\n`,
    )
  })

  test('with copies of the logical slots of the primary', () => {
    const failover = { ...settings, slot: 'ha_node2', slotDatabase: 'postgres' }
    expect(recoverySettingsText(failover, 17).split('\n').slice(0, 4)).toEqual([
      `primary_conninfo = 'host=192.168.2.3 port=5432 user=postgres application_name=node2 dbname=postgres keepalives_idle=60'`,
      `primary_slot_name = 'ha_node2'`,
      `sync_replication_slots = 'on'`,
      `hot_standby_feedback = 'on'`,
    ])
  })

  test('before, with standby_mode', () => {
    expect(recoverySettingsText(settings, 9.6)).toMatch(/^standby_mode = 'on'\n/)
  })

  test.each([10, 11, 12, 18])(
    'version %d: every value between quotes, with what is in it escaped',
    (version) => {
      const text = recoverySettingsText(
        {
          ...settings,
          user: `re p'l`,
          slot: 'ha_node2',
          conninfoOptions: `passfile='/p a/x'`,
          restoreCommand: String.raw`cp '/a b/%f' "\%p"`,
          archiveCleanupCommand: `clean '%r' # all`,
          recoveryEndCommand: `logger it''s = over`,
        },
        version,
      )
      expect(text.split('\n')).toEqual([
        ...(version < 12 ? [`standby_mode = 'on'`] : []),
        String.raw`primary_conninfo = 'host=192.168.2.3 port=5432 user=''re p\\''l'' application_name=node2 passfile=''/p a/x'''`,
        `primary_slot_name = 'ha_node2'`,
        `recovery_target_timeline = 'latest'`,
        String.raw`restore_command = 'cp ''/a b/%f'' "\\%p"'`,
        `archive_cleanup_command = 'clean ''%r'' # all'`,
        `recovery_end_command = 'logger it''''s = over'`,
        ...(version < 12
          ? []
          : ['', '_lsn', '_name', '_time', '_xid'].map((end) => `recovery_target${end} = ''`)),
        '',
      ])
    },
  )

  test('a node name with a quote and a blank is quoted for both', () => {
    const text = recoverySettingsText({ ...settings, applicationName: `o'ne two` }, 15)
    expect(text).toContain(`application_name=''o\\\\''ne two''`)
  })
})

test('options for the server are quoted for the shell that pg_ctl uses, except for what the operator wrote', () => {
  const instance = {
    dataDirectory: '/d',
    owner: { name: 'postgres', uid: 1, gid: 1 },
    pgctl: 'pg_ctl',
    configFile: `/c 'd/postgresql.conf`,
    logFile: '/dev/null',
    startOptions: '-p 5433 -c work_mem=8MB',
    ctlOptions: [],
    host: '',
    port: 5432,
    socketDirectory: '',
    libraries: '',
  }
  expect(serverOptions(instance)).toBe(`-c config_file='/c '\\''d/postgresql.conf' -p 5433 -c work_mem=8MB`)
})

describe('postmaster.pid', () => {
  test('of a running server', () => {
    const text = '1234\n/data\n1700000000\n5433\n/var/run/postgresql\nlocalhost\n  5433001   8\nready   \n'
    expect(readPidFile(text)).toEqual({
      pid: 1234,
      standalone: false,
      started: 1700000000,
      port: 5433,
      socketDirectory: '/var/run/postgresql',
      status: 'ready',
    })
  })
  test('while the server starts, with two lines only', () => {
    expect(readPidFile('1234\n/data\n')).toEqual({
      pid: 1234,
      standalone: false,
      started: undefined,
      port: undefined,
      socketDirectory: undefined,
      status: undefined,
    })
  })
  test('of a standalone backend', () => {
    expect(readPidFile('-1234\n/data\n')).toMatchObject({ pid: 1234, standalone: true })
  })
  test.each(['', 'rubbish', '0\n', '12x\n', '99999999999\n'])('no process number: %j', (text) => {
    expect(readPidFile(text)).toBeUndefined()
  })
})

test.each([
  ['15\n', 15],
  ['9.6\n', 9.6],
  ['10', 10],
  ['', undefined],
  [undefined, undefined],
  ['x', undefined],
])('PG_VERSION %j', (text, version) => {
  expect(readVersion(text)).toBe(version)
})
