/**
 * A helper process, which works on files as an account where Node refuses to change its own. The account may stop it, end
 * it, and make it say anything: nothing of that may make root wait, fill its memory, or open what the account may not.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'
import { Deadline } from '../../lib/ocf'
import { AccountHelper, type HelperOptions } from '../../lib/system/account-helper'
import { frame } from '../../lib/system/account-helper-program'
import { type Files, O_PATH, type Opened } from '../../lib/system/files'
import { findProcess } from '../../lib/system/processes'
import { type User } from '../../lib/system/users'

const account: User = { name: 'nobody', uid: 65534, gid: 65534 }
let directory: string
let ours: string
const helpers: AccountHelper[] = []

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-helper-'))
  chownSync(directory, account.uid, account.gid)
  ours = join(directory, 'ours')
  writeFileSync(ours, 'root only', { mode: 0o600 })
})
afterEach(() => {
  for (const helper of helpers.splice(0)) helper.end()
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

function start(options?: HelperOptions): AccountHelper {
  const helper = new AccountHelper(account, options)
  helpers.push(helper)
  return helper
}

const gone = (pid: number | undefined): Promise<void> =>
  new Deadline(20_000)
    .until('the end of the helper', 20, () => findProcess(pid ?? 0) === undefined || undefined)
    .then(() => undefined)

describe.each(['python', 'node'] as const)('of %s, it works as the account', (language) => {
  test('and may what the account may, no more', () => {
    const { files, pid } = start({ language })
    expect(files.realpath('/proc/self')).toBe(`/proc/${pid ?? 0}`)
    expect(statSync(`/proc/${pid ?? 0}`).uid).toBe(account.uid)
    expect(() => files.open(ours, constants.O_RDONLY)).toThrow(`EACCES: permission denied, open '${ours}'`)
    const path = join(directory, 'new')
    const file = files.open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    files.write(file, 'x'.repeat(300_000))
    files.fsync(file)
    files.fchmod(file, 0o640)
    expect(files.fstat(file)).toMatchObject({ uid: account.uid, size: 300_000 })
    const buffer = Buffer.alloc(300_001)
    expect(files.read(file, buffer, 1, 300_000, 0)).toBe(300_000)
    expect(buffer.toString('latin1', 0, 3)).toBe('\0xx')
    files.close(file)
    files.rename(path, `${path}er`)
    expect(files.readdir(directory)).toContain('newer')
    expect(files.lstat(`${path}er`).isFile()).toBe(true)
    expect(files.statfs(directory).bsize).toBeGreaterThan(0)
    expect(() => {
      files.access(ours, constants.R_OK)
    }).toThrow('EACCES')
    files.mkdir(`${path}d`, 0o700)
    files.symlink(ours, `${path}d/link ü`)
    expect(files.readlink(`${path}d/link ü`)).toBe(ours)
    expect(files.readdir(`${path}d`)).toEqual(['link ü'])
    expect(() => files.readdir(`${path}d/none`)).toThrow(
      `ENOENT: no such file or directory, readdir '${path}d/none'`,
    )
    for (const gone of [`${path}er`, `${path}er`, `${path}d`]) files.removeAll(gone)
    expect(existsSync(`${path}d`)).toBe(false)
    expect(existsSync(ours)).toBe(true)
  })

  test('it is given no variable and no file of ours', () => {
    process.env['OCF_RESKEY_monitor_password'] = 'secret'
    try {
      const { files, pid } = start({ language })
      files.lstat('/')
      expect(readFileSync(`/proc/${pid ?? 0}/environ`, 'latin1')).not.toContain('secret')
      const held = files.readdir('/proc/self/fd').map((fd) => {
        try {
          return readlinkSync(`/proc/${pid ?? 0}/fd/${fd}`)
        } catch {
          return ''
        }
      })
      expect(held.filter((path) => path.startsWith('/') && !/^\/(?:dev\/null|proc\/)/.test(path))).toEqual([])
    } finally {
      delete process.env['OCF_RESKEY_monitor_password']
    }
  })
})

describe.each(['python', 'node'] as const)('of %s, it ends', (language) => {
  /** A program that starts one, says its number, and goes on or ends. */
  function program(end: string): ChildProcess {
    const outfile = join(directory, 'program.js')
    const contents = `
      import { AccountHelper } from '${join(__dirname, '../../lib/system/account-helper')}'
      const helper = new AccountHelper(${JSON.stringify(account)}, { language: '${language}' })
      helper.files.lstat('/')
      process.stdout.write(String(helper.pid), () => { ${end} })`
    buildSync({
      stdin: { contents, resolveDir: directory, loader: 'ts' },
      bundle: true,
      platform: 'node',
      outfile,
      logLevel: 'error',
    })
    return spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] })
  }

  async function helperOf(child: ChildProcess): Promise<number> {
    const [said] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    return Number(said.toString())
  }

  test('with this process, which it does not keep from ending', async () => {
    const child = program('')
    const pid = await helperOf(child)
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(0)
    await gone(pid)
  })

  test('when this process is killed', async () => {
    const child = program('setInterval(() => undefined, 1000)')
    const pid = await helperOf(child)
    expect(findProcess(pid)).toBeDefined()
    child.kill('SIGKILL')
    await gone(pid)
  })

  test('also where it stands still when this process ends', async () => {
    const child = program(`process.kill(helper.pid, 'SIGSTOP'); process.exit(3)`)
    const pid = await helperOf(child)
    await gone(pid)
  })
})

describe('what the account does to it', () => {
  const lstat = (helper: AccountHelper) => () => helper.files.lstat('/')
  const who = 'the helper process that works as nobody'

  test('it is stopped: root waits no longer than it has time', async () => {
    const helper = start({ limitMs: 300 })
    process.kill(helper.pid ?? 0, 'SIGSTOP')
    expect(lstat(helper)).toThrow(`${who} does not answer`)
    expect(helper.ended).toBe(true)
    expect(lstat(helper)).toThrow(`${who} has ended`)
    await gone(helper.pid)
  })

  test('the time of the action is up', () => {
    const helper = start({ program: 'setInterval(() => 0, 1000)', deadline: () => new Deadline(0) })
    expect(lstat(helper)).toThrow(`${who} does not answer`)
  })

  test('it is killed', () => {
    const helper = start()
    helper.files.lstat('/')
    process.kill(helper.pid ?? 0, 'SIGKILL')
    expect(lstat(helper)).toThrow(`${who} has ended`)
  })

  test('it cannot start, and says why', () => {
    const helper = start({ program: 'process.stderr.write("one\\nno memory\\n"); process.exit(1)' })
    expect(lstat(helper)).toThrow(`${who} has ended: no memory`)
  })

  const answering = (bytes: Buffer): string => `
    const fs = require('fs')
    fs.readSync(0, Buffer.alloc(65536))
    fs.writeSync(0, Buffer.from('${bytes.toString('base64')}', 'base64'))
    setInterval(() => 0, 1000)`

  const endless = Buffer.alloc(8)
  endless.writeUInt32LE(2 ** 32 - 1, 0)
  test.each<[string, Buffer]>([
    ['no JSON', Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{]')])],
    ['no answer', frame({ other: 1 })],
    ['the stats of no file', frame({ value: [1, 2, 3] })],
    ['an error that there is not', frame({ errno: 7 })],
    ['bytes that nobody asked for', frame({ value: [] }, Buffer.alloc(9))],
    ['an answer of 4 GB', endless],
  ])('it answers %s', async (_, bytes) => {
    const helper = start({ program: answering(bytes) })
    expect(lstat(helper)).toThrow(
      /^the helper process that works as nobody was asked to lstat, and its answer is /,
    )
    await gone(helper.pid)
  })

  test('it answers half of what it says, and then nothing', () => {
    const helper = start({ program: answering(frame({ value: null }).subarray(0, 12)), limitMs: 300 })
    expect(lstat(helper)).toThrow('does not answer')
  })
})

describe('a file that it has opened for root', () => {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK

  test("is root's, when it is the account's own, or /dev/null", () => {
    const { files } = start()
    const path = join(directory, 'lock')
    const fd = files.take(files.open(path, flags | constants.O_CREAT, 0o600), flags, path)
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe(path)
    closeSync(fd)
    closeSync(files.take(files.open('/dev/null', constants.O_WRONLY), constants.O_WRONLY, '/dev/null'))
  })

  test.each<[string, () => string]>([
    ["a file of root's, which it has only named", () => ours],
    ["a file of root's, which it may only read", () => '/etc/passwd'],
    ['a device that root alone may open', () => '/dev/kmsg'],
    [
      'a pipe, for which root would wait',
      () => {
        const path = join(directory, 'pipe')
        execFileSync('mkfifo', [path])
        chownSync(path, account.uid, account.gid)
        return path
      },
    ],
    ['a directory', () => directory],
  ])('is not: %s', (_, find) => {
    const { files, opened } = lying(find())
    expect(() => files.take(opened, flags, '/it')).toThrow("/it is not a regular file of nobody's own")
  })

  test.each(['/proc/self/mem', '/proc/self/uid_map', '/proc/self/environ'])(
    "is not: a file of the account's own that the kernel makes, %s",
    (path) => {
      const { files, opened } = lying(path)
      expect(() => files.take(opened, flags, '/it')).toThrow(
        '/it is not on a disk: its file system has no blocks',
      )
    },
  )

  /** A helper that lies: whatever it is to open, it opens that. */
  function lying(path: string): { readonly files: Files; readonly opened: Opened } {
    const lie = `
      const fs = require('fs')
      const fd = fs.openSync(${JSON.stringify(path)}, ${O_PATH})
      const answer = (value) => {
        const text = Buffer.from(JSON.stringify({ value }))
        const head = Buffer.alloc(8)
        head.writeUInt32LE(text.length)
        fs.readSync(0, Buffer.alloc(65536))
        fs.writeSync(0, Buffer.concat([head, text]))
      }
      for (;;) answer(fd)`
    const { files } = start({ program: lie })
    const opened = files.open(join(directory, 'log'), flags)
    return { files, opened }
  }
})

describe.each(['python', 'node'] as const)('a connection that it relays, of %s', (language) => {
  let server: Server | undefined
  afterEach(() => {
    server?.close()
  })

  async function outcome(helper: AccountHelper, path: string): Promise<string> {
    const stream = helper.relay() as ReturnType<AccountHelper['relay']> & { connect(path: string): void }
    stream.connect(path)
    return new Promise((resolve) => {
      stream.once('connect', () => {
        resolve('connected')
      })
      stream.once('error', (error: NodeJS.ErrnoException) => {
        resolve(`${error.code ?? ''} ${error.message}`)
      })
    })
  }

  test('carries what both sides say, while files are worked on', async () => {
    const path = join(directory, `echo-${language}`)
    server = createServer((socket) => socket.pipe(socket)).listen(path)
    await once(server, 'listening')
    chownSync(path, account.uid, account.gid)
    const helper = start({ language })
    const stream = helper.relay() as ReturnType<AccountHelper['relay']> & { connect(path: string): void }
    stream.connect(path)
    await once(stream, 'connect')
    const sent = Buffer.alloc(1_000_000, 'abc')
    let received = 0
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length
      expect(helper.files.lstat('/').isDirectory()).toBe(true)
    })
    stream.write(sent)
    await new Deadline(20_000).until('the echo', 5, () => received === sent.length || undefined)
    helper.retire()
    stream.destroy()
    await gone(helper.pid)
  })

  test('ends for one side when it ends for the other, and when the helper is killed', async () => {
    const path = join(directory, `short-${language}`)
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.destroy())
    }).listen(path)
    await once(server, 'listening')
    chownSync(path, account.uid, account.gid)
    const helper = start({ language })
    const streams = [helper.relay(), helper.relay()] as (ReturnType<AccountHelper['relay']> & {
      connect(path: string): void
    })[]
    for (const stream of streams) {
      stream.on('error', () => undefined).resume()
      stream.connect(path)
      await once(stream, 'connect')
    }
    streams[0]?.write('x')
    await once(streams[0] ?? helper.relay(), 'close')
    helper.end()
    await once(streams[1] ?? helper.relay(), 'close')
  })

  test('is refused as by the kernel: nothing there, nobody there, not allowed', async () => {
    const helper = start({ language })
    const none = join(directory, 'none')
    expect(await outcome(helper, none)).toBe(`ENOENT ENOENT: no such file or directory, connect '${none}'`)
    expect(await outcome(helper, '/etc/passwd')).toMatch(/^(?:ECONNREFUSED|EACCES) /)
    const path = join(directory, `closed-${language}`)
    server = createServer().listen(path)
    await once(server, 'listening')
    execFileSync('chmod', ['600', path])
    expect(await outcome(helper, path)).toMatch(/^EACCES /)
  })

  test('is refused while more wait than the socket holds', async () => {
    const path = join(directory, `crowded-${language}`)
    const listens = `require('net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
      require('fs').chmodSync(${JSON.stringify(path)}, 0o777)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
    const child = spawn(process.execPath, ['-e', listens], { stdio: 'ignore' })
    try {
      await new Deadline(20_000).until(
        'the socket',
        10,
        () => (existsSync(path) && (statSync(path).mode & 0o777) === 0o777) || undefined,
      )
      const helper = start({ language })
      const outcomes: string[] = []
      for (let count = 0; count < 4; count += 1) outcomes.push(await outcome(helper, path))
      expect(outcomes.at(-1)).toMatch(/^EAGAIN /)
      expect(helper.hasRelay).toBe(false)
      expect(() => helper.relay()).toThrow('the helper cannot relay another connection')
    } finally {
      child.kill('SIGKILL')
    }
  })
})
