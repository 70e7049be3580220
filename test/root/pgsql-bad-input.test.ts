/** Bad input: each with the right OCF code, and a reason that names the parameter, its value and the fix. */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { quoteStandbyName } from '../../lib/postgres/settings-text'
import { recoverySettingsText } from '../../lib/postgres/recovery-settings'
import { repModeText } from '../../agents/pgsql/steps'
import { callAgent } from './support/agent'
import { idOf, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

/** What pacemaker says to an instance of a promotable clone on node1. */
const CLONE = {
  OCF_RESOURCE_INSTANCE: 'pgsql',
  OCF_RESKEY_CRM_meta_on_node: 'node1',
  OCF_RESKEY_CRM_meta_promoted_max: '1',
  OCF_RESKEY_CRM_meta_notify: 'true',
}
const REPLICATION = { rep_mode: 'sync', node_list: 'node1 node2', master_ip: '192.168.2.3' }

let server: TestServer
beforeAll(() => {
  server = TestServer.create()
})
afterAll(() => {
  server.destroy()
  removeTemplate()
})

interface Case {
  readonly input: Readonly<Record<string, string>>
  readonly code: number
  readonly reason: RegExp
}

const cases: readonly Case[] = [
  {
    input: { pgctl: '/no/such/pg_ctl' },
    code: 5,
    reason: /^pgctl: there is no program '\/no\/such\/pg_ctl' here: install/,
  },
  { input: { pgctl: 'no_such_program' }, code: 5, reason: /^pgctl: there is no program 'no_such_program'/ },
  {
    input: { pgdata: '/no/such/directory' },
    code: 2,
    reason: /^pgdata: \/no\/such\/directory holds no database.*initdb/,
  },
  {
    input: { pgdata: 'relative' },
    code: 6,
    reason: /^pgdata: 'relative' is not allowed; set pgdata to an absolute path/,
  },
  {
    input: { pgdba: 'nobody_of_that_name' },
    code: 5,
    reason: /^pgdba: there is no account 'nobody_of_that_name'/,
  },
  {
    input: { pgdba: 'nobody' },
    code: 4,
    reason: /^pgdata: nobody may not read .*set pgdba to the account that owns it/,
  },
  {
    input: { config: '/no/such/postgresql.conf' },
    code: 2,
    reason: /^config: there is no \/no\/such\/postgresql.conf/,
  },
  {
    input: { pgport: 'five' },
    code: 6,
    reason: /^pgport: 'five' is not allowed; set pgport to a whole number from 1 to 65535/,
  },
  { input: { stop_escalate: '-1' }, code: 6, reason: /^stop_escalate: '-1' is not allowed.* 0 or more/ },
  {
    input: { monitor_password: 'geheim' },
    code: 6,
    reason: /^monitor_user is not set, but monitor_password is/,
  },
  {
    input: { rep_mode: 'synchron' },
    code: 6,
    reason: /^rep_mode: 'synchron' is not allowed; set rep_mode to one of none, async, sync, slave/,
  },
  { input: { ...REPLICATION, node_list: '' }, code: 6, reason: /^node_list is not set/ },
  {
    input: { ...REPLICATION, node_list: 'node2 node3' },
    code: 2,
    reason: /^node_list: 'node2 node3' does not name this node: add node1/,
  },
  { input: { ...REPLICATION, master_ip: '' }, code: 6, reason: /^master_ip is not set/ },
  { input: { rep_mode: 'slave' }, code: 6, reason: /^master_ip is not set: rep_mode=slave/ },
  {
    input: { ...REPLICATION, rep_mode: 'slave' },
    code: 6,
    reason: /^rep_mode: 'slave' is never promoted: make it no promotable clone/,
  },
  {
    input: { ...REPLICATION, replication_slot_name: 'Slot-' },
    code: 6,
    reason: /^replication_slot_name: 'Slot-' is not allowed; set replication_slot_name to lower-case/,
  },
  {
    input: { ...REPLICATION, node_list: 'node1 a-b a.b', replication_slot_name: 'ha' },
    code: 6,
    reason: /^replication_slot_name: 'ha' cannot be used: two nodes would share the slot ha_a_b/,
  },
  {
    input: { ...REPLICATION, replication_slot_name: 'p'.repeat(60) },
    code: 6,
    reason: /^replication_slot_name: too long: with node 'node1' it makes more than 63 characters/,
  },
  {
    input: { ...REPLICATION, logical_slots: 'failover' },
    code: 6,
    reason: /^logical_slots: 'failover' needs replication slots for the standbys: set replication_slot_name/,
  },
  {
    input: { ...REPLICATION, rep_mode: 'async', replication_slot_name: 'ha', logical_slots: 'failover' },
    code: 6,
    reason:
      /^logical_slots: 'failover' is for rep_mode=sync only, and rep_mode is async: leave logical_slots/,
  },
  {
    input: { ...REPLICATION, external_standby_node_list: 'dr1 Node2' },
    code: 6,
    reason: /^external_standby_node_list: 'Node2' is in node_list, too/,
  },
  {
    input: { ...REPLICATION, node_list: `node1 ${'n'.repeat(64)}` },
    code: 6,
    reason: /^node_list: 'n{20}\.\.\.' has 64 bytes; PostgreSQL cuts a standby's name after 63$/,
  },
  {
    input: { ...REPLICATION, external_standby_node_list: 'x'.repeat(64) },
    code: 6,
    reason: /^external_standby_node_list: 'x{20}\.\.\.' has 64 bytes/,
  },
  {
    input: { ...REPLICATION, external_standby_node_list: '*' },
    code: 6,
    reason: /^external_standby_node_list: '\*' is every standby/,
  },
]

describe.each(cases)('$input', ({ input, code, reason }) => {
  test.each(['start', 'validate-all'])(`%s says ${code}, and why`, async (action) => {
    const result = await callAgent('pgsql', action, { params: { ...server.params, ...input }, env: CLONE })
    expect(result.code).toBe(code)
    expect(result.reason).toMatch(reason)
    // pacemaker keeps 127 characters.
    expect(result.reason?.length).toBeLessThanOrEqual(127)
    expect(result.stderr).not.toContain('geheim')
  })

  test('a probe where nothing runs says 7, and stop succeeds', async () => {
    const call = { params: { ...server.params, ...input }, env: CLONE }
    expect((await callAgent('pgsql', 'monitor', call)).code).toBe(7)
    expect(
      (await callAgent('pgsql', 'stop', { ...call, env: { ...CLONE, OCF_RESKEY_CRM_meta_timeout: '10000' } }))
        .code,
    ).toBe(0)
  })
})

test('a probe on a node without the software says 7', async () => {
  const params = {
    pgctl: '/no/pg_ctl',
    pgdata: '/no/data',
    pgdba: 'no_account',
    config: '/no/conf',
    ...REPLICATION,
  }
  const { code, reason } = await callAgent('pgsql', 'monitor', { params, env: CLONE })
  expect(code).toBe(7)
  expect(reason).toBeUndefined()
})

test('replication that is not a promotable clone', async () => {
  const { code, reason } = await callAgent('pgsql', 'start', {
    params: { ...server.params, ...REPLICATION },
    env: { ...CLONE, OCF_RESKEY_CRM_meta_promoted_max: '' },
  })
  expect(code).toBe(6)
  expect(reason).toMatch(/^rep_mode: 'sync' needs a promotable clone/)
})

test('synchronous_standby_names in postgresql.conf', async () => {
  const own = TestServer.create()
  try {
    own.configure("synchronous_standby_names = 'somebody'")
    const line = readFileSync(own.configFile, 'utf8').trimEnd().split('\n').length
    for (const action of ['start', 'validate-all']) {
      const { code, reason } = await callAgent('pgsql', action, {
        params: { ...own.params, ...REPLICATION },
        env: CLONE,
      })
      expect(code).toBe(2)
      expect(reason).toMatch(/^synchronous_standby_names is set in .*postgresql\.conf, line \d+: take it out/)
      expect(reason).toContain(`line ${line}:`)
    }
    expect(own.processes()).toEqual([])
  } finally {
    own.destroy()
  }
})

test('neither root nor pgdba', async () => {
  const { code, reason } = await callAgent('pgsql', 'start', {
    params: server.params,
    uid: idOf('-u', 'nobody'),
    gid: idOf('-g', 'nobody'),
  })
  expect(code).toBe(4)
  expect(reason).toBe('run this as root or as postgres: it has to act as postgres')
})

test('pgdba may call it too', async () => {
  const identity = { uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  const own = TestServer.create()
  try {
    expect((await callAgent('pgsql', 'start', { params: own.params, ...identity })).code).toBe(0)
    expect((await callAgent('pgsql', 'monitor', { params: own.params, ...identity })).code).toBe(0)
    expect((await callAgent('pgsql', 'stop', { params: own.params, ...identity })).code).toBe(0)
  } finally {
    own.destroy()
  }
})

test('no pacemaker: replication says so, and starts nothing', async () => {
  const { code, reason } = await callAgent('pgsql', 'start', {
    params: { ...server.params, ...REPLICATION },
    env: CLONE,
  })
  expect(code).toBe(1)
  expect(reason).toMatch(/is pacemaker running on this node\?|not installed/)
  expect(server.processes()).toEqual([])
})

test('the directory for everybody is not taken away from them', async () => {
  const open = join(server.directory, 'open')
  mkdirSync(open)
  chmodSync(open, 0o1777)
  const { makePrivateDirectory } = await import('../../lib/system/owned-files')
  const postgres = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  expect(() => {
    makePrivateDirectory(postgres, open)
  }).toThrow(/belongs to root/)
  chownSync(open, postgres.uid, postgres.gid)
  expect(() => {
    makePrivateDirectory(postgres, open)
  }).toThrow(/everybody may write to/)
  expect(statSync(open).mode & 0o7777).toBe(0o1777)
})

test('root follows no link that the database account has laid', async () => {
  const { writeOwned, makePrivateDirectory } = await import('../../lib/system/owned-files')
  const postgres = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  const tmpdir = join(server.directory, 'links')
  makePrivateDirectory(postgres, tmpdir)
  const target = join('/root', `ocf-ts-must-not-exist-${process.pid}`)
  symlinkSync(target, join(tmpdir, 'rep_mode.conf'))
  writeOwned(postgres, join(tmpdir, 'rep_mode.conf'), 'mine\n')
  expect(() => statSync(target)).toThrow(/ENOENT/)
  expect(statSync(join(tmpdir, 'rep_mode.conf')).uid).toBe(postgres.uid)
  symlinkSync('/root', join(server.directory, 'to-root'))
  expect(() => {
    makePrivateDirectory(postgres, join(server.directory, 'to-root'))
  }).toThrow()
  expect(statSync('/root').uid).toBe(0)
})

test('PostgreSQL reads back exactly what was configured, quotes, blanks and backslashes included', async () => {
  const own = TestServer.create()
  try {
    const restore = `cp '/archi ve/%f' "%p" && echo \\'it'\\''s\\' $HOME`
    const node = `o'ne "two"`
    const included = join(own.directory, `o'ne.conf`)
    const text = recoverySettingsText(
      {
        primaryHost: '192.168.2.3',
        primaryPort: 5432,
        user: `re'pl`,
        slot: '',
        applicationName: node,
        conninfoOptions: '',
        restoreCommand: restore,
        archiveCleanupCommand: '',
        recoveryEndCommand: '',
      },
      15,
    )
    writeFileSync(included, text + repModeText(quoteStandbyName(node)))
    chmodSync(included, 0o644)
    appendFileSync(own.configFile, `include '${included.replaceAll("'", "''")}'\n`)
    expect((await callAgent('pgsql', 'start', { params: own.params })).code).toBe(0)
    expect(own.sql('show restore_command')).toBe(restore)
    expect(own.sql('show synchronous_standby_names')).toBe(`"o'ne ""two"""`)
    expect(own.sql('show primary_conninfo')).toBe(
      `host=192.168.2.3 port=5432 user='re\\'pl' application_name='o\\'ne "two"'`,
    )
  } finally {
    own.destroy()
  }
})
