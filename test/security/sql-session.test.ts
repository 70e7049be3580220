/**
 * What an ordinary user, or the owner of the agent's database, does to sessions of a superuser: with operators and
 * functions of his own, with settings, and by closing the database. As in a template1 that was made by PostgreSQL 14 or
 * older, everybody may create in schema public.
 */
import { beforeEach, describe, expect, jest, test } from '@jest/globals'
import { askSettings } from '../../cli/doctor/own/server'
import { Deadline } from '../../lib/ocf'
import { connect } from '../../lib/postgres/connection'
import { asPostgres, idOf } from '../root/support/server'
import { serverWithMallory } from './support/mallory'

jest.setTimeout(60_000)

const ground = serverWithMallory()
const { call } = ground

beforeEach(() => {
  ground.server.sql('grant create on schema public to public')
})

/** Makes him a superuser when a superuser executes it. */
const GRAB = `create function public.grab() returns void language plpgsql as $$
  begin
    raise log 'TRIPPED as %', session_user;
    execute 'alter role mallory superuser';
  exception when others then null;
  end $$`

const operator = (name: string, left: string, right: string, result: string): string => `
  create function public.grab_${result}(${left}, ${right}) returns ${result} language plpgsql as
    $$ begin perform public.grab(); return null; end $$;
  create operator public.${name} (procedure = public.grab_${result}, leftarg = ${left}, rightarg = ${right})`

/** Each statement is sent alone: some may be in no transaction with others. */
function asMallory(statements: readonly string[], database = 'template1'): void {
  const commands = ['set session authorization mallory', ...statements].flatMap((sql) => ['-c', sql])
  asPostgres('psql', '-Xqv', 'ON_ERROR_STOP=1', '-h', ground.server.directory, '-d', database, ...commands)
}
const isSuperuser = (): string => ground.server.sql("select rolsuper from pg_roles where rolname = 'mallory'")

describe('operators of an ordinary user in template1', () => {
  test('the start of a standby asks which file sets synchronous_standby_names', async () => {
    asMallory([GRAB, operator('||', 'text', 'int4', 'text')])
    await call('stop')
    const started = await call('start', { rep_mode: 'slave', master_ip: ground.server.directory })
    expect(started.code).toBe(0)
    // As a standby it can make nobody a superuser; on a primary the same statement does.
    ground.server.sql('select pg_promote()')
    expect(isSuperuser()).toBe('f')
    expect(ground.server.log()).not.toContain('TRIPPED')
  })

  test('the doctor asks for settings, archive and slots', async () => {
    asMallory([GRAB, operator('*', 'float8', 'int4', 'float8')])
    const instance = {
      dataDirectory: ground.server.dataDirectory,
      owner: { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') },
      pgctl: ground.server.params['pgctl'] ?? '',
      configFile: ground.server.configFile,
      logFile: '/dev/null',
      startOptions: '',
      ctlOptions: [],
      host: '',
      port: 5432,
      socketDirectory: ground.server.directory,
      libraries: '',
    }
    const login = { user: 'postgres', database: 'template1' }
    const connection = await connect(instance, undefined, login, new Deadline(10_000))
    await askSettings(connection, 15, false, 'postgres', 'template1').catch(() => undefined)
    connection.close()
    expect(isSuperuser()).toBe('f')
  })
})

test('monitor_sql: the default one means the functions of PostgreSQL, one of the site those of its own search_path', async () => {
  ground.server.sql('grant create on database app to mallory')
  ground.server.sql('alter database app set search_path = public, pg_catalog')
  ground.server.sql('grant create on schema public to public', 'inherit', 'app')
  const grab = 'begin perform public.grab(); return null; end'
  asMallory(
    [
      GRAB,
      `create function public.now() returns timestamptz language plpgsql as $$ ${grab} $$`,
      'create function public.is_well() returns int language sql as $$ select 1 $$',
    ],
    'app',
  )
  expect((await call('monitor', { pgdb: 'app' })).code).toBe(0)
  expect(isSuperuser()).toBe('f')
  const own = { pgdb: 'app', monitor_sql: 'select is_well()' }
  expect((await call('monitor', own)).code).toBe(0)
})

describe('the owner of the database of the agent', () => {
  const alter = (what: string): void => {
    asMallory([`alter database app ${what}`])
  }

  test.each([
    'set statement_timeout = 1',
    'set lock_timeout = 1',
    'set idle_session_timeout = 1',
    'set idle_in_transaction_session_timeout = 1',
    'set default_transaction_read_only = on',
    "set default_transaction_isolation = 'serializable'",
    'set exit_on_error = on',
    "set local_preload_libraries = 'there_is_none'",
    "set client_encoding = 'SQL_ASCII'",
    "set search_path = ''",
    'set role = mallory',
    'connection limit 0',
  ])('alter database app %s', async (what) => {
    alter(what)
    const ownStatement = "select pg_catalog.pg_sleep(0.05), 1 / (current_user = 'postgres')::int"
    for (const params of [{}, { monitor_sql: ownStatement }]) {
      const { code, reason } = await call('monitor', { pgdb: 'app', ...params })
      expect({ params, code, reason }).toEqual({ params, code: 0, reason: undefined })
    }
  })

  test.each([
    [
      'closes it',
      'alter database app allow_connections false',
      'is not currently accepting connections',
      'takes no connections',
    ],
    ['removes it', 'drop database app', 'does not exist', 'does not exist'],
  ])(
    '%s: the agent asks in another one and warns, and a statement of the site fails with the reason',
    async (_, sql, complaint, warning) => {
      asMallory([sql])
      const { code, reason, stderr } = await call('monitor', { pgdb: 'app' })
      expect({ code, reason }).toEqual({ code: 0, reason: undefined })
      expect(stderr).toContain(
        `pgdb: database "app" ${warning}, and a monitor_sql of your own would fail: set pgdb to a database that belongs to postgres`,
      )
      const own = await call('monitor', { pgdb: 'app', monitor_sql: 'select 1' })
      expect(own.code).toBe(1)
      expect(own.reason).toContain(complaint)
      expect(own.reason).toContain('set pgdb to a database that belongs to postgres')
    },
  )
})

test('a monitor has one session, in postgres; a statement of the site one in pgdb', async () => {
  ground.server.sql('alter system set log_connections = on')
  ground.server.sql('select pg_reload_conf()')
  const connections = (): readonly string[] =>
    [
      ...ground.server
        .log()
        .matchAll(/connection authorized: user=(\S+) database=(\S+) application_name=ocf-ts/g),
    ].map(([, user, database]) => `${user} ${database}`)
  const before = connections().length
  expect((await call('monitor', { pgdb: 'app' })).stderr).not.toContain('pgdb')
  expect(connections().slice(before)).toEqual(['postgres postgres'])
  expect((await call('monitor', { pgdb: 'app', monitor_sql: 'select 1' })).code).toBe(0)
  expect(connections().slice(before + 1)).toEqual(['postgres app'])
})

test('where postgres is closed, and where template1 is, too', async () => {
  ground.server.sql('alter database postgres allow_connections false')
  const closed = await call('monitor', { pgdb: 'postgres' })
  expect(closed.code).toBe(0)
  expect(closed.stderr).toContain('pgdb: database "postgres" takes no connections')
  expect((await call('monitor', { pgdb: 'app' })).code).toBe(0)
  ground.server.sql('alter database template1 allow_connections false', 'inherit', 'app')
  expect((await call('monitor', { pgdb: 'app' })).code).toBe(0)
  expect((await call('monitor')).reason).toMatch(
    /does not answer postgres in database template1: .*: have its owner open it, or set pgdb to/,
  )
})

test('the server ends by itself a question that nobody waits for any more', async () => {
  const { code } = await call('monitor', { monitor_sql: 'select pg_sleep(600)', monitor_timeout: '1' })
  expect(code).toBe(1)
  const sleepers = (): string =>
    ground.server.sql("select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'")
  const end = Date.now() + 10_000
  while (sleepers() !== '0' && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(sleepers()).toBe('0')
})

test('an account that is no superuser after all is let in', async () => {
  ground.server.sql('create role admin superuser login; grant pg_monitor to postgres', 'inherit')
  // The bootstrap superuser cannot be deprived of it: another name for the account's role.
  ground.server.sql('set session authorization admin; alter role postgres nosuperuser')
  expect((await call('monitor')).code).toBe(0)
})
