/**
 * A server that hangs, that lets nobody in, or that goes down again and again; and one whose disk is full or lost.
 *
 * @alone hangs are to be found, and stops to end, within seconds
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Client } from 'pg'
import { agentPath, type AgentResult, callAgent } from './support/agent'
import { Freezer } from './support/freezer'
import { ONTO_DISK, ONTO_TMPFS, PrivateMounts } from './support/private-mounts'
import { removeTemplate, TestServer } from './support/server'

jest.setTimeout(60_000)

/** As pacemaker calls a recurring monitor. */
const RECURRING = { OCF_RESKEY_CRM_meta_interval: '2000', OCF_RESKEY_CRM_meta_timeout: '60000' }

let server: TestServer
let mounts: PrivateMounts | undefined
const clients: Client[] = []

beforeEach(() => {
  server = TestServer.create()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()))
  mounts?.thaw()
  server.destroy()
  mounts?.close()
  mounts = undefined
})
afterAll(removeTemplate)

const call = (
  action: string,
  params: Record<string, string> = {},
  env: Record<string, string> = action === 'monitor' ? RECURRING : {},
): Promise<AgentResult> =>
  callAgent('pgsql', action, {
    params: { ...server.params, ...params },
    env,
    ...(mounts && { through: mounts.agent('pgsql') }),
  })

/** The action's result, and how long it took. */
async function timed(...args: Parameters<typeof call>): Promise<AgentResult & { seconds: number }> {
  const begun = process.hrtime.bigint()
  const result = await call(...args)
  return { ...result, seconds: Number(process.hrtime.bigint() - begun) / 1e9 }
}

async function until(what: string, done: () => boolean): Promise<void> {
  const end = Date.now() + 15_000
  while (!done()) {
    if (Date.now() > end) throw new Error(`waited 15 s without success: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function stopsAtOnce(limitSeconds: number): Promise<void> {
  const { code, seconds } = await timed('stop')
  expect(code).toBe(0)
  expect(seconds).toBeLessThan(limitSeconds)
  expect(server.processes()).toEqual([])
}

/** Whether the server refuses some SQL, or does not get to it. */
function fails(query: string): boolean {
  try {
    server.sql(query, 'ignore', 'postgres')
    return false
  } catch {
    return true
  }
}

describe('monitor_timeout', () => {
  test.each([
    ['the postmaster alone', () => [server.postmaster]],
    ['all of its processes', () => server.processes()],
  ])('%s suspended: the monitor fails in that time, the stop is over at once', async (_, pids) => {
    await call('start')
    for (const pid of pids()) process.kill(pid, 'SIGSTOP')
    const { code, reason, seconds } = await timed('monitor', { monitor_timeout: '1500ms' })
    expect(code).toBe(1)
    expect(reason).toBe(
      `PostgreSQL runs (process ${server.postmaster}) but does not answer within 1.5 s (monitor_timeout): it is suspended (SIGSTOP)`,
    )
    expect(seconds).toBeGreaterThan(1.5)
    expect(seconds).toBeLessThan(4)
    await stopsAtOnce(3)
  })

  test('a server that is stuck, and not seen to be suspended: killed once it has not reacted', async () => {
    await call('start')
    const freezer = Freezer.create()
    try {
      freezer.freeze(server.processes())
      const { code, reason } = await call('monitor', { monitor_timeout: '1' })
      expect(code).toBe(1)
      expect(reason).toBe(
        `PostgreSQL runs (process ${server.postmaster}) but does not answer within 1 s (monitor_timeout)`,
      )
      // By default a fast shutdown may take 90 seconds.
      await stopsAtOnce(9)
    } finally {
      freezer.destroy()
    }
  })

  test('holds for monitor_sql, too, and not for a monitor as a whole', async () => {
    await call('start')
    const slow = { monitor_sql: 'select pg_sleep(3)' }
    const { code, reason } = await call('monitor', { ...slow, monitor_timeout: '1' })
    expect(code).toBe(1)
    expect(reason).toMatch(/does not answer within 1 s \(monitor_timeout\): monitor_sql has not ended$/)
    expect((await call('monitor', { ...slow, monitor_timeout: '20' })).code).toBe(0)
  })

  test('an agent that did not run itself for that time asks again', async () => {
    await call('start')
    // The shell becomes the agent, and its number is known before.
    const pidFile = join(server.directory, 'agent.pid')
    const monitored = callAgent('pgsql', 'monitor', {
      params: { ...server.params, monitor_timeout: '1500ms', monitor_sql: 'select pg_sleep(1)' },
      env: RECURRING,
      through: ['bash', '-c', 'echo $$ >"$0"; exec "$@"', pidFile, process.execPath, agentPath('pgsql')],
    })
    await until(
      'it asks',
      () => server.sql("select count(*) from pg_stat_activity where query ~ '^select pg_sleep'") === '1',
    )
    const agent = Number(readFileSync(pidFile, 'utf8'))
    process.kill(agent, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 3000))
    process.kill(agent, 'SIGCONT')
    const { code, reason } = await monitored
    expect({ code, reason }).toEqual({ code: 0, reason: undefined })
  })

  test('longer than the operation: that has the last word', async () => {
    await call('start')
    process.kill(server.postmaster, 'SIGSTOP')
    const env = { ...RECURRING, OCF_RESKEY_CRM_meta_timeout: '2000' }
    const { code, reason, seconds } = await timed('monitor', { monitor_timeout: '30' }, env)
    expect(code).toBe(1)
    expect(reason).toMatch(/does not answer before the timeout of the monitor: it is suspended/)
    expect(seconds).toBeLessThan(2.5)
  })
})

/** Connects until it is refused; returns how it was. */
async function crowd(user: string): Promise<string> {
  for (;;) {
    const client = new Client({ host: server.directory, user, database: 'template1' })
    client.on('error', () => undefined)
    try {
      await client.connect()
      clients.push(client)
    } catch (error) {
      return String((error as { code?: unknown }).code)
    }
    if (clients.length > 20) throw new Error('it is never refused')
  }
}

describe('no connection is left', () => {
  const member = {
    rep_mode: 'sync',
    node_list: 'node1 node2',
    master_ip: '192.0.2.1',
    monitor_sql: 'select 1',
  }
  const asMember = {
    ...RECURRING,
    OCF_RESKEY_CRM_meta_on_node: 'node1',
    OCF_RESKEY_CRM_meta_master_max: '1',
    OCF_RESOURCE_INSTANCE: 'pgsql',
  }

  async function prepare(): Promise<void> {
    server.configure('max_connections = 8', 'superuser_reserved_connections = 3')
    const hba = join(server.dataDirectory, 'pg_hba.conf')
    writeFileSync(hba, `local all app,boss,watcher trust\n${readFileSync(hba, 'utf8')}`)
    await call('start')
    server.sql('create role app login; create role boss login superuser; create role watcher login')
  }

  test('for clients: the monitor takes one that is reserved, and all is well', async () => {
    await prepare()
    expect(await crowd('app')).toBe('53300')
    const { code, stderr } = await call('monitor')
    expect(code).toBe(0)
    expect(stderr).toBe('')
  })

  test('for a monitor_user who is no superuser: the server lives', async () => {
    await prepare()
    expect(await crowd('app')).toBe('53300')
    const { code, stderr, reason } = await call('monitor', { monitor_user: 'watcher', monitor_password: 'x' })
    expect({ code, reason }).toEqual({ code: 0, reason: undefined })
    expect(stderr).toMatch(
      /^WARNING: PostgreSQL lives, but has no connection left for the monitor \(remaining/,
    )
  })

  test('for anybody, by clients that are superusers: a primary is one still, a standby, too', async () => {
    await prepare()
    expect(await crowd('boss')).toBe('53300')
    for (const [params, env, expected] of [
      [{}, RECURRING, 0],
      [member, asMember, 8],
    ] as const) {
      const { code, stderr, reason } = await call('monitor', params, env)
      expect({ code, reason }).toEqual({ code: expected, reason: undefined })
      expect(stderr).toMatch(/WARNING: PostgreSQL lives, but has no connection left .*too many clients/)
    }
    await Promise.all(clients.splice(0).map((client) => client.end()))
    await call('stop')

    const standby = { rep_mode: 'slave', master_ip: '192.0.2.1' }
    server.configure('max_connections = 8')
    expect((await call('start', standby)).code).toBe(0)
    expect(await crowd('boss')).toBe('53300')
    expect((await call('monitor', member, asMember)).code).toBe(0)
  })
})

/** PostgreSQL 16 from its npm package; the packages are for this processor only. */
const POSTGRES_16 = join(__dirname, '../postgres/node_modules/postgres-16/native')

;(process.arch === 'x64' ? test : test.skip)(
  'a monitor_user with reserved_connections of PostgreSQL 16, where clients have taken all others',
  async () => {
    const bin = join(server.directory, 'postgres16/bin')
    mounts = await PrivateMounts.create(
      'mkdir "$1/postgres16"; mount --bind "$2" "$1/postgres16"; rm -r "$3"',
      server.directory,
      POSTGRES_16,
      server.dataDirectory,
    )
    const initdb = ['--auth=trust', '--no-sync', '--no-instructions', '-D', server.dataDirectory]
    mounts.run('runuser', '-u', 'postgres', '--', join(bin, 'initdb'), ...initdb)
    server.configure(
      `unix_socket_directories = '${server.directory}'`,
      "listen_addresses = ''",
      'max_connections = 8',
      'superuser_reserved_connections = 3',
      'reserved_connections = 2',
    )
    const params = { pgctl: join(bin, 'pg_ctl'), monitor_user: 'watcher', monitor_password: 'x' }
    expect((await call('start', params)).code).toBe(0)
    server.sql('create role app login; create role watcher login')
    expect(await crowd('app')).toBe('53300')
    expect(clients).toHaveLength(3)
    expect((await call('monitor', params)).stderr).toMatch(/PostgreSQL lives, but has no connection left/)
    server.sql('grant pg_use_reserved_connections to watcher')
    const { code, stderr } = await call('monitor', params)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  },
)

describe('its processes crash', () => {
  let killer: ChildProcess | undefined
  afterEach(() => {
    killer?.kill('SIGKILL')
  })

  /** A server whose recovery takes longer than its processes live. */
  async function crashLoop(): Promise<void> {
    server.configure('max_wal_size = 10GB', 'checkpoint_timeout = 1h')
    await call('start')
    server.sql('create table much as select generate_series(1, 1500000) as id')
    const script = `while sleep 0.05; do
      for child in $(pgrep -P ${server.postmaster} -f 'postgres: checkpointer'); do kill -KILL $child; done
    done`
    killer = spawn('bash', ['-c', script], { stdio: 'ignore' })
    await until('it crashes', () => fails('select 1'))
  }

  test('again and again: the monitor waits, says what for, and gives up; stop ends it', async () => {
    await crashLoop()
    const { postmaster } = server
    const { code, reason, seconds } = await timed('monitor', { monitor_timeout: '2' })
    expect(reason).toMatch(
      new RegExp(
        `^waited [23] s for PostgreSQL \\(process ${postmaster}\\) to take connections again: (?:the database system is|one of its processes crashed)`,
      ),
    )
    expect(code).toBe(1)
    expect(seconds).toBeGreaterThan(2)
    expect(seconds).toBeLessThan(5)
    expect(server.postmaster).toBe(postmaster)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('for a while: the monitor finds it well once it is', async () => {
    await crashLoop()
    const monitored = call('monitor', { monitor_timeout: '30' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    killer?.kill('SIGKILL')
    expect((await monitored).code).toBe(0)
  })
})

describe('the disk', () => {
  const dead = (what: string, type: string): RegExp =>
    new RegExp(`^${what}: I/O error \\(EIO\\) on ${server.dataDirectory} \\(${type}\\)`)

  test('of everything is full: it goes down, the monitor says where, the start refuses until there is room', async () => {
    mounts = await PrivateMounts.create(ONTO_TMPFS, server.dataDirectory, '100m')
    await call('start')
    // Leaves a file that the first session of a database makes.
    expect((await call('monitor')).stderr).toBe('')
    mounts.fill(server.dataDirectory)
    // It answers as long as it needs no new segment of WAL.
    const still = await call('monitor')
    expect(still.code).toBe(0)
    expect(still.stderr).toMatch(
      /WARNING: no space left on .*\(tmpfs\), 0\.0 MB free.*: PostgreSQL answers still/,
    )

    expect(fails('select pg_switch_wal(); create table t (); select pg_switch_wal()')).toBe(true)
    await until('it has gone down', () => server.processes().length === 0)
    const place = `no space left on ${server.dataDirectory} (tmpfs), `
    const monitored = await call('monitor')
    expect(monitored.code).toBe(7)
    expect(monitored.reason).toContain(`PostgreSQL is not running: ${place}`)
    expect(monitored.reason).toContain(`for ${server.dataDirectory}/pg_wal`)

    mounts.fill(server.dataDirectory)
    const refused = await call('start')
    expect(refused.code).toBe(1)
    expect(refused.reason).toContain(`not started: ${place}0.0 MB free`)
    mounts.empty(server.dataDirectory)
    expect((await call('start')).code).toBe(0)
  })

  test('of the data alone is full: it goes on, with a warning, unless it lets nobody in for that', async () => {
    mounts = await PrivateMounts.create(
      `mv "$1/pg_wal" "$1.wal"; ln -s "$1.wal" "$1/pg_wal"; ${ONTO_TMPFS}`,
      server.dataDirectory,
      '60m',
    )
    await call('start')
    expect((await call('monitor')).stderr).toBe('')
    mounts.fill(server.dataDirectory)
    expect(fails('create table t as select generate_series(1, 100000)')).toBe(true)
    const { code, stderr } = await call('monitor')
    expect(code).toBe(0)
    expect(stderr).toMatch(/WARNING: no space left on .*: PostgreSQL answers still; make room/)
    mounts.run('find', server.dataDirectory, '-name', 'pg_internal.init', '-delete')
    mounts.fill(server.dataDirectory)
    const refused = await call('monitor')
    expect(refused.code).toBe(1)
    expect(refused.reason).toMatch(/^PostgreSQL fails: no space left on /)
    expect(refused.stderr).toContain('could not write init file')
    expect((await call('stop')).code).toBe(0)
  })

  test.each([
    ['ext4', '160M'],
    ['xfs', '320M'],
  ])('(%s) is lost: the monitor says so; stop ends what runs, start refuses', async (type, size) => {
    mounts = await PrivateMounts.create(ONTO_DISK, server.dataDirectory, size, type)
    await call('start')
    mounts.breakDisk(server.dataDirectory)
    const monitored = await call('monitor')
    expect(monitored.code).toBe(1)
    expect(monitored.reason).toMatch(dead('PostgreSQL fails', type))
    const { code, seconds } = await timed('stop')
    expect(code).toBe(0)
    expect(seconds).toBeLessThan(15)
    expect(server.processes()).toEqual([])
    const after = await call('monitor')
    expect(after.code).toBe(7)
    expect(after.reason).toMatch(dead('PostgreSQL is not running', type))
    const started = await call('start')
    expect(started.code).toBe(1)
    expect(started.reason).toMatch(/^I\/O error \(EIO\) on /)
  })

  test('does not answer: what waits for it cannot be ended, and is named; once it answers, the stop ends', async () => {
    mounts = await PrivateMounts.create(ONTO_DISK, server.dataDirectory, '160M', 'ext4')
    await call('start')
    mounts.freeze(server.dataDirectory)
    const stuck = await call('stop', {}, { OCF_RESKEY_CRM_meta_timeout: '6000' })
    expect(stuck.code).toBe(1)
    expect(stuck.reason).toMatch(/^processes of .* do not end even by SIGKILL: \d+ \(state D\)/)
    mounts.thaw()
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })
})

describe('an account in a directory service that does not answer', () => {
  /** Takes postgres out of /etc/passwd, and has whatever else could say who that is wait for ever. */
  const SILENT = `
    grep -v '^postgres:' /etc/passwd >"$1.passwd"
    printf '#!/bin/sh\\nexec sleep 600\\n' >"$1.getent"
    chmod 755 "$1.getent"
    mount --bind "$1.passwd" /etc/passwd
    mount --bind "$1.getent" "$(command -v getent)"
  `

  test('a healthy server is stopped in order, by the number of the account that the data belongs to', async () => {
    await call('start')
    mounts = await PrivateMounts.create(SILENT, server.dataDirectory)
    const { code, stderr, seconds } = await timed('stop', {}, { OCF_RESKEY_CRM_meta_timeout: '20000' })
    expect(code).toBe(0)
    expect(stderr).toContain('PostgreSQL has stopped (fast)')
    expect(stderr).toMatch(
      /WARNING: pgdba: this host's name service did not answer: getent passwd postgres did not end in time; user \d+, to whom .*data belongs, is taken for postgres/,
    )
    expect(seconds).toBeLessThan(8)
    expect(server.exists('data/postmaster.pid')).toBe(false)
  })

  test('the monitor answers in time; a start says what it waits for', async () => {
    await call('start')
    mounts = await PrivateMounts.create(SILENT, server.dataDirectory)
    const monitored = await timed('monitor')
    expect(monitored.code).toBe(0)
    expect(monitored.seconds).toBeLessThan(8)
    await call('stop')
    const started = await timed('start')
    expect(started.code).toBe(1)
    expect(started.reason).toMatch(/^PostgreSQL is not started: this host's name service does not say /)
    expect(started.seconds).toBeLessThan(8)
  })
})
