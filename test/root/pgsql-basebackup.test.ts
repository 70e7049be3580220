/** rejoin=basebackup: the base backup, what it refuses, and that a crash at any point leaves a whole data directory. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { readBackupProgress } from '../../lib/postgres/base-backup'
import { emptyCib } from './support/cib'
import { agentPath, type AgentResult, callAgent } from './support/agent'
import { dieAtRename } from './support/die-at-rename'
import { ONTO_TMPFS, PrivateMounts } from './support/private-mounts'
import { asPostgres, idOf, PG_BIN, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

let primary: TestServer
/** The old primary, whose data is to be replaced. */
let old: TestServer
let mounts: PrivateMounts | undefined

// Two servers made from one template are of one system: the second is a base backup of the first.
beforeEach(() => {
  primary = TestServer.create()
  old = TestServer.create()
  primary.configure('wal_level = replica', 'max_wal_senders = 4', 'log_replication_commands = on')
  old.configure("work_mem = '7MB'")
  asPostgres(
    `${PG_BIN}/pg_ctl`,
    '-D',
    primary.dataDirectory,
    '-l',
    join(primary.directory, 'log'),
    '-w',
    'start',
  )
  primary.sql('create table of_the_primary as select 1 as id')
})
afterEach(() => {
  mounts?.close()
  mounts = undefined
  old.destroy()
  primary.destroy()
})
afterAll(removeTemplate)

interface Options {
  readonly params?: Record<string, string>
  readonly env?: Record<string, string>
  readonly through?: readonly string[]
}

/** The action that the agent begins by itself, in the background. */
const rejoin = ({ params, env, ...others }: Options = {}): Promise<AgentResult> =>
  callAgent('pgsql', 'rejoin', {
    params: {
      ...old.params,
      rep_mode: 'async',
      rejoin: 'basebackup',
      node_list: 'a b',
      // A host that is a directory is that of the unix socket.
      master_ip: primary.directory,
      crm_attr_timeout: '1',
      ...params,
    },
    env: {
      OCF_RESKEY_CRM_meta_on_node: 'a',
      OCF_RESKEY_CRM_meta_promotable: 'true',
      OCF_RESOURCE_INSTANCE: 'db',
      ...emptyCib(),
      ...env,
    },
    ...others,
  })

const follow = (action: string): Promise<AgentResult> =>
  callAgent('pgsql', action, {
    params: { ...old.params, rep_mode: 'slave', master_ip: primary.directory },
    env: { OCF_RESKEY_CRM_meta_on_node: 'a' },
  })

const beside = (word: string): string[] =>
  readdirSync(dirname(old.dataDirectory)).filter((name) =>
    name.startsWith(`${basename(old.dataDirectory)}${word}`),
  )
const lockFile = (): string => join(old.directory, 'tmp/PGSQL.lock')
const note = (): Record<string, unknown> =>
  JSON.parse(readFileSync(join(old.directory, 'tmp/rejoin.json'), 'utf8')) as Record<string, unknown>

function lock(): void {
  const [uid, gid] = [idOf('-u', 'postgres'), idOf('-g', 'postgres')]
  mkdirSync(dirname(lockFile()), { recursive: true, mode: 0o700 })
  writeFileSync(lockFile(), '')
  for (const path of [dirname(lockFile()), lockFile()]) chownSync(path, uid, gid)
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`)
    await pause(20)
  }
}

/** It is the primary's data, and a server can be started on it as a standby. */
async function expectStandby(): Promise<void> {
  expect(await follow('start')).toMatchObject({ code: 0, reason: undefined })
  expect(old.sql('select pg_is_in_recovery()')).toBe('t')
  expect(old.sql('select id from of_the_primary')).toBe('1')
  expect(old.sql('show work_mem')).toBe('7MB')
  const names = 'select application_name from pg_stat_replication'
  await eventually('it streams', () => primary.sql(names) === 'a')
}

test('a copy of the primary is put in the place of the old data, with the own configuration of the node', async () => {
  const before = statSync(old.dataDirectory)
  chmodSync(old.dataDirectory, 0o750)
  writeFileSync(join(old.directory, 'key'), 'key')
  symlinkSync('../key', join(old.dataDirectory, 'server.key'))
  lock()
  const result = await rejoin()
  expect(result.code).toBe(0)
  expect(note()).toMatchObject({ state: 'done', method: 'basebackup', attempts: 1 })
  expect(existsSync(lockFile())).toBe(false)
  expect(readdirSync(join(old.directory, 'tmp')).sort()).toEqual(['rejoin.json', 'rejoin.lock'])
  const [diverged = '', ...more] = beside('.diverged-')
  expect([diverged, more]).toEqual([expect.stringMatching(/\.diverged-\d{8}T\d{6}Z$/), []])
  expect(statSync(join(old.directory, diverged)).ino).toBe(before.ino)
  expect(beside('.new-')).toEqual([])
  const { uid, gid, mode } = statSync(old.dataDirectory)
  expect([uid, gid, mode & 0o777]).toEqual([before.uid, before.gid, 0o750])
  expect(lstatSync(join(old.dataDirectory, 'server.key')).isSymbolicLink()).toBe(true)
  expect(primary.sql('select count(*) from pg_replication_slots')).toBe('0')
  // Commits must not wait for what is no standby.
  expect(readFileSync(join(primary.directory, 'log'), 'utf8')).toMatch(/BASE_BACKUP/)
  await expectStandby()
})

test.each([
  ['set up by root', 'root'],
  ['of the account itself', 'postgres'],
])('the directory above is %s', async (_, user) => {
  execFileSync('chown', [user, old.directory])
  mkdirSync(join(old.directory, 'tmp'), { mode: 0o700 })
  execFileSync('chown', ['postgres', join(old.directory, 'tmp')])
  chmodSync(old.directory, 0o755)
  expect((await rejoin()).code).toBe(0)
  expect(note()).toMatchObject({ state: 'done' })
  execFileSync('chown', ['postgres', old.directory])
  expect(lstatSync(old.dataDirectory).uid).toBe(idOf('-u', 'postgres'))
})

test('a primary that has no slot to give', async () => {
  primary.configure('max_replication_slots = 0')
  asPostgres(
    `${PG_BIN}/pg_ctl`,
    '-D',
    primary.dataDirectory,
    '-l',
    join(primary.directory, 'log'),
    '-w',
    'restart',
  )
  await rejoin()
  expect(note()).toMatchObject({ state: 'done' })
  await expectStandby()
})

/** What is refused before anything is written. */
async function expectRefusal(reason: RegExp | string, options?: Options): Promise<void> {
  lock()
  const names = readdirSync(old.directory).sort()
  await rejoin(options)
  const { state, reason: said } = note()
  expect([state, said]).toEqual(['failed', expect.stringMatching(reason)])
  expect(String(said).length).toBeLessThanOrEqual(127)
  expect(String(said)).not.toContain("'")
  expect(existsSync(lockFile())).toBe(true)
  expect(readdirSync(old.directory).sort()).toEqual(names)
  expect(existsSync(join(old.dataDirectory, 'PG_VERSION'))).toBe(true)
}

test('pgdata is a link', async () => {
  renameSync(old.dataDirectory, `${old.dataDirectory}.real`)
  symlinkSync(`${old.dataDirectory}.real`, old.dataDirectory)
  await expectRefusal(
    /^pgdata: \S+ is a symbolic link, which cannot be replaced: set pgdata to where it leads$/,
  )
})

test('pg_wal is a link', async () => {
  renameSync(join(old.dataDirectory, 'pg_wal'), join(old.directory, 'wal'))
  symlinkSync(join(old.directory, 'wal'), join(old.dataDirectory, 'pg_wal'))
  await expectRefusal(
    /^pg_wal is a symbolic link: set rejoin=rewind, or take a base backup by hand \(--waldir\)$/,
  )
})

test('there are tablespaces', async () => {
  symlinkSync(old.directory, join(old.dataDirectory, 'pg_tblspc/16384'))
  await expectRefusal(/^there are tablespaces outside of pgdata \(1\): set rejoin=rewind, or/)
})

test('pgdata is a mount point, or there is one in it', async () => {
  mounts = await PrivateMounts.create(ONTO_TMPFS, old.dataDirectory, '100M')
  await expectRefusal(
    /^pgdata: \S+ is a mount point, which cannot be replaced: move the data into a directory in it$/,
    {
      through: mounts.agent('pgsql'),
    },
  )
  mounts.close()
  mounts = await PrivateMounts.create('mount -t tmpfs tmpfs "$1"', join(old.dataDirectory, 'pg_stat'))
  await expectRefusal(/pg_stat is a mount point in pgdata: set rejoin=rewind, or/, {
    through: mounts.agent('pgsql'),
  })
})

test('there is too little room beside pgdata', async () => {
  const outside = mkdtempSync('/tmp/ocf-ts-room-')
  try {
    // The directory above pgdata, with all that is in it, is on a small file system.
    mounts = await PrivateMounts.create(
      'mount -t tmpfs -o size=90M,mode=755 tmpfs "$2"; cp --archive -- "$1" "$2/data"; chown postgres: "$2"',
      old.dataDirectory,
      outside,
    )
    lock()
    await rejoin({
      through: mounts.agent('pgsql'),
      params: { pgdata: `${outside}/data`, config: old.configFile },
    })
    expect(note()).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^a base backup needs \d+ MB beside pgdata, \d+ MB are free: make room$/),
    })
    expect(mounts.run('ls', outside).trim()).toBe('data')
    expect(existsSync(lockFile())).toBe(true)
  } finally {
    rmSync(outside, { recursive: true })
  }
})

test('tmpdir is in pgdata', async () => {
  await rejoin({ params: { tmpdir: join(old.dataDirectory, 'tmp') } })
  const text = readFileSync(join(old.dataDirectory, 'tmp/rejoin.json'), 'utf8')
  expect(JSON.parse(text)).toMatchObject({
    state: 'failed',
    reason: 'tmpdir: it lies in pgdata, which a base backup replaces: set it to another',
  })
})

test('the primary lets nobody in for a base backup', async () => {
  primary.configure('max_wal_senders = 1')
  asPostgres(
    `${PG_BIN}/pg_ctl`,
    '-D',
    primary.dataDirectory,
    '-l',
    join(primary.directory, 'log'),
    '-w',
    'restart',
  )
  await expectRefusal(
    /^max_wal_senders of the primary is too low: a base backup takes two, beside the standbys$/,
  )
})

test('pg_basebackup is killed: nothing is left of it, and the old data is in its place', async () => {
  lock()
  const working = rejoin({ params: { rejoin_max_rate: '32' } })
  await eventually('it copies', () =>
    beside('.new-').some((name) => readdirSync(join(old.directory, name)).length > 1),
  )
  const [fresh = ''] = beside('.new-')
  // By its directory: there may be others on this machine.
  execFileSync('pkill', ['-KILL', '-f', `^\\S*pg_basebackup .*--pgdata ${join(old.directory, fresh)} `])
  expect((await working).code).toBe(0)
  expect(note()).toMatchObject({ state: 'failed' })
  expect(beside('.')).toEqual([])
  expect(existsSync(lockFile())).toBe(true)
  expect(await follow('start')).toMatchObject({ code: 0 })
})

test.each<[string, 'before' | 'after', string, string]>([
  ['before the swap is noted', 'before', 'swap.json$', 'old'],
  ['after it is noted', 'after', 'swap.json$', 'old'],
  ['between the two renames', 'after', '\\.diverged-', 'none'],
  ['after both', 'after', '/data$', 'new'],
])('the worker is killed %s', async (_, when, target, left) => {
  lock()
  const killed = await rejoin({ env: dieAtRename(when, target) })
  expect(killed.code).toBe(-1)
  expect(existsSync(lockFile())).toBe(true)
  const isNew = (): boolean => !readFileSync(old.configFile, 'utf8').includes('fsync = off\nwal_level')
  expect([existsSync(old.dataDirectory), beside('.diverged-').length, beside('.new-').length]).toEqual(
    left === 'old' ? [true, 0, 1] : left === 'none' ? [false, 1, 1] : [true, 1, 0],
  )
  // A start cannot publish anything here, but what is fixed comes first.
  await callAgent('pgsql', 'start', {
    params: {
      ...old.params,
      rep_mode: 'async',
      rejoin: 'basebackup',
      node_list: 'a b',
      master_ip: primary.directory,
    },
    env: {
      OCF_RESKEY_CRM_meta_on_node: 'a',
      OCF_RESKEY_CRM_meta_promotable: 'true',
      OCF_RESOURCE_INSTANCE: 'db',
      ...emptyCib(),
    },
  })
  expect(existsSync(join(old.dataDirectory, 'PG_VERSION'))).toBe(true)
  expect(existsSync(join(old.directory, 'tmp/swap.json'))).toBe(false)
  expect(existsSync(lockFile())).toBe(left === 'old')
  if (left === 'old') {
    expect(beside('.diverged-')).toEqual([])
    await rejoin()
  }
  expect(isNew()).toBe(true)
  expect(beside('.diverged-')).toHaveLength(1)
  expect(beside('.new-')).toEqual([])
  await expectStandby()
})

test('the worker is killed while it copies: the next one starts again, and removes what it left', async () => {
  lock()
  const working = rejoin({
    params: { rejoin_max_rate: '32' },
    through: ['setsid', '--wait', process.execPath, agentPath('pgsql')],
  })
  await eventually('it copies', () =>
    beside('.new-').some((name) => readdirSync(join(old.directory, name)).length > 1),
  )
  const [fresh = ''] = beside('.new-')
  const { pid } = note().worker as { pid: number }
  process.kill(pid, 'SIGKILL')
  await working
  execFileSync('pkill', ['-KILL', '-f', `^\\S*pg_basebackup .*--pgdata ${join(old.directory, fresh)} `])
  expect(existsSync(join(old.dataDirectory, 'PG_VERSION'))).toBe(true)
  expect(beside('.new-')).toEqual([fresh])
  await rejoin()
  expect(note()).toMatchObject({ state: 'done', attempts: 2 })
  expect(beside('.new-')).toEqual([])
  await expectStandby()
})

test('a password is on no command line', async () => {
  primary.sql("create role rep login replication password 'se cret'")
  writeFileSync(
    join(primary.dataDirectory, 'pg_hba.conf'),
    'local all postgres peer\nlocal replication rep scram-sha-256\n',
  )
  primary.sql('select pg_reload_conf()')
  const params = { repuser: 'rep', rejoin_max_rate: '8192' }
  await rejoin({ params: { ...params, primary_conninfo_opt: "password='no'" } })
  expect(note()).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/password authentication failed/),
  })
  const working = rejoin({ params: { ...params, primary_conninfo_opt: "password='se cret'" } })
  let commandLines = ''
  await eventually('it copies', () => {
    commandLines = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    return /pg_basebackup --dbname service=ocf-ts/.test(commandLines)
  })
  expect(commandLines).not.toContain('se cret')
  const { stderr } = await working
  expect(stderr).not.toContain('se cret')
  expect(note()).toMatchObject({ state: 'done' })
  expect(readdirSync(join(old.directory, 'tmp')).sort()).toEqual(['rejoin.json', 'rejoin.lock'])
})

test('the primary goes down meanwhile: the base backup is started again when there is one again', async () => {
  const working = rejoin({ params: { rejoin_max_rate: '8192' } })
  await eventually('it copies', () =>
    beside('.new-').some((name) => readdirSync(join(old.directory, name)).length > 1),
  )
  const stop = [
    '-D',
    primary.dataDirectory,
    '-l',
    join(primary.directory, 'log'),
    '-m',
    'immediate',
    '-w',
    'restart',
  ]
  asPostgres(`${PG_BIN}/pg_ctl`, ...stop)
  expect((await working).stderr).toMatch(/the base backup is started again: /)
  expect(note()).toMatchObject({ state: 'done', attempts: 1 })
  expect(beside('.new-')).toEqual([])
  await expectStandby()
})

test('after a pg_rewind that was cut off, the configuration of this node is what was kept', async () => {
  lock()
  const tmp = dirname(lockFile())
  mkdirSync(join(tmp, 'kept'))
  writeFileSync(join(tmp, 'kept/postgresql.auto.conf'), "work_mem = '7MB'\n")
  writeFileSync(join(tmp, 'kept/postgresql.conf'), readFileSync(old.configFile))
  writeFileSync(join(tmp, 'rewinding.json'), '{"since":"2026-01-01T00:00:00Z","boot":"another"}')
  execFileSync('chown', ['-R', 'postgres:', tmp])
  // The primary's, as far as pg_rewind came.
  writeFileSync(old.configFile, readFileSync(primary.configFile))
  await rejoin()
  expect(readdirSync(tmp).sort()).toEqual(['rejoin.json', 'rejoin.lock'])
  await expectStandby()
})

test('rejoin_keep: so many are kept, and the oldest of the others go once the new standby is up', async () => {
  for (const name of ['.diverged-20250101T000000Z', '.diverged-20260101T000000Z', '.diverged-by-hand']) {
    mkdirSync(old.dataDirectory + name, { recursive: true })
    execFileSync('chown', ['postgres:', old.dataDirectory + name])
    execFileSync('runuser', ['-u', 'postgres', '--', 'touch', join(old.dataDirectory + name, 'data')])
  }
  const working = rejoin({ params: { rejoin_keep: '2' } })
  await eventually('the data is new', () => {
    return existsSync(join(old.directory, 'tmp/rejoin.json')) && note().state === 'done'
  })
  expect(beside('.diverged-')).toHaveLength(4)
  await expectStandby()
  await working
  const kept = beside('.diverged-').sort()
  expect(kept).toEqual([
    'data.diverged-20260101T000000Z',
    expect.stringMatching(/^data\.diverged-20\d{6}T\d{6}Z$/),
    'data.diverged-by-hand',
  ])
})

test('progress is what pg_basebackup prints', () => {
  expect(
    readBackupProgress('    0/23456 kB (0%), 0/1 tablespace\n 5864/23456 kB (25%), 0/1 tablespace\n'),
  ).toEqual({
    totalBytes: 23456 * 1024,
    percent: 25,
  })
  expect(readBackupProgress('waiting for checkpoint\n')).toBeUndefined()
})

/** What `ocf-ts clone` has this node do. */
function clone(env: Record<string, string> = {}): { readonly status: number | null; readonly said: string } {
  const params = { ...old.params, rep_mode: 'async', node_list: 'a b', master_ip: primary.directory }
  const variables = {
    ...Object.fromEntries(Object.entries(params).map(([name, value]) => [`OCF_RESKEY_${name}`, value])),
    OCF_RESKEY_CRM_meta_on_node: 'a',
    OCF_RESOURCE_INSTANCE: 'db',
  }
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(agentPath('pgsql'), '../../../bin/ocf-ts'), 'node-clone'],
    {
      env: { PATH: '/usr/bin:/bin', OCF_ROOT: '/usr/lib/ocf', ...env },
      input: JSON.stringify({ variables, replace: true, from: '', maxRate: 0 }),
      encoding: 'utf8',
    },
  )
  return { status, said: stdout }
}

test.each<[string, 'before' | 'after', string]>([
  ['between the two renames', 'after', '\\.replaced-'],
  ['after both', 'after', '/data$'],
])(
  'a clone is killed %s: the next one, or the start, finishes it, and what is there starts as a standby',
  async (_, when, target) => {
    lock()
    expect(clone(dieAtRename(when, target)).status).toBe(null)
    expect(beside('.replaced-')).toHaveLength(1)
    // Whoever starts it by hand now gets no second primary.
    const there = existsSync(old.dataDirectory)
      ? old.dataDirectory
      : join(old.directory, beside('.new-')[0] ?? '')
    expect(existsSync(join(there, 'standby.signal'))).toBe(true)
    const { said } = clone()
    expect(said).toContain('a swap that was cut off is finished')
    expect(said).toContain('"event":"done"')
    expect([beside('.replaced-').length, beside('.new-').length]).toEqual([1, 0])
    expect(existsSync(lockFile())).toBe(false)
    expect(existsSync(join(old.directory, 'tmp/swap.json'))).toBe(false)
    await expectStandby()
  },
)

test('a clone puts what was there aside, also in an empty directory', () => {
  expect(clone().said).toContain('"event":"done"')
  expect(beside('.replaced-')).toHaveLength(1)
  rmSync(old.dataDirectory, { recursive: true })
  asPostgres('install', '-d', '-m', '700', old.dataDirectory)
  expect(clone().said).toContain('"event":"done"')
  expect([beside('.replaced-').length, beside('.new-').length]).toEqual([1, 0])
})
