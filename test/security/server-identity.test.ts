/** What counts as the server on a data directory: neither a name, nor that a process works there. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Deadline, type Log } from '../../lib/ocf'
import { findServer, serverProcesses } from '../../lib/postgres/server-state'
import { stopServer } from '../../lib/postgres/stop-server'
import { callAgent } from '../root/support/agent'
import { idOf, PG_BIN, removeTemplate, TestServer } from '../root/support/server'
import { eventually } from './support/timing'

jest.setTimeout(60_000)

let server: TestServer
const others: ChildProcess[] = []
const call = (action: string, params: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...server.params, ...params } })

beforeEach(() => {
  server = TestServer.create()
  mkdirSync(join(server.directory, 'bin'))
  chmodSync(server.directory, 0o755)
})
afterEach(() => {
  for (const other of others) other.kill('SIGKILL')
  others.length = 0
  server.destroy()
})
afterAll(removeTemplate)

/** Starts something that works in the data directory and is no server. */
async function bystander(user: string, program: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn(program, args, {
    cwd: server.dataDirectory,
    uid: idOf('-u', user),
    gid: idOf('-g', user),
    stdio: 'ignore',
  })
  others.push(child)
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  return child
}

const SILENT = { info: () => undefined, warning: () => undefined } as unknown as Log

const lives = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** A copy of the server's programs in a directory that a test may change. */
function ownPrograms(): { pgctl: string } {
  for (const name of ['postgres', 'pg_ctl', 'pg_controldata']) copyOf(join(PG_BIN, name), name)
  symlinkSync(join(PG_BIN, '../lib'), join(server.directory, 'lib'))
  return { pgctl: join(server.directory, 'bin/pg_ctl') }
}

/** A copy of a program under another name. */
function copyOf(program: string, name: string): string {
  const path = join(server.directory, 'bin', name)
  copyFileSync(program, path)
  chmodSync(path, 0o755)
  return path
}

const BYSTANDERS: readonly (readonly [string, () => Promise<ChildProcess>])[] = [
  ['an exporter', () => bystander('postgres', copyOf('/bin/sleep', 'postgres_exporter'), '300')],
  [
    'a script',
    () => {
      const script = join(server.directory, 'bin/postgres-backup')
      writeFileSync(script, '#!/bin/bash\nread -r <> <(:)\nsleep 300\n', { mode: 0o755 })
      return bystander('postgres', script)
    },
  ],
  ['one that calls itself postgres', () => bystander('postgres', 'perl', '-e', '$0 = "postgres"; sleep 300')],
  ["another account's, of that name", () => bystander('root', copyOf('/bin/sleep', 'postgres'), '300')],
  ['a shell', () => bystander('postgres', 'bash', '-c', 'sleep 300; :')],
]

describe.each(BYSTANDERS)('%s that works in the data directory', (_, begin) => {
  test('is no server: it is neither reported, nor in the way of the server, nor ended with it', async () => {
    const other = await begin()
    // perl has to have set its name.
    await eventually(() => findServer(server.place).kind !== 'stopped', 300)
    expect(serverProcesses(server.place)).toEqual([])
    expect((await call('monitor')).code).toBe(7)
    expect((await call('start')).code).toBe(0)
    expect(server.sql('select 1')).toBe('1')
    expect((await call('monitor')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect((await call('monitor')).code).toBe(7)
    expect(lives(other)).toBe(true)
  })

  test('is none either where postmaster.pid names it', async () => {
    const other = await begin()
    const file = join(server.dataDirectory, 'postmaster.pid')
    writeFileSync(file, `${other.pid}\n${server.dataDirectory}\n1\n5432\n/tmp\n\n\nready\n`, { mode: 0o600 })
    execFileSync('chown', ['postgres:', file])
    expect((await call('monitor')).code).toBe(7)
    expect((await call('stop')).code).toBe(0)
    expect(lives(other)).toBe(true)
  })
})

describe('the server is found', () => {
  async function livesAndStops(params: Record<string, string> = {}): Promise<void> {
    const { postmaster } = server
    expect((await call('monitor', params)).code).toBe(0)
    expect((await call('stop', params)).code).toBe(0)
    expect(server.processes()).not.toContain(postmaster)
    expect((await call('monitor', params)).code).toBe(7)
  }

  test('when its pid file has been removed', async () => {
    expect((await call('start')).code).toBe(0)
    rmSync(join(server.dataDirectory, 'postmaster.pid'))
    const found = findServer(server.place)
    expect(found).toMatchObject({ kind: 'running', pidFile: undefined })
    expect((await call('monitor')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('when the clock was set after it had started', async () => {
    expect((await call('start')).code).toBe(0)
    const file = join(server.dataDirectory, 'postmaster.pid')
    const lines = execFileSync('cat', [file], { encoding: 'utf8' }).split('\n')
    lines[2] = '1000000000'
    writeFileSync(file, lines.join('\n'))
    expect(findServer(server.place)).toMatchObject({ kind: 'running', pidFile: { started: 1e9 } })
    await livesAndStops()
  })

  test('when the pid file names one of its children', async () => {
    expect((await call('start')).code).toBe(0)
    const { postmaster } = server
    const child = server.processes().find((pid) => pid !== postmaster)
    const file = join(server.dataDirectory, 'postmaster.pid')
    writeFileSync(file, `${child}\n${server.dataDirectory}\n1000000000\n5432\n${server.directory}\n`)
    expect(findServer(server.place)).toMatchObject({
      kind: 'running',
      postmaster: { pid: postmaster },
      pidFile: undefined,
    })
    expect((await call('stop')).code).toBe(0)
  })

  test('when an upgrade has put another program in the place of its own', async () => {
    const params = ownPrograms()
    expect((await call('start', params)).code).toBe(0)
    const program = join(server.directory, 'bin/postgres')
    rmSync(program)
    expect(findServer(server.place).kind).toBe('running')
    copyOf('/bin/true', 'postgres')
    await livesAndStops(params)
  })

  test('when its package has been removed', async () => {
    const params = ownPrograms()
    expect((await call('start', params)).code).toBe(0)
    renameSync(join(server.directory, 'bin'), join(server.directory, 'gone'))
    rmSync(join(server.directory, 'gone'), { recursive: true })
    await livesAndStops(params)
  })

  test('when its directory is reached by a link', async () => {
    symlinkSync(PG_BIN, join(server.directory, 'current'))
    symlinkSync(server.dataDirectory, join(server.directory, 'link'))
    const params = {
      pgctl: join(server.directory, 'current/pg_ctl'),
      pgdata: join(server.directory, 'link'),
    }
    expect((await call('start', params)).code).toBe(0)
    await livesAndStops(params)
  })

  test('when it runs in a container', async () => {
    const start = [
      'pg_ctl',
      '-w',
      '-s',
      '-D',
      server.dataDirectory,
      '-l',
      join(server.directory, 'log'),
      'start',
    ]
    const script = `
      mkdir -p ${server.directory}/inner && mount --bind ${PG_BIN} ${server.directory}/inner
      exec setpriv --reuid=postgres --regid=postgres --init-groups -- ${server.directory}/inner/${start.join(' ')}`
    execFileSync('unshare', ['--mount', 'sh', '-c', script], { stdio: 'ignore' })
    expect(findServer(server.place).kind).toBe('running')
    await livesAndStops()
  })

  test('when its data has been given to another account', async () => {
    expect((await call('start')).code).toBe(0)
    execFileSync('chown', ['nobody', server.dataDirectory])
    try {
      expect(findServer(server.place).kind).toBe('running')
      expect((await call('monitor')).code).not.toBe(7)
    } finally {
      execFileSync('chown', ['postgres', server.dataDirectory])
    }
  })
})

describe("another account's server is never the server", () => {
  let other: TestServer
  beforeEach(() => {
    other = TestServer.create()
    execFileSync('chown', ['-R', 'nobody:', other.directory])
    const start = ['-w', '-s', '-D', other.dataDirectory, '-l', join(other.directory, 'log'), 'start']
    execFileSync('runuser', ['-u', 'nobody', '--', join(PG_BIN, 'pg_ctl'), ...start], { cwd: '/' })
  })
  afterEach(() => {
    other.destroy()
  })

  test.each<[string, () => void]>([
    ['', () => undefined],
    [
      ', and its pid file is gone',
      () => {
        rmSync(join(other.dataDirectory, 'postmaster.pid'))
      },
    ],
  ])('where pgdata is a link to its data%s', async (_, prepare) => {
    const running = other.processes()
    prepare()
    const link = join(server.directory, 'link')
    execFileSync('runuser', ['-u', 'postgres', '--', 'ln', '-s', other.dataDirectory, link])
    expect((await call('monitor', { pgdata: link })).code).toBe(7)
    expect((await call('stop', { pgdata: link })).code).toBe(0)
    await stopServer(
      { ...server.place, dataDirectory: link },
      { escalateSeconds: 0, deadline: new Deadline(5000), log: SILENT },
    )
    expect(other.processes()).toEqual(running)
  })
})

describe('a name is no server', () => {
  test("start does not succeed for another program of the server's name", async () => {
    await bystander('postgres', copyOf('/bin/sleep', 'postgres'), '300')
    expect((await call('start')).code).not.toBe(0)
  })

  test('nor where postmaster.pid says that it is ready', async () => {
    const other = await bystander('postgres', copyOf('/bin/sleep', 'postgres'), '300')
    namedBy(other.pid, Math.round(Date.now() / 1000))
    expect((await call('start')).code).not.toBe(0)
  })
})

/** postmaster.pid, as the database's account writes it. */
function namedBy(pid: number | undefined, started: number): void {
  const file = join(server.dataDirectory, 'postmaster.pid')
  writeFileSync(file, `${pid}\n${server.dataDirectory}\n${started}\n5432\n${server.directory}\n\n\nready\n`)
  execFileSync('chown', ['postgres:', file])
}

describe('a server under the name of another program', () => {
  const LOADER = execFileSync('sh', [
    '-c',
    'ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null; :',
  ])
    .toString()
    .trim()

  async function run(program: string, ...args: string[]): Promise<void> {
    await bystander('postgres', program, ...args, '-D', server.dataDirectory)
    const isUp = (): boolean =>
      /^ready/m.test(
        execFileSync('sh', ['-c', 'cat postmaster.pid || :'], {
          cwd: server.dataDirectory,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      )
    expect(await eventually(isUp, 20_000)).toBe(true)
  }

  test('is found and stopped where the loader runs it', async () => {
    await run(LOADER, join(PG_BIN, 'postgres'))
    expect((await call('monitor')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('is stopped where postmaster.pid names it', async () => {
    ownPrograms()
    await run(copyOf(join(PG_BIN, 'postgres'), 'anything'))
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })
})

test('postmaster.pid stays where the process that it names may be a server', async () => {
  const other = await bystander('postgres', copyOf('/bin/sleep', 'anything'), '300')
  namedBy(other.pid, 1)
  expect((await call('stop')).code).toBe(0)
  expect(lives(other)).toBe(true)
  expect(server.exists('data/postmaster.pid')).toBe(true)
  const started = await call('start')
  expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('postmaster.pid names process')])
  other.kill('SIGKILL')
  await eventually(() => !lives(other))
  expect((await call('start')).code).toBe(0)
})

test('what is left over of a server is found, and ended', async () => {
  server.configure('restart_after_crash = off')
  expect((await call('start')).code).toBe(0)
  const { postmaster } = server
  const rest = server.processes().filter((pid) => pid !== postmaster)
  for (const pid of rest) process.kill(pid, 'SIGSTOP')
  process.kill(postmaster, 'SIGKILL')
  expect(await eventually(() => findServer(server.place).kind === 'orphaned')).toBe(true)
  expect((await call('monitor')).code).toBe(1)
  expect((await call('stop')).code).toBe(0)
  expect(server.processes()).toEqual([])
})
