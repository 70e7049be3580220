/** `ocf-ts init` on a real PostgreSQL of this host, stopped and running, without a cluster. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { type InitReport } from '../../cli/init/make'
import { asPostgres, PG_BIN, PG_MAJOR, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

const TOOL = resolve(__dirname, '../../dist/bin/ocf-ts')
let server: TestServer
let plan: string

/** What it listens on, when that is every address, is nothing of this machine's. */
const netns = `ocfts-init-${process.pid}`
beforeAll(() => {
  execFileSync('ip', ['netns', 'add', netns])
})
afterAll(() => {
  execFileSync('ip', ['netns', 'delete', netns])
})

const inside = (...argv: string[]) => ['netns', 'exec', netns, ...argv]

beforeEach(() => {
  server = TestServer.create()
  server.configure('max_connections = 40', 'archive_mode = on', "archive_command = 'true'")
  plan = join(server.directory, 'plan.yaml')
  const { pgctl, pgdata, logfile, tmpdir, socketdir } = server.params
  writeFileSync(
    plan,
    `nodes: [node1, node2]
writer: 192.168.100.163/24,eth0
replication: 192.168.2.3/24,eth2
pgsql: {pgctl: ${pgctl}, pgdata: ${pgdata}, logfile: ${logfile}, tmpdir: ${tmpdir}, socketdir: ${socketdir}, rejoin: rewind, restore_command: cp /archive/%f %p}
`,
  )
})
afterEach(() => {
  server.destroy()
})
afterAll(removeTemplate)

function init(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    'ip',
    inside(process.execPath, TOOL, 'init', '--file', plan, ...args),
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  return { code: status, stdout, stderr }
}

function report(...args: string[]): InitReport & { code: number | null } {
  const { code, stdout, stderr } = init('--json', ...args)
  if (stdout === '') throw new Error(stderr)
  return { ...(JSON.parse(stdout) as InitReport), code }
}

const lacking = ({ findings }: InitReport) =>
  findings.filter(({ state }) => state !== 'ok').map(({ name, state }) => `${name} ${state}`)

const file = (name: string) => readFileSync(join(server.dataDirectory, name), 'utf8')

function start(): void {
  const control = [
    `${PG_BIN}/pg_ctl`,
    '-D',
    server.dataDirectory,
    '-w',
    '-s',
    '-l',
    join(server.directory, 'log'),
    'start',
  ]
  execFileSync('ip', inside('runuser', '-u', 'postgres', '--', ...control), { cwd: '/', stdio: 'ignore' })
}

test('a server that is stopped: looked at, made, nothing left to do', () => {
  const before = report('--check')
  expect(before).toMatchObject({ code: 1, server: 'stopped', version: Number(PG_MAJOR), made: [] })
  expect(lacking(before)).toEqual([
    'wal_log_hints lacks',
    'wal_keep_size lacks',
    'listen_addresses lacks',
    'pg_hba.conf lacks',
    'pg_hba.conf lacks',
    'pg_hba.conf lacks',
    'control file lacks',
  ])
  const untouched = [file('postgresql.auto.conf'), file('pg_hba.conf')]

  const asked = init()
  expect(asked.code).toBe(3)
  expect(asked.stderr).toContain('ocf-ts: this asks first: Make these changes on ')
  expect([file('postgresql.auto.conf'), file('pg_hba.conf')]).toEqual(untouched)

  const made = init('--yes')
  expect(made.code).toBe(0)
  expect(made.stderr).toMatch(/^the password of postgres belongs in ~\/\.pgpass of .*\n$/)
  expect(made.stdout).toContain('made: wal_log_hints=on, wal_keep_size=1GB, listen_addresses=* in ')
  expect(made.stdout).toContain('made: 3 lines in ')
  expect(made.stdout).toContain(
    'made: PostgreSQL run once, alone, to record its settings in the control file',
  )
  for (const name of ['postgresql.auto.conf', 'pg_hba.conf']) {
    expect(
      execFileSync('stat', ['-c', '%U %a', join(server.dataDirectory, name)], { encoding: 'utf8' }),
    ).toBe('postgres 600\n')
  }
  const done = [file('postgresql.auto.conf'), file('pg_hba.conf')]
  expect(report('--yes')).toMatchObject({ code: 0, made: [] })
  expect([file('postgresql.auto.conf'), file('pg_hba.conf')]).toEqual(done)

  // It starts as the standby that the cluster starts first.
  asPostgres('touch', join(server.dataDirectory, 'standby.signal'))
  start()
  expect(server.sql('select pg_is_in_recovery()')).toBe('t')
})

test('a server that runs: by SQL, reloaded; a restart only where it is agreed to', () => {
  start()
  const postmaster = server.postmaster
  const made = report('--yes')
  expect(made).toMatchObject({ code: 1, server: 'running' })
  expect(lacking(made)).toEqual(['wal_log_hints waits', 'listen_addresses waits'])
  expect(made.made.at(-1)).toBe('configuration reloaded')
  expect(server.sql('show wal_keep_size')).toBe('1GB')
  expect(
    server.sql(
      "select count(*) from pg_hba_file_rules where 'replication' = any(database) and address = '192.168.2.0'",
    ),
  ).toBe('1')
  expect(init('--yes').stderr).toContain(
    'wal_log_hints, listen_addresses: take effect when PostgreSQL is restarted (--restart does it)',
  )
  expect(server.postmaster).toBe(postmaster)

  const restarted = report('--restart')
  expect(restarted).toMatchObject({ code: 0, made: ['PostgreSQL restarted'] })
  expect(server.postmaster).not.toBe(postmaster)
  expect(server.sql('show wal_log_hints')).toBe('on')
  expect(report('--check')).toMatchObject({ code: 0 })
})

test('what cannot be looked at is said', () => {
  server.configure("include = 'gone.conf'")
  const broken = init('--check')
  expect(broken.code).toBe(1)
  expect(broken.stderr).toMatch(/^ocf-ts: .*postgresql\.conf cannot be read: .*gone\.conf/)
  asPostgres('rm', join(server.dataDirectory, 'PG_VERSION'))
  const empty = init('--check')
  expect(empty.code).toBe(1)
  expect(empty.stderr).toContain(
    'holds no database (no PG_VERSION): run initdb or pg_basebackup, or set pgdata',
  )
  expect(existsSync(join(server.dataDirectory, 'standby.signal'))).toBe(false)
  expect(statSync(server.dataDirectory).isDirectory()).toBe(true)
})
