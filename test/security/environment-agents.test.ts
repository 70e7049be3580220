/** What is in the environment of an agent reaches neither its answers nor the programs that it starts. */
import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { agentPath, callAgent } from '../root/support/agent'
import { removeTemplate, TestServer } from '../root/support/server'
import { eventually } from './support/timing'

jest.setTimeout(60_000)

let server: TestServer
const call = (action: string, params: Record<string, string> = {}, env: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...server.params, ...params }, env })

beforeEach(() => {
  server = TestServer.create()
})
afterEach(() => {
  server.destroy()
})
afterAll(removeTemplate)

/** What pacemaker gives an agent, and what an administrator's shell may. */
const GIVEN = {
  OCF_RESKEY_CRM_meta_timeout: '60000',
  OCF_RESOURCE_INSTANCE: 'db',
  OCF_RESKEY_monitor_password: 's3cret-of-the-monitor',
  OCF_RESKEY_monitor_user: 'watch',
  HA_debug: '0',
  PCMK_service: 'pacemaker-execd',
  AWS_SECRET_ACCESS_KEY: 's3cret-of-the-shell',
  PGPASSWORD: 's3cret-of-libpq',
  PGOPTIONS: '-c work_mem=1MB',
  SSH_AUTH_SOCK: '/run/agent',
}

/** What PostgreSQL and the commands in its configuration are given. */
const ALLOWED =
  /^(?:PATH|LC_\w+|TZ|LD_LIBRARY_PATH|HOME|USER|LOGNAME|PGDATA|PGPORT|PG_GRANDPARENT_PID|PGLOCALEDIR|PGSYSCONFDIR|PWD|OLDPWD|SHLVL|_)$/

function namesIn(environment: string, separator: string): readonly string[] {
  return environment
    .split(separator)
    .filter((line) => line.includes('='))
    .map((line) => line.slice(0, line.indexOf('=')))
}

describe('the server, and the commands in its configuration', () => {
  test('get a list of allowed variables, and no parameter of the resource', async () => {
    const report = join(server.directory, 'archived')
    server.configure(
      'archive_mode = on',
      'wal_level = replica',
      `archive_command = 'env >"${report}.new" && mv "${report}.new" "${report}"'`,
    )
    expect((await call('start', {}, GIVEN)).code).toBe(0)
    const environment = readFileSync(`/proc/${server.postmaster}/environ`, 'latin1')
    expect(environment).not.toMatch(/s3cret|OCF_/)
    expect(namesIn(environment, '\0').filter((name) => !ALLOWED.test(name))).toEqual([])
    expect(environment).toMatch(/(?:^|\0)HOME=\/var\/lib\/postgresql\0/)
    server.sql('select pg_switch_wal()')
    server.sql('create table t()')
    server.sql('select pg_switch_wal()')
    expect(await eventually(() => server.exists('archived'))).toBe(true)
    const archived = readFileSync(report, 'utf8')
    expect(archived).not.toMatch(/s3cret|OCF_/)
    expect(namesIn(archived, '\n').filter((name) => !ALLOWED.test(name))).toEqual([])
  })
})

/** An action by the agent's own first line, as pacemaker starts it. */
function launch(action: string, env: Record<string, string>): number | null {
  const variables = Object.entries(server.params).map(([name, value]) => [`OCF_RESKEY_${name}`, value])
  const { status } = spawnSync(agentPath('pgsql'), [action], {
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      OCF_ROOT: '/usr/lib/ocf',
      ...(Object.fromEntries(variables) as Record<string, string>),
      ...env,
    },
  })
  return status
}

describe('what Node reads before the agent is asked', () => {
  test.each([
    ['NODE_OPTIONS', '--bad'],
    ['NODE_OPTIONS', '--require=/no/such/file'],
    ['NODE_ICU_DATA', '/nonexistent'],
    ['OPENSSL_CONF', '/nonexistent/openssl.cnf'],
    ['NODE_CHANNEL_FD', '77'],
    ['NODE_PATH', '/tmp'],
  ])('%s=%s changes no answer', (name, value) => {
    const env = { [name]: value }
    expect(launch('monitor', env)).toBe(7)
    expect(launch('start', env)).toBe(0)
    expect(launch('monitor', env)).toBe(0)
    expect(launch('stop', env)).toBe(0)
  })

  test('NODE_V8_COVERAGE and NODE_REDIRECT_WARNINGS make root write no file', () => {
    const place = join(server.directory, 'written')
    expect(launch('monitor', { NODE_V8_COVERAGE: place, NODE_REDIRECT_WARNINGS: `${place}.txt` })).toBe(7)
    expect(server.exists('written')).toBe(false)
    expect(server.exists('written.txt')).toBe(false)
  })
})

describe('what the libraries of a session read', () => {
  test.each([
    ['PGOPTIONS', '-c statement_timeout=1 -c no_such_setting=1'],
    ['PGREPLICATION', 'true'],
    ['PGSSLNEGOTIATION', 'direct'],
    ['PGSSLMODE', 'verify-full'],
    ['PGCLIENTENCODING', 'nonsense'],
    ['PGCLIENT_ENCODING', 'nonsense'],
    ['PGHOST', '192.0.2.1'],
    ['PGPORT', '1'],
    ['PGUSER', 'nobody'],
    ['PGDATABASE', 'nothing'],
    ['PGCONNECT_TIMEOUT', '0.0001'],
    ['NODE_PG_FORCE_NATIVE', '1'],
  ])('%s=%s changes no answer of the monitor', async (name, value) => {
    expect((await call('start')).code).toBe(0)
    const env = { [name]: value }
    expect(await call('monitor', {}, env)).toMatchObject({ code: 0, stderr: '' })
    expect(await call('monitor', { monitor_sql: 'select 1' }, env)).toMatchObject({ code: 0 })
    expect(readlinkSync(`/proc/${server.postmaster}/cwd`)).toBe(server.dataDirectory)
  })
})
