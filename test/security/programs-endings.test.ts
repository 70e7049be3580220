/** However an agent comes to its end, the cluster manager reads a code that says what it means. */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { build } from 'esbuild'
import { Deadline } from '../../lib/ocf'
import { connect } from '../../lib/postgres/connection'
import { type Instance } from '../../lib/postgres/instance'
import { isWalRemoved } from '../../lib/postgres/wal-probe'
import { agentPath, callAgent } from '../root/support/agent'
import { idOf, removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(60_000)

const REPOSITORY = join(__dirname, '../..')

let server: TestServer
const call = (action: string, params: Record<string, string> = {}, env: Record<string, string> = {}) =>
  callAgent('pgsql', action, { params: { ...server.params, ...params }, env })

beforeEach(() => {
  server = TestServer.create()
})
afterEach(() => {
  server.destroy()
})
afterAll(removeTemplate)

test('a timeout of more than 24.8 days is none that has passed', async () => {
  const env = { OCF_RESKEY_CRM_meta_timeout: String(40 * 86_400_000) }
  expect(await call('start', {}, env)).toMatchObject({
    code: 0,
    stderr: expect.not.stringMatching(/Timeout/),
  })
  expect((await call('monitor', {}, env)).code).toBe(0)
  expect((await call('stop', {}, env)).code).toBe(0)
})

describe('a reader of standard error that has gone', () => {
  /** The exit code of an action whose standard error is what the shell makes of `redirection`. */
  function codeOf(redirection: string, action: string, env: Record<string, string> = {}): string {
    const script = `exec 3> >(exec true); wait $!; "$0" "$@" ${redirection}; echo "$?"`
    const variables = Object.entries(server.params).map(([name, value]) => [`OCF_RESKEY_${name}`, value])
    return execFileSync('bash', ['-c', script, agentPath('pgsql'), action], {
      encoding: 'utf8',
      env: {
        PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
        OCF_ROOT: '/usr/lib/ocf',
        ...(Object.fromEntries(variables) as Record<string, string>),
        ...env,
      },
    }).trim()
  }
  const RECURRING = { OCF_RESKEY_CRM_meta_interval: '10000' }
  const lines = ['a pipe that nobody reads', 'a disk that is full'] as const
  const redirections = { 'a pipe that nobody reads': '2>&3', 'a disk that is full': '2>/dev/full' }

  test.each(lines)('%s: a server that does not run is not running, and stop succeeds', (name) => {
    appendFileSync(join(server.dataDirectory, 'postmaster.pid'), '999999\n')
    expect(codeOf(redirections[name], 'monitor')).toBe('7')
    expect(codeOf(redirections[name], 'monitor', RECURRING)).toBe('7')
    expect(codeOf(redirections[name], 'validate-all', { OCF_RESKEY_pgport: 'none' })).toBe('6')
    expect(codeOf(redirections[name], 'stop')).toBe('0')
  })
})

describe('an agent of which nothing is left to wait for, or that throws where nobody catches it', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'ocf-ts-endings-'))
  })
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true })
  })

  test.each([
    ['a promise that nobody keeps', 'new Promise(() => undefined)', /monitor ended without a result/],
    [
      'an error out of the event loop',
      'new Promise(() => setImmediate(() => { throw new Error("of nobody") }))',
      /of nobody/,
    ],
    [
      'a rejection that nobody handles',
      '(void Promise.reject(new Error("lost")), new Promise((r) => setTimeout(r, 50)).then(() => 0))',
      /lost/,
    ],
    ['something that is no error', 'new Promise(() => setImmediate(() => { throw null }))', /null/],
  ])('%s: an error, with its reason', async (_, handler, reason) => {
    const program = join(directory, 'agent.cjs')
    await build({
      stdin: {
        contents: `
          import { defineAgent, runAgent } from './lib/ocf'
          const monitor = { timeout: 20, load: () => Promise.resolve(() => ${handler}) }
          const agent = defineAgent({ name: 'x', version: '1', shortdesc: '', longdesc: '', parameters: {}, identity: [],
            actions: { monitor } })
          void runAgent(agent as never, { metadata: '' })`,
        resolveDir: REPOSITORY,
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      external: ['commander'],
      outfile: program,
      logLevel: 'warning',
    })
    const { status, stderr } = spawnSync(process.execPath, [program, 'monitor'], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(/^ocf-exit-reason:(.*)$/m.exec(stderr)?.[1]).toMatch(reason)
  })
})

describe('a peer that asks for an authentication that there is not', () => {
  let peer: Server
  let port = 0
  const sockets: Socket[] = []

  beforeAll(async () => {
    peer = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        // "No encryption" to who asks for it, and then authentication of type 99.
        if (data.length === 8) socket.write('N')
        else socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 99]))
      })
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    ;({ port } = peer.address() as { port: number })
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    peer.close()
  })

  test('the monitor says so', async () => {
    server.configure(`port = ${port}`)
    expect((await call('start')).code).toBe(0)
    const { code, reason } = await call('monitor', { pghost: '127.0.0.1', monitor_sql: 'select 2' })
    expect(code).toBe(1)
    expect(reason).toMatch(/asks for an authentication that ocf-ts cannot do \(type 99/)
  })

  test('the question for the WAL of a primary is answered by an error', async () => {
    const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
    const settings = { host: '127.0.0.1', port: String(port), sslmode: 'disable' }
    const asked = isWalRemoved(owner, settings, '0'.repeat(16), 1, new Deadline(5000))
    await expect(asked).rejects.toThrow(/type 99/)
  })
})

describe('a server whose answer has no end', () => {
  const READY = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])
  const NO_COLUMNS = Buffer.from([0x54, 0, 0, 0, 6, 0, 0])
  const EMPTY_ROW = Buffer.from([0x44, 0, 0, 0, 6, 0, 0])
  const rows = Buffer.concat(Array.from({ length: 100_000 }, () => EMPTY_ROW))

  test.each([
    ['one message', Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xf0]), Buffer.alloc(1 << 20), 'a message'],
    ['rows', NO_COLUMNS, rows, 'an answer'],
  ])('%s', async (_, begin, then, what) => {
    const sockets: Socket[] = []
    const peer = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(READY)
        socket.once('data', () => {
          const more = (): void => {
            while (!socket.destroyed && socket.write(then));
            socket.once('drain', more)
          }
          socket.write(begin)
          more()
        })
      })
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    try {
      const instance = {
        dataDirectory: server.dataDirectory,
        owner: { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') },
        host: '127.0.0.1',
        port: (peer.address() as { port: number }).port,
      } as Instance
      const login = { user: 'postgres', password: 'p', database: 'postgres' }
      const connection = await connect(instance, undefined, login, new Deadline(10_000))
      const before = process.memoryUsage().rss
      await expect(connection.rows('select 1')).rejects.toThrow(`it sent ${what} of more than`)
      expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(600)
      connection.close()
    } finally {
      for (const socket of sockets) socket.destroy()
      peer.close()
    }
  })
})

describe('a server that asks for the password again and again', () => {
  const message = (kind: number, ...more: readonly number[]): Buffer =>
    Buffer.from([0x52, 0, 0, 0, 8 + more.length, 0, 0, 0, kind, ...more])

  test.each([
    ['as it is', message(3)],
    ['as md5', message(5, 1, 2, 3, 4)],
  ])('%s', async (_, question) => {
    const peer = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(Buffer.concat(Array.from({ length: 50_000 }, () => question)))
      })
    })
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = peer.address() as { port: number }
      const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres'), home: '/' }
      const settings = { host: '127.0.0.1', port: String(port), sslmode: 'disable' }
      const asked = isWalRemoved(owner, settings, '0'.repeat(16), 1, new Deadline(20_000))
      await expect(asked).rejects.toThrow('it asks for a password again and again')
    } finally {
      peer.close()
    }
  })
})
