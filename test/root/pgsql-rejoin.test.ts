/** What the actions do while the data of their server is made a copy of the primary's, in another process. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { bootId } from '../../agents/pgsql/rejoin-note'
import { tryLock } from '../../lib/system/file-lock'
import { sessionProcesses, startTime } from '../../lib/system/processes'
import { emptyCib } from './support/cib'
import { type AgentResult, callAgent } from './support/agent'
import { idOf, PG_BIN, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

let server: TestServer
/** What does a rejoin. */
let worker: ChildProcess

beforeEach(() => {
  server = TestServer.create()
  mkdirSync(join(server.directory, 'tmp'), { mode: 0o700 })
  execFileSync('chown', ['postgres:postgres', join(server.directory, 'tmp')])
  beginWorker()
})
afterEach(() => {
  worker.kill('SIGKILL')
  server.destroy()
})
afterAll(removeTemplate)

/**
 * As the agent begins it: a process of root's own, whose last word is `rejoin`.
 *
 * @param command - runs below it
 */
function beginWorker(...command: string[]): void {
  const script = `
    const [program, ...args] = process.argv.slice(1, -1)
    if (program) require('node:child_process').spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' })
    setInterval(() => {}, 60_000)`
  worker = spawn(process.execPath, ['-e', script, '--', ...command, 'rejoin'], {
    stdio: 'ignore',
    detached: true,
  })
}

const markOf = (pid: number | undefined) => ({ pid, started: startTime(pid ?? 0), boot: bootId() })

const note = (): string => join(server.directory, 'tmp/rejoin.json')

function writeNote(change: object = {}): void {
  const text = {
    method: 'rewind',
    worker: markOf(worker.pid),
    startedAt: '2026-11-23T12:03:10.000Z',
    state: 'running',
    phase: 'recovers',
    attempts: 1,
    ...change,
  }
  writeFileSync(note(), JSON.stringify(text))
  execFileSync('chown', ['postgres:postgres', note()])
}

const call = (action: string, env: Record<string, string> = {}): Promise<AgentResult> =>
  callAgent('pgsql', action, {
    params: {
      ...server.params,
      rep_mode: 'async',
      node_list: 'node1 node2',
      master_ip: server.directory,
      rejoin: 'rewind',
      crm_attr_timeout: '1',
    },
    env: {
      OCF_RESOURCE_INSTANCE: 'pgsql',
      ...emptyCib(),
      OCF_RESKEY_CRM_meta_on_node: 'node1',
      OCF_RESKEY_CRM_meta_promotable: 'true',
      ...env,
    },
  })

/** The recovery that pg_rewind needs: a backend of its own, for as long as nobody ends its input. */
async function beginRecovery(): Promise<void> {
  worker.kill('SIGKILL')
  const single = ['--single', '-D', server.dataDirectory, 'postgres']
  beginWorker('runuser', '-u', 'postgres', '--', `${PG_BIN}/postgres`, ...single)
  const pidFile = join(server.dataDirectory, 'postmaster.pid')
  const end = Date.now() + 10_000
  while (!(existsSync(pidFile) && readFileSync(pidFile, 'utf8').startsWith('-'))) {
    if (Date.now() > end) throw new Error('postgres --single did not start')
    await pause(20)
  }
}

describe('while the crashed server is recovered', () => {
  beforeEach(beginRecovery)

  test('a monitor says that it does not run, and stop succeeds and leaves it alone', async () => {
    writeNote()
    expect((await call('monitor')).code).toBe(7)
    expect((await call('monitor', { OCF_RESKEY_CRM_meta_interval: '7000' })).code).toBe(7)
    const stopped = await call('stop')
    expect([stopped.code, stopped.stderr]).toEqual([0, expect.stringContaining('goes on to be made a copy')])
    expect(server.processes()).toHaveLength(1)
    expect(existsSync(join(server.dataDirectory, 'postmaster.pid'))).toBe(true)
  })

  test.each([
    ['nobody has noted a rejoin', undefined],
    ['the one that was noted has ended', { state: 'done' }],
    ['the process that was noted does something else', { worker: markOf(process.pid) }],
    ['whoever did it is gone', { worker: { pid: 2 ** 22 + 1, started: '1', boot: bootId() } }],
    ['it was before the host went down', { worker: { ...markOf(process.pid), boot: 'x' } }],
  ])('where %s, it is what it is: something that runs', async (_, change) => {
    if (change) writeNote(change)
    expect((await call('monitor', { OCF_RESKEY_CRM_meta_timeout: '2000' })).code).toBe(1)
  })
})

test.each([
  ['of this version', {}],
  ['of the version before', { startedAt: undefined, begun: '2026-11-23T12:03:10.000Z' }],
])('start waits for it, and says how far it is before its own time is up: a note %s', async (_, fields) => {
  writeNote({ phase: 'copies 34 %', ...fields })
  const begun = Date.now()
  const { code, reason } = await call('start', { OCF_RESKEY_CRM_meta_timeout: '4000' })
  expect(code).toBe(1)
  expect(reason).toMatch(
    /^rejoins as a standby by pg_rewind \(copies 34 %, started \d\d:\d\d:\d\d\): goes on by itself, and is started then$/,
  )
  expect(Date.now() - begun).toBeGreaterThan(2000)
  expect(Date.now() - begun).toBeLessThan(4000)
  // Whoever does it has to have the resource started itself.
  expect(readFileSync(join(server.directory, 'tmp/rejoin.waiter'), 'utf8')).toBe('{}\n')
})

test('start says why it failed, and that it has said so', async () => {
  writeNote()
  const starting = call('start', { OCF_RESKEY_CRM_meta_timeout: '20000' })
  const waiter = join(server.directory, 'tmp/rejoin.waiter')
  while (!existsSync(waiter)) await pause(20)
  writeNote({ state: 'failed', reason: 'no route to host' })
  expect(await starting).toMatchObject({ code: 1, reason: 'pg_rewind failed: no route to host' })
  expect(JSON.parse(readFileSync(note(), 'utf8'))).toMatchObject({ state: 'failed', told: true })
  expect(existsSync(waiter)).toBe(false)
})

test('a note that makes no sense, as one that points elsewhere, is none', async () => {
  for (const text of ['', '{', '[]', '{"state":"running"}', JSON.stringify({ worker: { pid: 1 } })]) {
    writeFileSync(note(), text)
    expect((await call('monitor')).code).toBe(7)
  }
})

describe('the lock', () => {
  const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  const path = (): string => join(server.directory, 'tmp/rejoin.lock')

  test('is had by one, and again when that has let go', async () => {
    const lock = await tryLock(owner, path())
    expect(lock).toBeDefined()
    expect(await tryLock(owner, path())).toBeUndefined()
    lock?.release()
    const next = await tryLock(owner, path())
    expect(next).toBeDefined()
    next?.release()
  })

  test('is held as long as a program that was given it runs, found by its session', async () => {
    const lock = await tryLock(owner, path())
    const child = spawn('sleep', ['60'], { detached: true, stdio: ['ignore', 'ignore', 'ignore', lock?.fd] })
    try {
      lock?.release()
      expect(await tryLock(owner, path())).toBeUndefined()
      expect(sessionProcesses(child.pid ?? 0)).toMatchObject([{ name: 'sleep' }])
    } finally {
      const gone = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await gone
    }
    const next = await tryLock(owner, path())
    expect(next).toBeDefined()
    next?.release()
  })
})
