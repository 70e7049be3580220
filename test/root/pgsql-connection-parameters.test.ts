/**
 * The parameters that say where the server listens and how the agent gets in, each seen at work on a real server.
 *
 * @alone a refusal is to come within 1.5 s
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { callAgent } from './support/agent'
import { atHomeIn } from './support/home'
import { freePort } from './support/ports'
import { idOf, removeTemplate, TestServer } from './support/server'

jest.setTimeout(60_000)

let server: TestServer
beforeEach(() => {
  server = TestServer.create()
})
afterEach(() => {
  server.destroy()
})
afterAll(removeTemplate)

const call = (action: string, params: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...server.params, ...params } })

/** Starts the server, runs some SQL in it and stops it. */
async function prepare(sql: string): Promise<void> {
  expect((await call('start')).code).toBe(0)
  server.sql(sql)
  expect((await call('stop')).code).toBe(0)
}

/** Fails unless the condition holds. */
const require = (condition: string): string => `select 1 / (${condition})::int`

function log(): string {
  return readFileSync(join(server.directory, 'log'), 'utf8')
}

function setHba(...lines: string[]): void {
  writeFileSync(join(server.dataDirectory, 'pg_hba.conf'), `${lines.join('\n')}\n`)
}

describe('pgport', () => {
  test('the server listens there where its configuration names no port, and is found there', async () => {
    const port = String(await freePort())
    expect((await call('start', { pgport: port })).code).toBe(0)
    expect(server.exists(`.s.PGSQL.${port}`)).toBe(true)
    // Without the pid file, the parameter is all that says where to ask.
    rmSync(join(server.dataDirectory, 'postmaster.pid'))
    expect(
      (
        await call('monitor', {
          pgport: port,
          monitor_sql: require(`${port} = current_setting('port')::int`),
        })
      ).code,
    ).toBe(0)
    const elsewhere = await call('monitor', { pgport: '1' })
    expect(elsewhere.code).toBe(1)
    expect(elsewhere.reason).toMatch(/\.s\.PGSQL\.1$/)
  })

  test.each(['config', 'start_opt'])('one that %s names goes before it, and is found too', async (where) => {
    const [port, other] = [String(await freePort()), '5432']
    if (where === 'config') server.configure(`port = ${port}`)
    const params = { pgport: other, ...(where === 'start_opt' && { start_opt: `-p ${port}` }) }
    expect((await call('start', params)).code).toBe(0)
    expect(server.exists(`.s.PGSQL.${port}`)).toBe(true)
    expect((await call('monitor', params)).code).toBe(0)
  })
})

describe('socketdir', () => {
  test('is made when it is missing, and used', async () => {
    const socketdir = join(server.directory, `soc'ket dir`)
    server.configure(`unix_socket_directories = '${socketdir.replaceAll("'", "''")}'`)
    expect((await call('start', { socketdir })).code).toBe(0)
    const { uid, mode } = statSync(socketdir)
    expect([uid, mode & 0o7777]).toEqual([idOf('-u', 'postgres'), 0o2775])
    expect(existsSync(join(socketdir, '.s.PGSQL.5432'))).toBe(true)
    expect((await call('monitor', { socketdir })).code).toBe(0)
    expect((await call('monitor', { socketdir: `${socketdir}/` })).code).toBe(0)
  })

  test('without it, the socket is found where the server has put it; another directory is not looked into', async () => {
    expect((await call('start', { socketdir: '' })).code).toBe(0)
    expect((await call('monitor', { socketdir: '' })).code).toBe(0)
    const { code, reason } = await call('monitor', { socketdir: '/nowhere' })
    expect(code).toBe(1)
    expect(reason).toMatch(/ENOENT .*\/nowhere\/\.s\.PGSQL\.5432$/)
  })

  test.each([
    [
      'that is a file',
      (path: string) => {
        writeFileSync(path, '')
      },
    ],
    [
      'that belongs to root',
      (path: string) => {
        mkdirSync(path, { mode: 0o755 })
      },
    ],
  ])('one %s is refused, with the fix', async (_, make) => {
    const socketdir = join(server.directory, 'sockets')
    make(socketdir)
    server.configure(`unix_socket_directories = '${socketdir}'`)
    const { code, reason } = await call('start', { socketdir })
    expect(reason).toMatch(/^socketdir: postgres cannot make files in .*\/sockets: /)
    expect(code).toBe(4)
  })

  test('relative', async () => {
    const { code, reason } = await call('start', { socketdir: 'run' })
    expect(code).toBe(6)
    expect(reason).toBe("socketdir: 'run' is not allowed; set socketdir to an absolute path")
  })
})

describe('pghost', () => {
  test.each([
    ['an address', '127.0.0.1', '127.0.0.1'],
    ['several', '127.0.0.1, localhost', '127.0.0.1, localhost'],
    ['all', '*', '*'],
  ])('%s: the server listens there, and there it is asked', async (_, pghost, listens) => {
    const pgport = String(await freePort())
    setHba('host all postgres 127.0.0.1/32 trust', 'host all postgres ::1/128 trust', 'local all all peer')
    const params = { pghost, pgport, monitor_sql: require('inet_server_addr() is not null') }
    expect((await call('start', params)).code).toBe(0)
    expect(await call('monitor', params)).toMatchObject({ code: 0, reason: undefined })
    expect((await call('monitor', { ...params, pghost: '' })).code).toBe(1)
    expect(
      (
        await call('monitor', {
          ...params,
          monitor_sql: require(`current_setting('listen_addresses') = '${listens}'`),
        })
      ).code,
    ).toBe(0)
  })

  test('where the server insists on encryption, the connection is encrypted', async () => {
    const [key, certificate] = [join(server.directory, 'key'), join(server.directory, 'cert')]
    const subject = ['-subj', '/CN=test', '-days', '1', '-keyout', key, '-out', certificate]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], {
      stdio: 'ignore',
    })
    execFileSync('chown', ['postgres', '--', key, certificate])
    server.configure('ssl = on', `ssl_key_file = '${key}'`, `ssl_cert_file = '${certificate}'`)
    setHba('hostssl all all 127.0.0.1/32 trust')
    const encrypted = 'exists (select from pg_stat_ssl where pid = pg_backend_pid() and ssl)'
    const params = { pghost: '127.0.0.1', pgport: String(await freePort()), monitor_sql: require(encrypted) }
    expect((await call('start', params)).code).toBe(0)
    expect(await call('monitor', params)).toMatchObject({ code: 0, reason: undefined })
  })

  test('an address that is not here: the server does not start, and says so', async () => {
    const { code, reason } = await call('start', { pghost: '192.0.2.1', pgport: String(await freePort()) })
    expect(code).toBe(1)
    expect(reason).toMatch(/^PostgreSQL did not start: .*could not create any TCP\/IP sockets/)
  })

  test('a directory', async () => {
    const { code, reason } = await call('start', { pghost: server.directory })
    expect(code).toBe(6)
    expect(reason).toMatch(
      /^pghost: .* is not allowed; set pghost to a host name or an address; for the directory .* socketdir$/,
    )
  })

  test('the password comes from ~/.pgpass of pgdba', async () => {
    const pgport = String(await freePort())
    await prepare(`set password_encryption = 'scram-sha-256'; alter role postgres password 'it:is \\secret'`)
    setHba('host all all 127.0.0.1/32 scram-sha-256', 'local all all peer')
    const params = { ...server.params, pghost: '127.0.0.1', pgport }
    expect((await call('start', params)).code).toBe(0)

    const without = await atHome('monitor', params, undefined)
    expect(without.code).toBe(1)
    expect(without.reason).toMatch(
      /does not answer postgres .*: it asks for a password, and ~postgres\/\.pgpass has none$/,
    )

    const line = `127.0.0.1:${pgport}:*:postgres:it\\:is \\\\secret\n`
    expect(await atHome('monitor', params, line)).toMatchObject({ code: 0, reason: undefined })
    const wrong = await atHome('monitor', params, '*:*:*:*:not this one\n')
    expect(wrong.code).toBe(1)
    expect(wrong.reason).toMatch(/password authentication failed for user "postgres"/)
    // PostgreSQL's own programs do not use a file that others may read either.
    expect((await atHome('monitor', params, line, 0o644)).code).toBe(1)
  })

  const atHome = (action: string, params: Record<string, string>, text: string | undefined, mode = 0o600) =>
    callAgent('pgsql', action, {
      params,
      through: atHomeIn(server.directory, text === undefined ? undefined : { text, mode }),
    })
})

describe('pgdb', () => {
  test('is the database that monitor_sql runs in; one that is not there is named', async () => {
    await call('start')
    server.sql(`create database "it's"`)
    const monitor_sql = require(`current_database() = 'it''s'`)
    expect((await call('monitor', { pgdb: `it's`, monitor_sql })).code).toBe(0)
    expect((await call('monitor', { monitor_sql })).code).toBe(1)
    expect((await call('monitor', { monitor_sql: require(`current_database() = 'template1'`) })).code).toBe(0)
    const { code, stderr } = await call('monitor', { pgdb: 'nothing' })
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /pgdb: database "nothing" does not exist, .*: set pgdb to .*; the agent's own questions are asked in postgres/,
    )
    const own = await call('monitor', { pgdb: 'nothing', monitor_sql: 'select 1' })
    expect(own.code).toBe(1)
    expect(own.reason).toMatch(/in database nothing: database "nothing" does not exist: .*set pgdb to/)
  })
})

describe('where pg_hba.conf lets pgdba in', () => {
  test.each(['app', 'postgres', 'template1'])('%s alone, and that is pgdb', async (pgdb) => {
    await prepare('create database app')
    setHba(`local ${pgdb} postgres peer`)
    expect((await call('start', { pgdb })).code).toBe(0)
    expect(await call('monitor', { pgdb })).toMatchObject({ code: 0, reason: undefined })
  })

  test('nowhere', async () => {
    await prepare('create database app')
    setHba('local all all reject')
    expect((await call('start', { pgdb: 'app' })).code).toBe(0)
    const { code, reason } = await call('monitor', { pgdb: 'app' })
    expect(code).toBe(1)
    expect(reason).toMatch(/does not answer postgres in database postgres: pg_hba.conf rejects connection/)
    // The one that is configured is tried, too, and no other.
    expect(log().match(/rejects connection for host.*database "\w+"/g)).toHaveLength(2)
  })
})

describe('monitor_user and monitor_password', () => {
  test.each(['md5', 'scram-sha-256', 'password'])('a login by %s', async (method) => {
    const encryption = method === 'md5' ? 'md5' : 'scram-sha-256'
    await prepare(
      `set password_encryption = '${encryption}'; create role "wat'cher" login password 'it''s " secret'`,
    )
    setHba(`local all "wat'cher" ${method}`, 'local all postgres peer')
    const monitor_sql = require(`current_user = 'wat''cher'`)
    const login = { monitor_user: `wat'cher`, monitor_password: `it's " secret`, monitor_sql }
    expect((await call('start', login)).code).toBe(0)
    expect(await call('monitor', login)).toMatchObject({ code: 0, reason: undefined })
    // Without it, pgdba.
    expect((await call('monitor', { monitor_sql })).code).toBe(1)
    expect((await call('monitor', { monitor_sql: require(`current_user = 'postgres'`) })).code).toBe(0)

    const wrong = await call('monitor', { ...login, monitor_password: 'gehe!m' })
    expect(wrong.code).toBe(1)
    expect(wrong.reason).toMatch(
      /does not answer wat'cher in database template1: password authentication failed for user "wat'cher"$/,
    )
    expect(wrong.stderr).not.toContain('gehe!m')
    const denied = await call('monitor', { ...login, monitor_sql: 'select * from pg_authid' })
    expect(denied.code).toBe(1)
    expect(denied.reason).toBe(
      "monitor_sql fails as wat'cher in database template1: permission denied for table pg_authid",
    )
  })

  test('without monitor_password, the password is in .pgpass of pgdba', async () => {
    await prepare(`set password_encryption = 'scram-sha-256'; create role watcher login password 'secret'`)
    setHba('local all watcher scram-sha-256', 'local all postgres peer')
    const params = { monitor_user: 'watcher', monitor_sql: require(`current_user = 'watcher'`) }
    const at = (action: string, text: string) =>
      callAgent('pgsql', action, {
        params: { ...server.params, ...params },
        through: atHomeIn(server.directory, { text }),
      })
    expect(await at('start', '')).toMatchObject({ code: 0, reason: undefined })
    expect(await at('monitor', 'localhost:*:*:watcher:secret\n')).toMatchObject({
      code: 0,
      reason: undefined,
    })
    const { code, reason } = await at('monitor', 'localhost:*:*:other:secret\n')
    expect([code, reason]).toEqual([
      1,
      expect.stringMatching(
        /does not answer watcher .*: it asks for a password, and ~postgres\/\.pgpass has none$/,
      ),
    ])
  })

  test('where pgdba is not let in, monitor_user does everything', async () => {
    await prepare(`create role watcher superuser login password 'secret'`)
    setHba('local all all scram-sha-256')
    const params = { rep_mode: 'slave', master_ip: server.directory, pgport: String(await freePort()) }
    const env = { OCF_RESKEY_CRM_meta_on_node: 'node1' }
    const start = (more: Record<string, string>) =>
      callAgent('pgsql', 'start', { params: { ...server.params, ...params, ...more }, env })
    const { code, reason } = await start({})
    expect(code).toBe(1)
    expect(reason).toMatch(
      /does not answer postgres .*: it asks for a password, and ~postgres\/\.pgpass has none$/,
    )
    expect((await call('stop', params)).code).toBe(0)
    expect(await start({ monitor_user: 'watcher', monitor_password: 'secret' })).toMatchObject({
      code: 0,
      reason: undefined,
    })
  })
})

describe('monitor_sql', () => {
  test('reaches the server as it stands, whatever is in it', async () => {
    await call('start')
    const text = `it's \\ "$HOME" \`id\` %`
    const monitor_sql = `${require(`length('${text.replaceAll("'", "''")}') = ${text.length}`)}; select now();`
    expect(await call('monitor', { monitor_sql })).toMatchObject({ code: 0, reason: undefined })
  })

  test('of several statements, each must succeed', async () => {
    await call('start')
    expect((await call('monitor', { monitor_sql: 'select 1; select 2' })).code).toBe(0)
    const { code, reason } = await call('monitor', { monitor_sql: 'select 1; select 1/0; select 2' })
    expect(code).toBe(1)
    expect(reason).toBe('monitor_sql fails as postgres in database template1: division by zero')
  })

  test('one that does not end is given up before the operation times out', async () => {
    await call('start')
    const begun = Date.now()
    const { code, reason } = await callAgent('pgsql', 'monitor', {
      params: { ...server.params, monitor_sql: 'select pg_sleep(600)' },
      env: { OCF_RESKEY_CRM_meta_timeout: '1500', OCF_RESKEY_CRM_meta_interval: '2000' },
    })
    expect(Date.now() - begun).toBeLessThan(1500)
    expect(code).toBe(1)
    expect(reason).toMatch(/does not answer before the timeout of the monitor: monitor_sql has not ended$/)
  })
})

describe('psql', () => {
  test('one that is not there is no obstacle', async () => {
    const psql = '/no/such/psql'
    for (const action of ['validate-all', 'start', 'monitor', 'stop']) {
      expect(await call(action, { psql })).toMatchObject({ code: 0, reason: undefined })
    }
  })
})

describe('pgdba', () => {
  test('another account: it runs the server, owns its files, and is the database user', async () => {
    await prepare('create role nobody superuser login')
    execFileSync('chown', ['-R', 'nobody:nogroup', '--', server.directory])
    const params = { pgdba: 'nobody', monitor_sql: require(`current_user = 'nobody'`) }
    expect((await call('start', params)).code).toBe(0)
    expect(statSync(`/proc/${server.postmaster}`).uid).toBe(idOf('-u', 'nobody'))
    expect(await call('monitor', params)).toMatchObject({ code: 0, reason: undefined })
    expect(statSync(join(server.directory, 'log')).uid).toBe(idOf('-u', 'nobody'))
    expect((await call('stop', params)).code).toBe(0)
    expect(server.processes()).toEqual([])
    expect(log()).toContain('database system is shut down')
  })
})
