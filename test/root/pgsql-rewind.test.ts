/** rejoin=rewind on two real servers, without a cluster: what pg_rewind needs, and what becomes of this node's own files. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Context } from '../../agents/pgsql/agent'
import { parameters } from '../../agents/pgsql/parameters'
import { rejoinByRewind } from '../../agents/pgsql/rejoin-rewind'
import { bootId } from '../../agents/pgsql/rejoin-note'
import { readReplicatedSite, readSiteVersion, type ReplicatedSite } from '../../agents/pgsql/site'
import { startPlain } from '../../agents/pgsql/start-standby'
import { Deadline, OcfError } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { readParameters } from '../../lib/ocf/parameters'
import { tryLock } from '../../lib/system/file-lock'
import { emptyCib } from './support/cib'
import { asPostgres, PG_BIN, removeTemplate, TestServer } from './support/server'
import { readmeBlock } from '../unit/support/readme-blocks'

jest.setTimeout(180_000)

const pgCtl = (server: TestServer, ...words: string[]): string =>
  asPostgres(
    `${PG_BIN}/pg_ctl`,
    '-w',
    '-s',
    '-D',
    server.dataDirectory,
    '-l',
    join(server.directory, 'log'),
    ...words,
  )

const own = (...paths: string[]): void => {
  execFileSync('chown', ['-R', 'postgres:postgres', '--', ...paths])
}

function crash(server: TestServer): void {
  for (const pid of server.processes()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  const wait = new Int32Array(new SharedArrayBuffer(4))
  while (server.processes().length > 0) Atomics.wait(wait, 0, 0, 10)
  // Nobody may have collected the postmaster yet, and PostgreSQL takes it for one that lives.
  rmSync(join(server.directory, '.s.PGSQL.5432.lock'), { force: true })
}

/** Makes `copy` a copy of `original`, which has stopped. */
function copyServer(original: TestServer, copy: TestServer): void {
  rmSync(copy.dataDirectory, { recursive: true })
  cpSync(original.dataDirectory, copy.dataDirectory, { recursive: true, preserveTimestamps: true })
  copy.configure(`unix_socket_directories = '${copy.directory}'`)
  own(copy.dataDirectory)
}

/**
 * A primary, and a server that was it: that one has gone on after the other was promoted, and crashed. Made once; a
 * test gets copies.
 */
class Pair {
  constructor(
    readonly old: TestServer,
    readonly primary: TestServer,
  ) {}

  static make(...settings: string[]): Pair {
    const pair = new Pair(TestServer.create(), TestServer.create())
    const { old, primary } = pair
    old.configure('wal_level = replica', 'wal_keep_size = 1GB', 'logging_collector = off', ...settings)
    writeFileSync(
      join(old.dataDirectory, 'pg_hba.conf'),
      'local all postgres peer\nlocal replication replicator scram-sha-256\nlocal postgres replicator scram-sha-256\n',
    )
    pgCtl(old, 'start')
    old.sql(`create role replicator login replication password 'it''s secret'`)
    old.sql('create table both_have as select generate_series(1, 1000) as id')
    pgCtl(old, 'stop')
    copyServer(old, primary)
    writeFileSync(join(primary.dataDirectory, 'standby.signal'), '')
    pgCtl(primary, 'start')
    pgCtl(primary, 'promote')
    primary.sql('create table only_primary as select generate_series(1, 1000) as id')
    pgCtl(old, 'start')
    old.sql('create table only_old as select generate_series(1, 1000) as id')
    crash(old)
    pgCtl(primary, 'stop')
    return pair
  }

  /** A pair of its own for a test; its primary runs. */
  copy(): Pair {
    const pair = new Pair(TestServer.create(), TestServer.create())
    copyServer(this.old, pair.old)
    copyServer(this.primary, pair.primary)
    pgCtl(pair.primary, 'start')
    return pair
  }

  destroy(): void {
    this.old.destroy()
    this.primary.destroy()
  }
}

let hinting: Pair
let plain: Pair
let pair: Pair
let messages: string[]
let phases: string[]

beforeAll(() => {
  hinting = Pair.make('wal_log_hints = on')
  plain = Pair.make()
})
beforeEach(() => {
  pair = hinting.copy()
})
afterEach(() => {
  pair.destroy()
})
afterAll(() => {
  hinting.destroy()
  plain.destroy()
  removeTemplate()
})

function contextOf(params: Record<string, string>): Context {
  const { old, primary } = pair
  Object.assign(process.env, emptyCib())
  const passfile = join(old.directory, 'passfile')
  writeFileSync(passfile, `*:*:*:replicator:it's secret\n`, { mode: 0o600 })
  own(passfile)
  const env = readEnvironment(
    {
      OCF_RESOURCE_INSTANCE: 'pgsql',
      OCF_RESKEY_CRM_meta_on_node: 'node1',
      OCF_RESKEY_CRM_meta_promotable: 'true',
    },
    'pgsql',
  )
  const { values, problems } = readParameters(
    parameters,
    {
      ...old.params,
      psql: '/usr/bin/psql',
      rep_mode: 'async',
      node_list: 'node1 node2',
      master_ip: primary.directory,
      repuser: 'replicator',
      primary_conninfo_opt: `passfile=${passfile}`,
      rejoin: 'rewind',
      ...params,
    },
    env,
  )
  expect(problems).toEqual([])
  const say = (message: string): void => void messages.push(message)
  return {
    values,
    env,
    variables: {},
    action: 'rejoin',
    probe: false,
    problems: [],
    deadline: new Deadline(50_000),
    log: { error: say, warning: say, info: say, debug: say, exitReason: say },
    explain: undefined,
  }
}

async function rejoin(params: Record<string, string> = {}): Promise<ReplicatedSite> {
  messages = []
  phases = []
  const context = contextOf(params)
  const site = await readReplicatedSite(context)
  mkdirSync(site.tmpdir, { recursive: true })
  own(site.tmpdir)
  const lock = await tryLock(site.instance.owner, site.files.rejoinLock)
  if (!lock) throw new Error('the lock is taken')
  try {
    await rejoinByRewind({
      context,
      site,
      version: readSiteVersion(site),
      lockFd: lock.fd,
      report: (phase) => void phases.push(phase),
      afterwards: () => undefined,
    })
  } finally {
    lock.release()
  }
  return site
}

async function refusal(params: Record<string, string> = {}): Promise<OcfError> {
  const error: unknown = await rejoin(params).catch((reason: unknown) => reason)
  if (!(error instanceof OcfError)) throw new Error(`no refusal: ${String(error)}`)
  expect(error.reason.length).toBeLessThanOrEqual(127)
  expect(error.reason).not.toContain("'")
  return error
}

/** What repuser may do, so that pg_rewind works. */
function grant(): void {
  for (const name of [
    'pg_ls_dir(text, boolean, boolean)',
    'pg_stat_file(text, boolean)',
    'pg_read_binary_file(text)',
    'pg_read_binary_file(text, bigint, bigint, boolean)',
  ]) {
    asPostgres(
      'psql',
      '-q',
      '-h',
      pair.primary.directory,
      '-d',
      'postgres',
      '-c',
      `grant execute on function ${name} to replicator`,
    )
  }
}

const inTmpdir = (name: string): string => join(pair.old.directory, 'tmp', name)

/** The old primary comes up as a standby of the other, and has its data. */
function expectCopy(): void {
  const { old, primary } = pair
  writeFileSync(join(old.dataDirectory, 'standby.signal'), '')
  own(join(old.dataDirectory, 'standby.signal'))
  old.configure(`primary_conninfo = 'host=${primary.directory} user=postgres'`)
  pgCtl(old, 'start')
  expect(old.sql(`select count(*) from both_have, (select count(*) from only_primary) as one`)).toBe('1000')
  expect(old.sql(`select to_regclass('only_old') is null, pg_is_in_recovery()`)).toBe('t|t')
}

describe('the right to read the files of the primary', () => {
  test('repuser, who is no superuser, is told which grants he lacks, and does with those', async () => {
    const before = readFileSync(join(pair.old.dataDirectory, 'global/pg_control'))
    const { reason, detail } = await refusal()
    expect(reason).toBe(
      'repuser: replicator may not read files of the primary, as pg_rewind must: see rejoin in the README',
    )
    expect(readFileSync(join(pair.old.dataDirectory, 'global/pg_control'))).toEqual(before)
    const [database, grants = ''] = (detail ?? '').split(/(?<=^in database \w+): /)
    expect(database).toBe('in database postgres')
    const inReadme = readmeBlock('without-a-person-rejoinrewind/1').replaceAll(
      ' to repuser',
      ' to replicator',
    )
    const functions = (text: string): readonly string[] =>
      [...text.matchAll(/pg_catalog\.\w+\([^)]*\)/g)].map(([name]) => name).sort()
    expect(functions(grants)).toEqual(functions(inReadme))
    asPostgres('psql', '-q', '-h', pair.primary.directory, '-d', 'postgres', '-c', inReadme)
    await rejoin()
    // Its primary has written a checkpoint since its promotion: there is nothing to wait for.
    expect([...new Set(phases)]).toEqual(['recovers', 'compares', 'copies'])
    expectCopy()
  })

  test('a database that pg_hba.conf lets nobody into', async () => {
    const error = await refusal({
      primary_conninfo_opt: `passfile=${join(pair.old.directory, 'passfile')} dbname=template1`,
    })
    expect(error.reason).toBe(
      'repuser: replicator gets into no database of the primary, as pg_rewind must: see pg_hba.conf there',
    )
    expect(error.detail).toContain('database template1')
    expect(error.detail).toContain('no pg_hba.conf entry')
    expect(error.detail).not.toContain('secret')
  })
})

test('configuration, keys and whatever else an operator has put into the data directory stay as they are', async () => {
  grant()
  const { old, primary } = pair
  const directory = old.dataDirectory
  mkdirSync(join(directory, 'conf.d'))
  const files = {
    'postgresql.conf': `${readFileSync(old.configFile, 'utf8')}# node1's\n`,
    'postgresql.auto.conf': "work_mem = '7MB'\n",
    'pg_hba.conf': `${readFileSync(join(directory, 'pg_hba.conf'), 'utf8')}# node1's\n`,
    'server.key': Buffer.from([0, 255, 10, 128]),
    'conf.d/node.conf': '',
  }
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), content, { mode: 0o600 })
  own(directory)
  writeFileSync(join(primary.dataDirectory, 'postgresql.auto.conf'), "work_mem = '9MB'\n")
  await rejoin()
  for (const [name, content] of Object.entries(files)) {
    expect([name, readFileSync(join(directory, name))]).toEqual([name, Buffer.from(content)])
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
  }
  expect(readdirSync(join(old.directory, 'tmp'))).toEqual(['rejoin.lock'])
  expectCopy()
  expect(old.sql('show work_mem')).toBe('7MB')
})

test.each([
  ['of itself, where repuser may not tell it to', 'alter role replicator connection limit 5'],
  ['at once, where repuser may tell it to', 'grant pg_checkpoint to replicator'],
])('a primary that has just been promoted writes its first checkpoint %s', async (_, statement) => {
  grant()
  const { primary } = pair
  primary.sql(statement)
  primary.sql('create table in_memory as select generate_series(1, 10000) as id')
  crash(primary)
  rmSync(join(primary.dataDirectory, 'postmaster.pid'))
  writeFileSync(join(primary.dataDirectory, 'standby.signal'), '')
  pgCtl(primary, 'start')
  pgCtl(primary, 'promote')
  const timelines = (): string =>
    primary.sql(
      'select left(pg_walfile_name(pg_current_wal_lsn()), 8)::int, timeline_id from pg_control_checkpoint()',
    )
  expect(timelines()).toBe('3|2')
  await rejoin()
  expect([...new Set(phases)]).toEqual(['waits for a checkpoint', 'recovers', 'compares', 'copies'])
  expect(timelines()).toBe('3|3')
  const waited = messages.some((message) => message.startsWith('the primary'))
  expect(waited).toBe(statement.startsWith('alter'))
  expectCopy()
})

describe('WAL that pg_rewind needs, and that this node has removed', () => {
  const archive = (): string => join(pair.old.directory, 'archive')
  /** All before that in which a recovery begins. */
  function moveOldWal(): void {
    const { old } = pair
    pgCtl(old, 'start')
    // Every switch begins another file.
    for (let index = 0; index < 3; index += 1)
      old.sql(`select pg_switch_wal(); create table t${index} (i int)`)
    old.sql('checkpoint')
    const first = old.sql(`select pg_walfile_name(redo_lsn) from pg_control_checkpoint()`)
    crash(old)
    const wal = join(old.dataDirectory, 'pg_wal')
    mkdirSync(archive(), { recursive: true })
    for (const name of readdirSync(wal).filter((file) => /^[0-9A-F]{24}$/.test(file) && file < first)) {
      cpSync(join(wal, name), join(archive(), name))
      rmSync(join(wal, name))
    }
    own(archive())
  }

  test('where there is no archive, it says so, and has changed nothing', async () => {
    grant()
    moveOldWal()
    const { reason, detail } = await refusal()
    expect(reason).toMatch(/^WAL of this node since the fork is gone/)
    expect(detail).toContain('pg_rewind: error: ')
    expect(existsSync(inTmpdir('rewinding.json'))).toBe(false)
  })

  test('it is fetched with restore_command, also where postgresql.conf lies elsewhere', async () => {
    grant()
    moveOldWal()
    const { old } = pair
    const config = join(old.directory, 'etc/postgresql.conf')
    const restore = `cp '${archive()}/%f' %p`
    mkdirSync(join(old.directory, 'etc'))
    writeFileSync(
      config,
      `${readFileSync(old.configFile, 'utf8')}\nhba_file = '${old.dataDirectory}/pg_hba.conf'\n`,
    )
    rmSync(old.configFile)
    own(join(old.directory, 'etc'))
    await rejoin({ config, restore_command: restore })
    cpSync(config, old.configFile)
    own(old.configFile)
    expectCopy()
  })
})

test('data without checksums and hints is refused, and left as it is', async () => {
  pair.destroy()
  pair = plain.copy()
  grant()
  expect((await refusal()).reason).toBe(
    'pg_rewind needs data checksums or wal_log_hints=on, which this data has not: take a base backup',
  )
})

test('a tmpdir in pgdata would be removed by pg_rewind', async () => {
  const tmpdir = join(pair.old.dataDirectory, 'tmp')
  expect((await refusal({ tmpdir })).reason).toMatch(/^tmpdir: it lies in pgdata/)
})

describe('after pg_rewind was cut off', () => {
  const mark = async (text: object): Promise<void> => {
    mkdirSync(join(pair.old.directory, 'tmp'), { recursive: true })
    writeFileSync(inTmpdir('rewinding.json'), JSON.stringify(text))
    own(join(pair.old.directory, 'tmp'))
    await Promise.resolve()
  }

  test('no server is started on what it has left', async () => {
    await mark({ since: 'noon', boot: bootId() })
    const context = contextOf({})
    const site = await readReplicatedSite(context)
    await expect(startPlain(context, site)).rejects.toThrow(
      'not started: pg_rewind was cut off here, the data is not whole: set rejoin=basebackup, or take a base backup',
    )
  })

  test.each([
    ['the host has gone down since', { since: 'noon', boot: 'another' }],
    [
      'the control file is another',
      {
        since: 'noon',
        boot: bootId(),
        before: { checkpoint: '0000000000000001', timeline: 1, state: 'shut down' },
      },
    ],
    ['the mark cannot be read', {}],
  ])('it is not repeated where %s', async (_, text) => {
    await mark(text)
    expect((await refusal()).reason).toBe(
      'pg_rewind was cut off and cannot be repeated: set rejoin=basebackup',
    )
    expect(existsSync(inTmpdir('rewinding.json'))).toBe(true)
  })

  test('where it had ended well, only the node’s own files are put back', async () => {
    await mark({ since: 'noon', boot: 'another', done: true })
    mkdirSync(inTmpdir('kept'))
    writeFileSync(inTmpdir('kept/pg_hba.conf'), '# mine\n')
    own(inTmpdir('kept'))
    await rejoin()
    expect(phases).toEqual([])
    expect(readFileSync(join(pair.old.dataDirectory, 'pg_hba.conf'), 'utf8')).toBe('# mine\n')
    expect(existsSync(inTmpdir('rewinding.json'))).toBe(false)
  })
})
