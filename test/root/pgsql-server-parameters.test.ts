/** The parameters that say how the server is started and stopped, each seen at work on a real server. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { callAgent } from './support/agent'
import { idOf, PG_BIN, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

let server: TestServer
beforeEach(() => {
  server = TestServer.create()
})
afterEach(() => {
  server.destroy()
})
afterAll(removeTemplate)

const call = (action: string, params: Record<string, string> = {}, env: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...server.params, ...params }, env })

const SUCCESS = { code: 0, reason: undefined }

function logged(): string {
  return readFileSync(join(server.directory, 'log'), 'utf8')
}

function giveToPostgres(path: string): void {
  execFileSync('chown', ['-R', 'postgres:postgres', '--', path])
}

describe('pgctl', () => {
  /** A pg_ctl that notes how it was called. */
  function wrapper(directory: string): string {
    const path = join(server.directory, directory)
    mkdirSync(path, { mode: 0o755 })
    const calls = join(server.directory, 'calls')
    writeFileSync(join(path, 'my_pg_ctl'), `#!/bin/sh\nid -un >>'${calls}'\nexec ${PG_BIN}/pg_ctl "$@"\n`)
    chmodSync(join(path, 'my_pg_ctl'), 0o755)
    return path
  }
  const calls = (): string => readFileSync(join(server.directory, 'calls'), 'utf8')

  test('a program elsewhere is the one that is used, as pgdba', async () => {
    const pgctl = join(wrapper(`it's here`), 'my_pg_ctl')
    expect(await call('start', { pgctl })).toMatchObject(SUCCESS)
    expect(calls()).toBe('postgres\n')
    expect(await call('monitor', { pgctl })).toMatchObject(SUCCESS)
    expect(await call('stop', { pgctl })).toMatchObject(SUCCESS)
  })

  test('a name alone is looked for in PATH', async () => {
    const PATH = `${wrapper('bin')}:/usr/bin:/bin`
    expect(await call('start', { pgctl: 'my_pg_ctl' }, { PATH })).toMatchObject(SUCCESS)
    expect(calls()).toBe('postgres\n')
  })

  test.each([
    ['a directory', () => PG_BIN],
    ['a file that is no program', () => server.configFile],
  ])('%s', async (_, path) => {
    const { code, reason } = await call('start', { pgctl: path() })
    expect(code).toBe(5)
    expect(reason).toMatch(/^pgctl: there is no program '.*' here: install PostgreSQL, or set pgctl/)
  })
})

describe('pgdata', () => {
  test('with slashes at its end it is the same directory', async () => {
    const pgdata = `${server.dataDirectory}//`
    expect(await call('start', { pgdata })).toMatchObject(SUCCESS)
    expect((await call('monitor')).code).toBe(0)
    expect((await call('monitor', { pgdata })).code).toBe(0)
    expect(await call('stop', { pgdata })).toMatchObject(SUCCESS)
    expect(server.processes()).toEqual([])
  })

  test('one of another account is refused before PostgreSQL refuses it', async () => {
    execFileSync('chmod', ['-R', 'go+rX', '--', server.directory])
    for (const action of ['validate-all', 'start']) {
      const { code, reason } = await call(action, { pgdba: 'nobody' })
      expect(code).toBe(4)
      expect(reason).toBe(
        `pgdata: ${server.dataDirectory} does not belong to nobody: set pgdba to the account that owns it`,
      )
    }
  })
})

describe('start_opt', () => {
  test('the server gets the options, with what a shell makes of quotes', async () => {
    const start_opt = `-c work_mem=7MB -c "log_line_prefix=a 'b' " -N 23`
    expect(await call('start', { start_opt })).toMatchObject(SUCCESS)
    expect(server.sql('show work_mem')).toBe('7MB')
    expect(server.sql('show log_line_prefix')).toBe(`a 'b'`)
    expect(server.sql('show max_connections')).toBe('23')
  })

  test('an option that there is not: the server says which', async () => {
    const { code, reason } = await call('start', { start_opt: '-c no_such_setting=1' })
    expect(code).toBe(1)
    expect(reason).toMatch(/^PostgreSQL did not start: .*no_such_setting/)
  })

  test('a quote that is not closed', async () => {
    const { code, reason } = await call('start', { start_opt: `-c "a=b` })
    expect(code).toBe(6)
    expect(reason).toBe(
      `start_opt: '-c "a=b' is not allowed; set start_opt to options in which every quote is closed`,
    )
  })
})

describe('ctl_opt', () => {
  test('pg_ctl gets the options, with what a shell makes of quotes', async () => {
    const ctl_opt = `-c -o '-c work_mem=7MB'  -o "-c \\"log_line_prefix=a 'b' \\""`
    expect(await call('start', { ctl_opt, start_opt: '-N 23' })).toMatchObject(SUCCESS)
    expect(server.sql('show work_mem')).toBe('7MB')
    expect(server.sql('show log_line_prefix')).toBe(`a 'b'`)
    expect(server.sql('show max_connections')).toBe('23')
    // -c: core files, as large as they get.
    expect(readFileSync(`/proc/${server.postmaster}/limits`, 'utf8')).toMatch(/core file size +(\S+) +\1 /)
  })

  test('not to wait, or not for long: start is done when the server is, all the same', async () => {
    expect(await call('start', { ctl_opt: '-W -t 1' })).toMatchObject(SUCCESS)
    expect(logged()).toContain('ready to accept connections')
  })

  test('an option that there is not: pg_ctl says which', async () => {
    const { code, reason } = await call('start', { ctl_opt: '--nonsense' })
    expect(code).toBe(1)
    expect(reason).toMatch(/^PostgreSQL did not start: .*unrecognized option '--nonsense'/)
  })

  test('a quote that is not closed', async () => {
    const { code, reason } = await call('start', { ctl_opt: `-o '-p 5433` })
    expect(code).toBe(6)
    expect(reason).toMatch(/^ctl_opt: .* set ctl_opt to options in which every quote is closed$/)
  })
})

describe('pglibs', () => {
  const librariesOf = (pid: number): string | undefined =>
    /(?:^|\0)LD_LIBRARY_PATH=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))?.[1]

  test.each([
    ['alone', {}, '/opt/pg/lib'],
    ['behind what is there', { LD_LIBRARY_PATH: '/a:/b' }, '/a:/b:/opt/pg/lib'],
  ])('%s', async (_, env, expected) => {
    expect(await call('start', { pglibs: '/opt/pg/lib' }, env)).toMatchObject(SUCCESS)
    expect(librariesOf(server.postmaster)).toBe(expected)
  })
})

describe('config', () => {
  /** As Debian has it: everything in a directory of its own, nothing in the data directory. */
  function moveConfiguration(): string {
    const directory = join(server.directory, `et'c`)
    mkdirSync(directory)
    for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf']) {
      renameSync(join(server.dataDirectory, name), join(directory, name))
    }
    const config = join(directory, 'postgresql.conf')
    const quote = (path: string): string => `'${path.replaceAll("'", "''")}'`
    appendFileSync(
      config,
      `data_directory = ${quote(server.dataDirectory)}
       hba_file = ${quote(join(directory, 'pg_hba.conf'))}
       ident_file = ${quote(join(directory, 'pg_ident.conf'))}\n`,
    )
    giveToPostgres(directory)
    return config
  }

  test("elsewhere, as in Debian's packages", async () => {
    const config = moveConfiguration()
    for (const action of ['validate-all', 'start', 'monitor']) {
      expect(await call(action, { config })).toMatchObject(SUCCESS)
    }
    expect(server.sql('show config_file')).toBe(config)
    expect(await call('stop', { config })).toMatchObject(SUCCESS)
  })

  test('a standby has its settings included there', async () => {
    const config = moveConfiguration()
    const params = { config, rep_mode: 'slave', master_ip: server.directory }
    expect(await call('start', params, { OCF_RESKEY_CRM_meta_on_node: 'node1' })).toMatchObject(SUCCESS)
    expect(readFileSync(config, 'utf8')).toContain(`include '${server.directory}/tmp/recovery.conf'`)
    expect(server.sql('show primary_conninfo')).toContain(`host=${server.directory} `)
    expect(statSync(config)).toMatchObject({ uid: idOf('-u', 'postgres'), mode: 0o100600 })
  })

  test('of two, the one that is named is the one that counts', async () => {
    const config = join(server.directory, 'other.conf')
    copyFileSync(server.configFile, config)
    appendFileSync(config, "cluster_name = 'other'\n")
    giveToPostgres(config)
    await call('start', { config })
    expect(server.sql('show cluster_name')).toBe('other')
    await call('stop')
    await call('start')
    expect(server.sql('show cluster_name')).toBe('')
  })

  test.each(['validate-all', 'start'])('one that pgdba may not read: %s', async (action) => {
    const config = moveConfiguration()
    chownSync(config, 0, 0)
    const { code, reason } = await call(action, { config })
    expect(code).toBe(4)
    expect(reason).toBe(`config: ${config} cannot be read: let postgres read it`)
  })
})

describe('logfile', () => {
  test("gets the server's words, behind those that are there; only pgdba may read it", async () => {
    const logfile = join(server.directory, `lo'g file`)
    await call('start', { logfile })
    await call('stop', { logfile })
    await call('start', { logfile })
    expect(readFileSync(logfile, 'utf8').match(/ready to accept connections/g)).toHaveLength(2)
    expect(statSync(logfile)).toMatchObject({ uid: idOf('-u', 'postgres'), mode: 0o100600 })
  })

  test("in a directory of root's, as /var/log is", async () => {
    const directory = mkdtempSync('/var/tmp/ocf-ts-log-')
    try {
      chmodSync(directory, 0o755)
      const logfile = join(directory, 'postgresql.log')
      expect(await call('start', { logfile })).toMatchObject(SUCCESS)
      expect(readFileSync(logfile, 'utf8')).toContain('ready to accept connections')
      expect(statSync(logfile)).toMatchObject({ uid: idOf('-u', 'postgres'), mode: 0o100600 })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test("in a directory of root's inside one of pgdba's, who could put anything in its place", async () => {
    const directory = join(server.directory, 'log.d')
    mkdirSync(directory, { mode: 0o755 })
    expect((await call('start', { logfile: join(directory, 'postgresql.log') })).code).toBe(4)
    expect(readdirSync(directory)).toEqual([])
  })

  test.each([
    ['in a directory that there is not', () => join(server.directory, 'none', 'log')],
    [
      'that belongs to root',
      () => {
        const path = join(server.directory, 'root.log')
        writeFileSync(path, '', { mode: 0o644 })
        return path
      },
    ],
    ['that is a directory', () => server.dataDirectory],
  ])('one %s', async (_, path) => {
    const logfile = path()
    const { code, reason } = await call('start', { logfile })
    expect(code).toBe(4)
    expect(reason).toBe(
      `logfile: postgres cannot write to ${logfile}: give it the file, or set logfile to another`,
    )
    expect(server.processes()).toEqual([])
  })

  test('without one nobody knows why a server does not start, but how to find out', async () => {
    server.configure('no_such_setting = 1')
    const { code, reason } = await call('start', { logfile: '' })
    expect(code).toBe(1)
    expect(reason).toBe('PostgreSQL did not start: set logfile to a file to see why')
  })
})

describe('stop_escalate and stop_escalate_in_slave', () => {
  const MEMBER = { rep_mode: 'sync', node_list: 'node1 node2', master_ip: '192.168.2.3' }
  const CLONE = { OCF_RESKEY_CRM_meta_on_node: 'node1', OCF_RESKEY_CRM_meta_promoted_max: '1' }
  let client: ChildProcess | undefined

  beforeEach(async () => {
    server.configure("log_line_prefix = '%n '")
    expect(await call('start')).toMatchObject(SUCCESS)
  })
  afterEach(() => {
    client?.kill()
    client = undefined
  })

  /** A session that a fast shutdown cannot end, because its process is suspended. */
  async function stuckSession(): Promise<number> {
    const query = 'select pg_sleep(600)'
    const args = [
      '-u',
      'postgres',
      '--',
      'psql',
      '-X',
      '-h',
      server.directory,
      '-d',
      'template1',
      '-c',
      query,
    ]
    client = spawn('runuser', args, { stdio: 'ignore' })
    const find = `select coalesce(min(pid), 0) from pg_stat_activity where query = '${query}'`
    await eventually(() => Number(server.sql(find)) > 0)
    const pid = Number(server.sql(find))
    process.kill(pid, 'SIGSTOP')
    return pid
  }

  /** When the server was asked for a shutdown of this kind, in seconds. */
  const asked = (kind: 'fast' | 'immediate'): number =>
    Number(new RegExp(`^([\\d.]+) .*received ${kind} shutdown request`, 'm').exec(logged())?.[1] ?? NaN)

  async function eventually(done: () => boolean): Promise<void> {
    const end = Date.now() + 20_000
    while (!done()) {
      if (Date.now() > end) throw new Error('waited 20 s in vain')
      await pause(20)
    }
  }

  test.each([
    ['stop', 'stop_escalate', 1, { stop_escalate: '1', stop_escalate_in_slave: '60' }, {}],
    [
      'stop of a standby',
      'stop_escalate_in_slave',
      1,
      { ...MEMBER, stop_escalate: '60', stop_escalate_in_slave: '1' },
      CLONE,
    ],
    [
      'demote of a primary',
      'stop_escalate',
      6,
      { ...MEMBER, stop_escalate: '6', stop_escalate_in_slave: '60' },
      CLONE,
    ],
    [
      'demote of a primary, which has written a checkpoint',
      'at least 5',
      5,
      { ...MEMBER, stop_escalate: '1', stop_escalate_in_slave: '60' },
      CLONE,
    ],
  ])(
    '%s: the immediate shutdown comes %s seconds after the fast one',
    async (what, _, seconds, params, env) => {
      const pid = await stuckSession()
      const ended = call(what.split(' ')[0] ?? '', params, env)
      await eventually(() => !Number.isNaN(asked('immediate')))
      process.kill(pid, 'SIGCONT')
      expect((await ended).code).toBe(0)
      expect(server.processes()).toEqual([])
      const waited = asked('immediate') - asked('fast')
      expect(waited).toBeGreaterThanOrEqual(seconds - 0.05)
      expect(waited).toBeLessThan(seconds + 4)
    },
  )

  test('a fast shutdown that is done in time is left to end', async () => {
    const pid = await stuckSession()
    const ended = call('stop', { stop_escalate: '20' })
    await eventually(() => !Number.isNaN(asked('fast')))
    await pause(1000)
    process.kill(pid, 'SIGCONT')
    expect((await ended).code).toBe(0)
    expect(asked('immediate')).toBeNaN()
    expect(execFileSync(`${PG_BIN}/pg_controldata`, [server.dataDirectory], { encoding: 'utf8' })).toMatch(
      /state: +shut down\n/,
    )
  })

  test('0 is an immediate shutdown at once', async () => {
    expect((await call('stop', { stop_escalate: '0' })).code).toBe(0)
    expect(asked('fast')).toBeNaN()
    expect(asked('immediate')).not.toBeNaN()
  })

  test('the timeout of the operation shortens it', async () => {
    const pid = await stuckSession()
    const ended = call('stop', { stop_escalate: '90' }, { OCF_RESKEY_CRM_meta_timeout: '16000' })
    await eventually(() => !Number.isNaN(asked('immediate')))
    process.kill(pid, 'SIGCONT')
    expect((await ended).code).toBe(0)
    expect(asked('immediate') - asked('fast')).toBeLessThan(5)
  })
})

describe('a demotion whose fast shutdown hangs', () => {
  const PARAMS = {
    rep_mode: 'sync',
    node_list: 'node1 node2',
    master_ip: '192.168.2.3',
    stop_escalate: '60',
  }
  const ENV = {
    OCF_RESKEY_CRM_meta_on_node: 'node1',
    OCF_RESKEY_CRM_meta_promoted_max: '1',
    OCF_RESKEY_CRM_meta_timeout: '90000',
    // It is not started again afterwards, which takes a cluster.
    OCF_RESKEY_CRM_meta_notify_stop_uname: 'node1',
  }
  const lockFile = (): string => join(server.directory, 'tmp', 'PGSQL.lock')

  /** Demotes what was a primary; the shutdown has to be a clean one, and to be over soon. */
  async function demote(): Promise<string> {
    mkdirSync(join(server.directory, 'tmp'), { mode: 0o700 })
    writeFileSync(lockFile(), '')
    giveToPostgres(join(server.directory, 'tmp'))
    const begun = Date.now()
    const { code, stderr } = await call('demote', PARAMS, ENV)
    expect(code).toBe(0)
    expect(Date.now() - begun).toBeLessThan(20_000)
    expect(server.processes()).toEqual([])
    expect(stderr).toContain('PostgreSQL has stopped (fast)')
    expect(readFileSync(lockFile(), 'utf8')).toMatch(/"checkpoint":"[\dA-F/]+"/)
    return stderr
  }

  test('on an archive_command that does not return: it is ended, and what it has not archived is named', async () => {
    server.configure('archive_mode = on', `archive_command = 'sleep 600'`)
    expect(await call('start')).toMatchObject(SUCCESS)
    server.sql('create table t (); select pg_switch_wal()')
    const stderr = await demote()
    expect(stderr).toMatch(
      /WARNING: the shutdown is complete, and archive_command has not ended: the rest is ended; not in the archive: [\dA-F]{24}/,
    )
  })

  test('on a subscriber of logical replication that does not read: its connection is ended', async () => {
    server.configure('wal_level = logical')
    expect(await call('start')).toMatchObject(SUCCESS)
    const url = `host=${server.directory} dbname=template1 user=postgres`
    const slot = ['-S', 'stuck', '-d', url]
    const receive = ['runuser', '-u', 'postgres', '--', `${PG_BIN}/pg_recvlogical`, ...slot]
    execFileSync(receive[0] ?? '', [...receive.slice(1), '--create-slot'], { cwd: '/' })
    const start = ['--start', '-f', join(server.directory, 'changes')]
    const reader = spawn('setsid', [...receive, ...start], { stdio: 'ignore', cwd: '/' })
    try {
      const active = `select coalesce(min(active_pid), 0) from pg_replication_slots`
      const end = Date.now() + 20_000
      while (server.sql(active) === '0') {
        if (Date.now() > end) throw new Error('the subscriber has not come within 20 s')
        await pause(20)
      }
      execFileSync('pkill', ['-STOP', '-s', String(reader.pid), 'pg_recvlogical'])
      server.sql(`create table t as select g, repeat('x', 500) from generate_series(1, 20000) g`)
      const stuck = `select sent_lsn < pg_current_wal_lsn() from pg_stat_replication`
      expect(server.sql(stuck)).toBe('t')
      const stderr = await demote()
      expect(stderr).toMatch(/WARNING: the shutdown waits for 1 subscribers of logical replication/)
    } finally {
      process.kill(-(reader.pid ?? 0), 'SIGKILL')
    }
  })
})
