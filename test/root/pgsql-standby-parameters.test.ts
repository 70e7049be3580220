/** The parameters that make a standby, each seen at work on a real one: its settings are the same with every rep_mode. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { callAgent } from './support/agent'
import { atHomeIn } from './support/home'
import { freePort } from './support/ports'
import { idOf, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

let primary: TestServer
let follower: TestServer

// Two servers made from one template are of one system: the second is a base backup of the first.
beforeEach(() => {
  primary = TestServer.create()
  follower = TestServer.create()
  primary.configure('wal_level = replica', 'wal_keep_size = 64MB')
  follower.configure("wal_retrieve_retry_interval = '100ms'")
})
afterEach(() => {
  follower.destroy()
  primary.destroy()
})
afterAll(removeTemplate)

const SUCCESS = { code: 0, reason: undefined }

const onPrimary = (action: string, params: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...primary.params, ...params } })

const onFollower = (action: string, params: Record<string, string> = {}) =>
  callAgent('pgsql', action, {
    params: { ...follower.params, rep_mode: 'slave', master_ip: primary.directory, ...params },
    env: { OCF_RESKEY_CRM_meta_on_node: 'node2' },
  })

/** Asks until the answer is as wanted. */
async function expectEventually(ask: () => string, wanted: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (ask() !== wanted && Date.now() < deadline) await pause(50)
  expect(ask()).toBe(wanted)
}

const setting = (name: string): string => follower.sql(`show ${name}`)

describe('the connection to the primary', () => {
  test('master_ip, pgport, repuser and primary_conninfo_opt lead there, with a password in quotes', async () => {
    const pgport = String(await freePort())
    expect(await onPrimary('start', { pgport })).toMatchObject(SUCCESS)
    const sql = (query: string) =>
      execFileSync(
        'runuser',
        [
          '-u',
          'postgres',
          '--',
          'psql',
          '-XAtq',
          '-h',
          primary.directory,
          '-p',
          pgport,
          '-d',
          'template1',
          '-c',
          query,
        ],
        { encoding: 'utf8', cwd: '/' },
      ).trim()
    sql(
      `set password_encryption = 'scram-sha-256'; create role "re p'l" replication login password 'it''s \\ "secret"'`,
    )
    writeFileSync(
      join(primary.dataDirectory, 'pg_hba.conf'),
      `local all postgres peer\nhost replication "re p'l" 127.0.0.1/32 scram-sha-256\n`,
    )
    primary.configure("listen_addresses = '127.0.0.1'")
    expect(await onPrimary('stop')).toMatchObject(SUCCESS)
    expect(await onPrimary('start', { pgport })).toMatchObject(SUCCESS)

    const params = {
      master_ip: '127.0.0.1',
      pgport,
      repuser: `re p'l`,
      primary_conninfo_opt: String.raw`password='it\'s \\ "secret"' keepalives_idle=61 sslmode=disable`,
    }
    const started = await onFollower('start', params)
    expect(started).toMatchObject(SUCCESS)
    await expectEventually(
      () => sql('select usename, application_name, client_addr, state from pg_stat_replication'),
      `re p'l|node2|127.0.0.1|streaming`,
    )
    const used = execFileSync(
      'runuser',
      [
        '-u',
        'postgres',
        '--',
        'psql',
        '-XAtq',
        '-h',
        follower.directory,
        '-p',
        pgport,
        '-d',
        'template1',
        '-c',
        'select conninfo from pg_stat_wal_receiver',
      ],
      { encoding: 'utf8', cwd: '/' },
    )
    expect(used).toContain('keepalives_idle=61')
    expect(used).toContain('sslmode=disable')
  })
})

test('the password of repuser comes from ~/.pgpass', async () => {
  expect(await onPrimary('start')).toMatchObject(SUCCESS)
  primary.sql(
    "set password_encryption = 'scram-sha-256'; create role repl replication login password 'secret'",
  )
  writeFileSync(
    join(primary.dataDirectory, 'pg_hba.conf'),
    'local replication repl scram-sha-256\nlocal all postgres peer\n',
  )
  primary.sql('select pg_reload_conf()')
  const started = await callAgent('pgsql', 'start', {
    params: { ...follower.params, rep_mode: 'slave', master_ip: primary.directory, repuser: 'repl' },
    env: { OCF_RESKEY_CRM_meta_on_node: 'node2', HOME: '/root' },
    through: atHomeIn(follower.directory, { text: '*:*:replication:repl:secret\n' }),
  })
  expect(started).toMatchObject(SUCCESS)
  await expectEventually(
    () => primary.sql('select usename, state from pg_stat_replication'),
    'repl|streaming',
  )
})

describe('commands', () => {
  const awkward = `it's an "arch\\ive" $HOME`

  test('restore_command alone keeps a standby up to date, its path an awkward one', async () => {
    const archive = join(primary.directory, awkward)
    mkdirSync(archive)
    execFileSync('chown', ['postgres', '--', archive])
    const quoted = `'${archive.replaceAll("'", `'\\''`)}'`
    const inFile = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll("'", "''")
    primary.configure('archive_mode = on', `archive_command = '${inFile(`cp %p ${quoted}/%f`)}'`)
    expect(await onPrimary('start')).toMatchObject(SUCCESS)
    primary.sql('create table seen as select 1 as id')
    primary.sql('select pg_switch_wal()')

    const restore_command = `cp ${quoted}/%f "%p"`
    const archive_cleanup_command = `echo "cleaned up to %r, it's" >>${quoted}/cleaned`
    // Nothing can be streamed from here.
    const params = { master_ip: '/nowhere', restore_command, archive_cleanup_command }
    expect(await onFollower('start', params)).toMatchObject(SUCCESS)
    expect(setting('restore_command')).toBe(restore_command)
    expect(setting('archive_cleanup_command')).toBe(archive_cleanup_command)
    await expectEventually(() => follower.sql("select count(*) from pg_class where relname = 'seen'"), '1')

    // A restartpoint follows a checkpoint that was replayed.
    primary.sql('checkpoint; select pg_switch_wal()')
    const cleaned = (): string => {
      follower.sql('checkpoint')
      return existsSync(join(archive, 'cleaned'))
        ? (
            /^cleaned up to [0-9A-F]{24}, it's$/m.exec(readFileSync(join(archive, 'cleaned'), 'utf8'))?.[0] ??
            ''
          ).slice(0, 7)
        : ''
    }
    await expectEventually(cleaned, 'cleaned')
  })

  test('recovery_end_command runs once, at promotion', async () => {
    const note = join(follower.directory, awkward)
    const recovery_end_command = `echo "it's over" >>'${note.replaceAll("'", `'\\''`)}'\n# a second line`
    expect(await onFollower('start', { recovery_end_command })).toMatchObject(SUCCESS)
    expect(setting('recovery_end_command')).toBe(recovery_end_command)
    expect(existsSync(note)).toBe(false)
    expect(follower.sql('select pg_promote()')).toBe('t')
    expect(readFileSync(note, 'utf8')).toBe(`it's over\n`)
  })

  test('without them the standby has none', async () => {
    expect(await onFollower('start', { restore_command: 'false' })).toMatchObject(SUCCESS)
    expect(await onFollower('stop')).toMatchObject(SUCCESS)
    expect(await onFollower('start')).toMatchObject(SUCCESS)
    expect(['restore_command', 'archive_cleanup_command', 'recovery_end_command'].map(setting)).toEqual([
      '',
      '',
      '',
    ])
  })
})

describe('tmpdir', () => {
  test('is made for pgdba alone, and holds what the configuration includes', async () => {
    const tmpdir = join(follower.directory, `de'ep`, 'tm p')
    expect(await onFollower('start', { tmpdir: `${tmpdir}/` })).toMatchObject(SUCCESS)
    expect(statSync(tmpdir)).toMatchObject({ uid: idOf('-u', 'postgres'), mode: 0o40700 })
    expect(readdirSync(tmpdir).sort()).toEqual(['recovery.conf', 'resource.json'])
    expect(statSync(join(tmpdir, 'recovery.conf'))).toMatchObject({
      uid: idOf('-u', 'postgres'),
      mode: 0o100600,
    })
    expect(follower.sql("select sourcefile from pg_settings where name = 'primary_conninfo'")).toBe(
      join(tmpdir, 'recovery.conf'),
    )
  })

  test('one of another resource is refused, also where both leave it out; a new name or a new pgdata is not', async () => {
    const shared = join(follower.directory, 'shared')
    const call = (action: string, server: TestServer, resource: string) =>
      callAgent('pgsql', action, {
        params: { ...server.params, rep_mode: 'slave', master_ip: '/nowhere', tmpdir: shared },
        env: { OCF_RESKEY_CRM_meta_on_node: 'node2', OCF_RESOURCE_INSTANCE: resource },
      })
    expect(await call('start', follower, 'first')).toMatchObject(SUCCESS)
    const before = readFileSync(join(shared, 'recovery.conf'), 'utf8')
    for (const action of ['validate-all', 'start']) {
      const { code, reason } = await call(action, primary, 'second')
      expect([code, reason]).toEqual([
        2,
        `tmpdir: ${shared} holds the files of resource first (${follower.dataDirectory}): set tmpdir of second to a directory of its own`,
      ])
    }
    expect(primary.processes()).toEqual([])
    expect(readFileSync(join(shared, 'recovery.conf'), 'utf8')).toBe(before)
    expect(await call('stop', follower, 'first')).toMatchObject(SUCCESS)
    expect(await call('validate-all', follower, 'renamed')).toMatchObject(SUCCESS)
    expect(await call('validate-all', primary, 'first')).toMatchObject(SUCCESS)
  })

  test('an earlier one is left behind', async () => {
    expect(await onFollower('start')).toMatchObject(SUCCESS)
    expect(await onFollower('stop')).toMatchObject(SUCCESS)
    const tmpdir = join(follower.directory, 'other')
    expect(await onFollower('start', { tmpdir, repuser: 'other' })).toMatchObject(SUCCESS)
    expect(setting('primary_conninfo')).toContain('user=other')
    expect(await onFollower('stop', { tmpdir })).toMatchObject(SUCCESS)
    // Back again: what counts is what is written now, wherever its line stands.
    expect(await onFollower('start', { repuser: 'again' })).toMatchObject(SUCCESS)
    expect(setting('primary_conninfo')).toContain('user=again')
  })

  test.each([
    ['relative', () => 'tmp', 6, /^tmpdir: 'tmp' is not allowed; set tmpdir to an absolute path$/],
    [
      'for everybody',
      () => '/tmp',
      4,
      /^tmpdir: \/tmp belongs to root, not to postgres: set tmpdir to another$/,
    ],
    ['a file', () => follower.configFile, 4, /^tmpdir: .* is not a directory: set tmpdir to another$/],
  ])('one that is %s is refused', async (_, tmpdir, code, reason) => {
    const mode = statSync('/tmp').mode
    const result = await onFollower('start', { tmpdir: tmpdir() })
    expect(result.reason).toMatch(reason)
    expect(result.code).toBe(code)
    expect(statSync('/tmp').mode).toBe(mode)
    expect(follower.processes()).toEqual([])
  })
})
