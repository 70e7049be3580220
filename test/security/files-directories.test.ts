/** Directories that root makes for the database's account: none that is there is given away, and no link leads root on. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { changeConfigFile } from '../../lib/postgres/config-file'
import { type AgentResult, callAgent } from '../root/support/agent'
import { openOwnedLog } from '../../lib/system/owned-files'
import { emptyCib } from '../root/support/cib'
import { idOf, removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(180_000)

const uid = idOf('-u', 'postgres')
const gid = idOf('-g', 'postgres')

let server: TestServer
/** Root's own, and nobody else may write to it. */
let roots: string

beforeEach(() => {
  server = TestServer.create()
  roots = mkdtempSync('/var/tmp/ocf-ts-roots-')
  chmodSync(roots, 0o755)
})
afterEach(() => {
  server.destroy()
  rmSync(roots, { recursive: true, force: true })
})
afterAll(removeTemplate)

const FOLLOWER = { rep_mode: 'slave', master_ip: '192.168.2.3' }

const call = (action: string, params: Record<string, string>): Promise<AgentResult> =>
  callAgent('pgsql', action, {
    params: { ...server.params, ...params },
    env: { OCF_RESKEY_CRM_meta_on_node: 'node1', ...emptyCib() },
  })

function asOwner(...command: string[]): void {
  execFileSync('runuser', ['-u', 'postgres', '--', ...command], { cwd: '/' })
}

/** A directory with something in it, of root's, as it was. */
function valuable(name: string): string {
  const path = join(roots, name)
  mkdirSync(path, { mode: 0o755 })
  writeFileSync(join(path, 'config'), 'as it was\n')
  return path
}

function expectUntouched(path: string, names: readonly string[] = ['config']): void {
  expect(statSync(path)).toMatchObject({ uid: 0, gid: 0, mode: 0o40755 })
  expect(readdirSync(path)).toEqual(names)
}

describe('tmpdir', () => {
  test.each(['validate-all', 'start'])(
    'is a directory of root: %s refuses it, and says why',
    async (action) => {
      const tmpdir = valuable('etc')
      const { code, reason } = await call(action, { ...FOLLOWER, tmpdir })
      expect([code, reason]).toEqual([
        4,
        `tmpdir: ${tmpdir} belongs to root, not to postgres: set tmpdir to another`,
      ])
      expectUntouched(tmpdir)
      expect(server.processes()).toEqual([])
    },
  )

  test.each([
    ['/etc', 'slave'],
    ['/run', 'slave'],
    ['/etc', 'none'],
  ])('%s is refused by validate-all (rep_mode=%s)', async (tmpdir, rep_mode) => {
    const before = statSync(tmpdir)
    const { code, reason } = await call('validate-all', { ...FOLLOWER, rep_mode, tmpdir })
    expect([code, reason]).toEqual([
      4,
      `tmpdir: ${tmpdir} belongs to root, not to postgres: set tmpdir to another`,
    ])
    expect(statSync(tmpdir)).toMatchObject({ uid: before.uid, mode: before.mode })
  })

  test('a third account has it, or has the directory above', async () => {
    const theirs = join(roots, 'theirs')
    mkdirSync(theirs)
    chownSync(theirs, idOf('-u', 'nobody'), idOf('-g', 'nobody'))
    for (const action of ['validate-all', 'start']) {
      expect(await call(action, { ...FOLLOWER, tmpdir: theirs })).toMatchObject({
        code: 4,
        reason: `tmpdir: ${theirs} belongs to user ${idOf('-u', 'nobody')}, not to postgres: set tmpdir to another`,
      })
      expect(await call(action, { ...FOLLOWER, tmpdir: join(theirs, 'tmp') })).toMatchObject({
        code: 4,
        reason: expect.stringContaining(`would lie in ${theirs}, which belongs to nobody`),
      })
    }
    expect(readdirSync(theirs)).toEqual([])
  })

  test('a component above is a link that the account has laid to what is root’s', async () => {
    const tree = valuable('tree')
    mkdirSync(join(tree, 'run'), { mode: 0o755 })
    asOwner('ln', '-s', tree, join(server.directory, 'ha'))
    // There already, or to be made.
    for (const name of ['run', 'new', 'new/er']) {
      const { code, reason } = await call('start', {
        ...FOLLOWER,
        tmpdir: join(server.directory, 'ha', name),
      })
      expect([code, reason]).toEqual([4, expect.stringContaining('tmpdir: ')])
    }
    expectUntouched(tree, ['config', 'run'])
    expectUntouched(join(tree, 'run'), [])
  })

  test('the link appears while root is on its way', async () => {
    const tree = valuable('tree')
    const way = join(server.directory, 'ha')
    // As fast as can be: a directory, a link, a directory.
    const script = 'while :; do mkdir "$1"; rmdir "$1"; ln -s "$2" "$1"; rm "$1"; done 2>/dev/null'
    const swapping = execFileSync('bash', [
      '-c',
      `setsid runuser -u postgres -- bash -c '${script}' swap "$1" "$2" >/dev/null 2>&1 & echo $!`,
      'start',
      way,
      tree,
    ])
      .toString()
      .trim()
    try {
      const { makePrivateDirectory } = await import('../../lib/system/owned-files')
      const postgres = { name: 'postgres', uid, gid }
      const end = Date.now() + 3000
      while (Date.now() < end) {
        try {
          makePrivateDirectory(postgres, `${way}/config.d`)
        } catch {
          // It was in its way.
        }
      }
    } finally {
      execFileSync('pkill', ['-KILL', '-s', swapping])
    }
    expectUntouched(tree)
  })

  test('is made where it always was: below what is root’s, below what is the account’s, by way of root’s links', async () => {
    mkdirSync(join(roots, 'lib'))
    symlinkSync('lib', join(roots, 'var'))
    symlinkSync(server.directory, join(roots, 'home'))
    for (const tmpdir of [
      join(roots, 'pgsql/tmp'),
      join(roots, 'var/pgsql/tmp'),
      join(roots, 'home/deep/tmp'),
      join(server.directory, 'deep/er/tmp'),
    ]) {
      expect(await call('validate-all', { ...FOLLOWER, tmpdir })).toMatchObject({ code: 0 })
      expect(existsSync(tmpdir)).toBe(false)
      expect(await call('start', { ...FOLLOWER, tmpdir })).toMatchObject({ code: 0 })
      expect(statSync(tmpdir)).toMatchObject({ uid, gid, mode: 0o40700 })
      expect(readdirSync(tmpdir).sort()).toEqual(['recovery.conf', 'resource.json'])
      expect(await call('stop', { ...FOLLOWER, tmpdir })).toMatchObject({ code: 0 })
    }
    expect(statSync(join(roots, 'pgsql'))).toMatchObject({ uid: 0, mode: 0o40755 })
    expect(statSync(join(server.directory, 'deep'))).toMatchObject({ uid, gid })
  })
})

describe('config in a directory that everybody may write to, as /tmp', () => {
  const owner = { name: 'postgres', uid, gid }
  const shared = (): string => {
    const path = join(roots, 'shared')
    mkdirSync(path)
    chmodSync(path, 0o1777)
    return path
  }
  const change = (path: string): boolean => changeConfigFile(owner, path, (text) => `${text}changed\n`)

  test('a link of an account’s own leads root nowhere', () => {
    const tree = valuable('etc')
    const path = join(shared(), 'postgresql.conf')
    asOwner('ln', '-s', join(tree, 'config'), path)
    expect(() => change(path)).toThrow(`${path} is a symbolic link that does not belong to root`)
    expectUntouched(tree)
  })

  test('a file of an account’s own is not changed', () => {
    const path = join(shared(), 'postgresql.conf')
    asOwner('sh', '-c', `echo his > '${path}'`)
    expect(() => change(path)).toThrow(`${path} does not belong to root`)
    expect(readFileSync(path, 'utf8')).toBe('his\n')
  })

  test('root’s own file and root’s own link to one are changed', () => {
    const directory = shared()
    const path = join(directory, 'postgresql.conf')
    writeFileSync(path, '')
    symlinkSync('postgresql.conf', join(directory, 'link'))
    expect(change(path)).toBe(true)
    expect(change(join(directory, 'link'))).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe('changed\nchanged\n')
    expect(lstatSync(path).uid).toBe(0)
  })
})

describe('logfile', () => {
  test('in a directory that a link of the account leads to: nothing is made there', async () => {
    const tree = valuable('cron.d')
    asOwner('ln', '-s', tree, join(server.directory, 'logs'))
    const logfile = join(server.directory, 'logs/postgresql')
    expect(await call('start', { logfile })).toMatchObject({
      code: 4,
      reason: expect.stringContaining(`logfile: postgres cannot write to ${logfile}`),
    })
    expectUntouched(tree)
  })

  test('that is a link to a file of root’s, or a pipe', async () => {
    const file = join(valuable('etc'), 'config')
    asOwner('ln', '-s', file, join(server.directory, 'link'))
    asOwner('mkfifo', join(server.directory, 'pipe'))
    for (const name of ['link', 'pipe']) {
      const begun = Date.now()
      expect(await call('start', { logfile: join(server.directory, name) })).toMatchObject({
        code: 4,
        reason: expect.stringContaining('logfile: postgres cannot write to '),
      })
      // Without an end it would be the action's own time, 60 s.
      expect(Date.now() - begun).toBeLessThan(40_000)
    }
    expect(readFileSync(file, 'utf8')).toBe('as it was\n')
    expect(lstatSync(file).uid).toBe(0)
  })

  test('of the devices, /dev/null only', () => {
    const owner = { name: 'postgres', uid, gid }
    closeSync(openOwnedLog(owner, '/dev/null'))
    const link = join(server.directory, 'link')
    for (const device of ['/dev/zero', '/dev/full', '/dev/random']) {
      asOwner('ln', '-sfn', device, link)
      expect(() => openOwnedLog(owner, link)).toThrow(`${link} is not a regular file`)
    }
  })

  test('a new one in a directory of root’s is made and given, as in /var/log', async () => {
    const logfile = join(roots, 'postgresql.log')
    expect(await call('start', { logfile })).toMatchObject({ code: 0 })
    expect(statSync(logfile)).toMatchObject({ uid, gid, mode: 0o100600 })
    expect(readFileSync(logfile, 'utf8')).toContain('ready to accept connections')
  })
})

describe('directories that the account names in postgresql.conf', () => {
  test('version 15 knows no stats_temp_directory, and none is made', async () => {
    const named = join(roots, 'systemd/system/evil.service.d')
    server.configure(`stats_temp_directory = '${named}'`)
    expect((await call('start', {})).code).toBe(1)
    expect(readdirSync(roots)).toEqual([])
  })

  test('before 15 it is made with the rights of the account, and nowhere else', async () => {
    const { isBelowPackagesDirectory, makeRuntimeDirectories } =
      await import('../../agents/pgsql/runtime-directories')
    const instance = {
      dataDirectory: server.dataDirectory,
      owner: { name: 'postgres', uid, gid },
      configFile: server.configFile,
      socketDirectory: '',
    } as Parameters<typeof makeRuntimeDirectories>[0]
    const named = join(roots, 'systemd/system/evil.service.d')
    server.configure(`stats_temp_directory = '${named}'`)
    expect(() => {
      makeRuntimeDirectories(instance, 14)
    }).toThrow(/^stats_temp_directory: .* cannot be made/)
    expect(readdirSync(roots)).toEqual([])
    asOwner('ln', '-s', roots, join(server.directory, 'link'))
    server.configure(`stats_temp_directory = '${server.directory}/link/stats'`)
    expect(() => {
      makeRuntimeDirectories(instance, 14)
    }).toThrow(/cannot be made/)
    expect(readdirSync(roots)).toEqual([])
    server.configure(`stats_temp_directory = '${server.directory}/run/14-main.pg_stat_tmp'`)
    makeRuntimeDirectories(instance, 14)
    expect(statSync(`${server.directory}/run/14-main.pg_stat_tmp`)).toMatchObject({ uid, gid, mode: 0o40700 })
    expect(isBelowPackagesDirectory('/run/postgresql/14-main.pg_stat_tmp')).toBe(true)
    expect(isBelowPackagesDirectory('/var/run/postgresql/14-main.pg_stat_tmp')).toBe(true)
    for (const path of ['/run/nologin', '/run/postgresql', '/run/postgresql.d/x', '/run/systemd/system/x'])
      expect(isBelowPackagesDirectory(path)).toBe(false)
  })
})

test('socketdir by way of a link of the account', async () => {
  const tree = valuable('tree')
  asOwner('ln', '-s', tree, join(server.directory, 'link'))
  const socketdir = join(server.directory, 'link/sockets')
  expect(await call('start', { socketdir })).toMatchObject({
    code: 4,
    reason: expect.stringContaining(`socketdir: postgres cannot make files in ${socketdir}`),
  })
  expectUntouched(tree)
})

describe('config', () => {
  test('a link of the account’s leads to a file of root’s: it is not changed', async () => {
    const target = join(valuable('etc'), 'config')
    const text = readFileSync(server.configFile, 'utf8')
    rmSync(server.configFile)
    writeFileSync(target, text, { mode: 0o644 })
    asOwner('ln', '-s', target, server.configFile)
    expect((await call('start', FOLLOWER)).code).not.toBe(0)
    expect(readFileSync(target, 'utf8')).toBe(text)
    expect(statSync(target).uid).toBe(0)
  })

  test('in a directory of root’s it stays whose it was', async () => {
    const config = join(roots, 'postgresql.conf')
    writeFileSync(config, readFileSync(server.configFile, 'utf8'))
    chownSync(config, 0, gid)
    chmodSync(config, 0o640)
    expect(await call('start', { ...FOLLOWER, config })).toMatchObject({ code: 0 })
    expect(readFileSync(config, 'utf8')).toContain('recovery.conf')
    expect(statSync(config)).toMatchObject({ uid: 0, gid, mode: 0o100640 })
  })
})
