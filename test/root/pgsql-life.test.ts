/** The life of one real server in the agent's hands, the troubles it can be in included. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { callAgent } from './support/agent'
import { removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

let server: TestServer
const call = (action: string, env: Record<string, string> = {}, params: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...server.params, ...params }, env })

beforeEach(() => {
  server = TestServer.create()
})
afterEach(() => {
  server.destroy()
})
afterAll(removeTemplate)

describe('without replication', () => {
  test('start, monitor and stop, each twice', async () => {
    expect((await call('monitor')).code).toBe(7)
    expect((await call('start')).code).toBe(0)
    const { postmaster } = server
    expect((await call('start')).code).toBe(0)
    expect(server.postmaster).toBe(postmaster)
    expect((await call('monitor')).code).toBe(0)
    expect((await call('status')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect((await call('monitor')).code).toBe(7)
    expect((await call('status')).code).toBe(7)
    expect(server.processes()).toEqual([])
  })

  test('it has no role: promote and demote refuse, and leave it as it is', async () => {
    expect((await call('start')).code).toBe(0)
    const { postmaster } = server
    for (const action of ['demote', 'promote']) {
      const { code, reason } = await call(action)
      expect({ action, code, reason }).toEqual({
        action,
        code: 6,
        reason:
          "rep_mode: 'none' has no primary and standbys: set rep_mode to sync or async, or make it no promotable clone",
      })
    }
    expect(server.postmaster).toBe(postmaster)
    expect(server.sql('select pg_is_in_recovery()')).toBe('f')
  })

  test('a path with a quote and a blank in it', async () => {
    server.destroy()
    server = TestServer.create(`da ta'x "$HOME"`)
    expect((await call('start')).code).toBe(0)
    expect((await call('monitor')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
  })

  test('a TLS key that only the group ssl-cert may read', async () => {
    const [key, certificate] = [join(server.directory, 'key'), join(server.directory, 'cert')]
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=test',
        '-keyout',
        key,
        '-out',
        certificate,
      ],
      { stdio: 'ignore' },
    )
    chownSync(key, 0, groupId('ssl-cert'))
    chmodSync(key, 0o640)
    chmodSync(certificate, 0o644)
    server.configure('ssl = on', `ssl_key_file = '${key}'`, `ssl_cert_file = '${certificate}'`)
    expect((await call('start')).code).toBe(0)
    expect(server.sql('show ssl')).toBe('on')
  })

  test('monitor_sql that fails fails the monitor, and says why', async () => {
    await call('start')
    const { code, reason } = await call('monitor', {}, { monitor_sql: 'select * from nothing_of_that_name' })
    expect(code).toBe(1)
    expect(reason).toMatch(/relation "nothing_of_that_name" does not exist/)
  })

  test('a server that does not start: its own words', async () => {
    server.configure('no_such_setting = 1')
    const { code, reason } = await call('start')
    expect(code).toBe(1)
    expect(reason).toMatch(/^PostgreSQL did not start: .*(no_such_setting|configuration file)/)
  })

  test('a deadline is kept, and says what was waited for', async () => {
    await call('start')
    process.kill(server.postmaster, 'SIGSTOP')
    const begun = Date.now()
    const { code, reason } = await call('monitor', {
      OCF_RESKEY_CRM_meta_timeout: '8000',
      OCF_RESKEY_CRM_meta_interval: '2000',
    })
    expect(Date.now() - begun).toBeLessThan(8000)
    expect(code).toBe(1)
    expect(reason).toMatch(
      /PostgreSQL runs \(process \d+\) but does not answer before the timeout of the monitor: it is suspended/,
    )
  })
})

describe('stop always ends', () => {
  test('a postmaster that is suspended', async () => {
    await call('start')
    for (const pid of server.processes()) process.kill(pid, 'SIGSTOP')
    const begun = Date.now()
    expect((await call('stop')).code).toBe(0)
    expect(Date.now() - begun).toBeLessThan(3000)
    expect(server.processes()).toEqual([])
  })

  test('a postmaster that gets no processor time, and so does not see the signals', async () => {
    await call('start')
    const { postmaster } = server
    // Every fast or immediate shutdown is answered by suspending it again: it hangs without being seen to.
    const keeper = spawn('bash', ['-c', `while kill -STOP ${postmaster}; do sleep 0.01; done`], {
      stdio: 'ignore',
    })
    expect((await call('stop', { OCF_RESKEY_CRM_meta_timeout: '10000' })).code).toBe(0)
    keeper.kill()
    expect(server.processes()).toEqual([])
  })

  test('a client in the middle of a transaction does not keep a fast shutdown waiting', async () => {
    await call('start')
    const client = await sleepingClient()
    const { code, stderr } = await call('stop')
    expect(code).toBe(0)
    expect(stderr).toContain('PostgreSQL has stopped (fast)')
    client.kill()
  })

  test('the configuration file is gone', async () => {
    await call('start')
    rmSync(server.configFile)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('the whole data directory is gone', async () => {
    await call('start')
    rmSync(server.dataDirectory, { recursive: true })
    expect((await call('monitor')).code).not.toBe(7)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
    expect((await call('monitor')).code).toBe(7)
  })

  test('the data directory was replaced by another', async () => {
    await call('start')
    const old = server.processes()
    renameSync(server.dataDirectory, `${server.dataDirectory}.old`)
    mkdirSync(server.dataDirectory)
    // That server works in a directory of another name now: it is another resource's, and left alone.
    expect((await call('stop')).code).toBe(0)
    renameSync(server.dataDirectory, `${server.dataDirectory}.new`)
    renameSync(`${server.dataDirectory}.old`, server.dataDirectory)
    expect(server.processes()).toEqual(old)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('its parameters are wrong', async () => {
    await call('start')
    expect(
      (
        await call(
          'stop',
          {},
          { rep_mode: 'nonsense', pgport: 'x', pgctl: '/none', pgdba: 'nobody_of_that_name' },
        )
      ).code,
    ).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('the postmaster died and left processes behind', async () => {
    await call('start')
    const client = await sleepingClient()
    const backend = Number(
      server.sql("select min(pid) from pg_stat_activity where query = 'select pg_sleep(600)'"),
    )
    // Suspended, it cannot see that its postmaster is gone.
    process.kill(backend, 'SIGSTOP')
    process.kill(server.postmaster, 'SIGKILL')
    await until(() => server.processes().length === 1)
    const monitored = await call('monitor')
    expect(monitored.code).toBe(1)
    expect(monitored.reason).toMatch(/the postmaster is gone, but 1 processes/)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
    client.kill()
  })
})

describe('postmaster.pid', () => {
  const pidFile = (): string => join(server.dataDirectory, 'postmaster.pid')

  test('is stale, and its number belongs to another program now', async () => {
    writeFileSync(pidFile(), `${process.pid}\n${server.dataDirectory}\n`)
    const monitored = await call('monitor')
    expect(monitored.code).toBe(7)
    expect(monitored.stderr).toContain(
      `names process ${process.pid}, which is node and not a server on this data directory`,
    )
    expect((await call('stop')).code).toBe(0)
    expect((await call('start')).code).toBe(0)
    expect((await call('monitor')).code).toBe(0)
  })

  test.each(['', 'rubbish\n', '999999999\n'])('holds %j', async (text) => {
    writeFileSync(pidFile(), text)
    expect((await call('monitor')).code).toBe(7)
    expect((await call('start')).code).toBe(0)
  })

  test('cannot be read while the server runs: the processes tell', async () => {
    await call('start')
    const text = readFileSync(pidFile(), 'utf8')
    rmSync(pidFile())
    mkdirSync(pidFile())
    expect((await call('monitor')).code).toBe(0)
    expect((await call('start')).code).toBe(0)
    rmSync(pidFile(), { recursive: true })
    writeFileSync(pidFile(), text)
    expect((await call('stop')).code).toBe(0)
  })

  test('is gone while the server runs: it is found all the same', async () => {
    await call('start')
    rmSync(pidFile())
    expect((await call('monitor')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('is a link to a file of root: it is not followed', async () => {
    rmSync(pidFile(), { force: true })
    symlinkSync('/etc/shadow', pidFile())
    const { code, stderr } = await call('monitor')
    expect(code).toBe(7)
    expect(stderr).toMatch(/postmaster\.pid cannot be read: .* is a symbolic link/)
  })
})

/** A client whose query runs until it is ended. */
async function sleepingClient(): Promise<ChildProcess> {
  const args = ['-X', '-h', server.directory, '-d', 'template1', '-c', 'select pg_sleep(600)']
  const client = spawn('runuser', ['-u', 'postgres', '--', 'psql', ...args], { stdio: 'ignore' })
  await until(
    () => server.sql("select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'") === '1',
  )
  return client
}

function groupId(name: string): number {
  return Number(
    readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':')[2],
  )
}

async function until(done: () => boolean): Promise<void> {
  const end = Date.now() + 10_000
  while (!done()) {
    if (Date.now() > end) throw new Error('waited 10 s in vain')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
