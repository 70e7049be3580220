/** The agent's notes are in a directory of the database's account: what it forges there is a hint, and never an order. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
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
import { bootId } from '../../agents/pgsql/rejoin-note'
import { startTime } from '../../lib/system/processes'
import { type AgentResult, callAgent } from '../root/support/agent'
import { emptyCib } from '../root/support/cib'
import { asPostgres, PG_BIN, removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(180_000)

let server: TestServer
let others: ChildProcess | undefined

beforeEach(() => {
  server = TestServer.create()
  asPostgres('mkdir', '-m', '700', file(''))
})
afterEach(() => {
  others?.kill('SIGKILL')
  others = undefined
  server.destroy()
})
afterAll(removeTemplate)

const file = (name: string): string => join(server.directory, 'tmp', name)

/** As the database's account. */
function forge(name: string, text: string): void {
  writeFileSync(file(name), text)
  execFileSync('chown', ['-h', 'postgres:postgres', file(name)])
}

const call = (action: string, env: Record<string, string> = {}, params = {}): Promise<AgentResult> =>
  callAgent('pgsql', action, {
    params: {
      ...server.params,
      rep_mode: 'async',
      node_list: 'node1 node2',
      master_ip: server.directory,
      rejoin: 'rewind',
      crm_attr_timeout: '1',
      ...params,
    },
    env: {
      OCF_RESOURCE_INSTANCE: 'pgsql',
      ...emptyCib(),
      OCF_RESKEY_CRM_meta_on_node: 'node1',
      OCF_RESKEY_CRM_meta_promotable: 'true',
      OCF_RESKEY_CRM_meta_timeout: '10000',
      ...env,
    },
  })

const mark = (pid: number) => ({ pid, started: startTime(pid) ?? '1', boot: bootId() })

const rejoinNote = (pid: number, change: object = {}): string =>
  JSON.stringify({
    method: 'rewind',
    worker: mark(pid),
    startedAt: '2026-11-23T12:03:10.000Z',
    state: 'running',
    phase: 'copies',
    attempts: 1,
    ...change,
  })

const stack = /^\s+at .*\(.*:\d+:\d+\)/m

function startServer(): void {
  asPostgres(
    `${PG_BIN}/pg_ctl`,
    '-D',
    server.dataDirectory,
    '-l',
    join(server.directory, 'log'),
    '-w',
    'start',
  )
}

describe('rejoin.json says that a rejoin runs', () => {
  test.each<[string, () => number]>([
    ['which process lives', () => process.pid],
    ["which is the account's own", () => server.postmaster],
    [
      'which only bears the name',
      () => {
        const script = 'setTimeout(() => {}, 60000)'
        const argv = ['-u', 'postgres', '--', process.execPath, '-e', script, 'rejoin']
        others = spawn('setsid', ['runuser', ...argv], { stdio: 'ignore' })
        return Number(
          execFileSync('bash', [
            '-c',
            `until pgrep -u postgres -f -- '-e ${script.slice(0, 10)}.* rejoin$'; do :; done`,
          ])
            .toString()
            .split('\n')[0],
        )
      },
    ],
  ])('%s: stop stops the primary all the same', async (_, pid) => {
    startServer()
    forge('rejoin.json', rejoinNote(pid()))
    const { code } = await call('stop')
    expect([code, server.processes()]).toEqual([0, []])
  })

  test('and postmaster.pid that only a single user is there: the monitor does not take a primary for nothing', async () => {
    startServer()
    const pidFile = join(server.dataDirectory, 'postmaster.pid')
    const text = readFileSync(pidFile, 'utf8')
    writeFileSync(pidFile, `-${text}`)
    forge('rejoin.json', rejoinNote(process.pid))
    expect((await call('monitor')).code).not.toBe(7)
    writeFileSync(pidFile, text)
    expect((await call('stop')).code).toBe(0)
    expect(server.processes()).toEqual([])
  })

  test('start does not wait for what is none', async () => {
    forge('rejoin.json', rejoinNote(process.pid))
    const begun = Date.now()
    const { reason } = await call('start')
    expect(reason ?? '').not.toContain('rejoins as a standby')
    expect(Date.now() - begun).toBeLessThan(40_000)
  })
})

test("what is left of a rejoin is ended only where it is the account's", async () => {
  const { beginRejoin } = await import('../../agents/pgsql/await-rejoin')
  const { agentFiles } = await import('../../agents/pgsql/names')
  const { Deadline } = await import('../../lib/ocf')
  const { idOf } = await import('../root/support/server')
  // A service of root's.
  others = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  forge('rejoin.json', rejoinNote(others.pid ?? 0, { worker: { ...mark(others.pid ?? 0), started: '1' } }))
  const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  const site = {
    instance: { owner },
    tmpdir: file(''),
    files: agentFiles(file('')),
  }
  await beginRejoin(
    { variables: {}, deadline: new Deadline(2000) },
    site as unknown as Parameters<typeof beginRejoin>[1],
    ['/bin/true'],
  ).catch(() => undefined)
  // One that was killed is a zombie by now, and has no time of its start.
  expect(startTime(others.pid ?? 0)).toBeDefined()
})

/** What JSON, and what is no JSON, can be. */
const NONSENSE = ['null', '[]', '{}', '7', '{', `{"a":${'['.repeat(30_000)}`]

/** Every note, and what reads it. */
const NOTES = [
  'rejoin.json',
  'rejoin.waiter',
  'rewinding.json',
  'swap.json',
  'election.json',
  'follow.json',
  'siblings.json',
  'PGSQL.lock',
]

describe.each(NOTES)('%s', (name) => {
  const withoutTrouble = async (): Promise<void> => {
    for (const action of ['start', 'monitor', 'stop']) {
      const begun = Date.now()
      const { code, stderr, reason } = await call(action)
      expect(`${action}: ${stderr}`).not.toMatch(stack)
      expect([0, 1, 7]).toContain(code)
      if (action === 'stop') expect([code, server.processes()]).toEqual([0, []])
      expect(reason ?? '').not.toMatch(/Cannot|undefined|JSON/)
      expect(Date.now() - begun).toBeLessThan(40_000)
    }
  }

  test('is nonsense', async () => {
    for (const text of NONSENSE) {
      forge(name, text)
      await withoutTrouble()
    }
  }, 900_000)

  test('is a pipe, a link to what the account may not read, or a directory', async () => {
    for (const command of [
      ['mkfifo', file(name)],
      ['ln', '-s', '/etc/shadow', file(name)],
      ['mkdir', file(name)],
    ]) {
      rmSync(file(name), { recursive: true, force: true })
      asPostgres(command[0] ?? '', ...command.slice(1))
      await withoutTrouble()
    }
  }, 300_000)

  test('has ten gigabytes', async () => {
    asPostgres('truncate', '-s', '10G', file(name))
    const limited = ['prlimit', '--data=1073741824', '--', process.execPath]
    const { agentPath } = await import('../root/support/agent')
    for (const action of ['start', 'monitor', 'stop']) {
      const { code, stderr } = await callAgent('pgsql', action, {
        params: {
          ...server.params,
          rep_mode: 'async',
          node_list: 'node1 node2',
          master_ip: server.directory,
        },
        env: {
          ...emptyCib(),
          OCF_RESKEY_CRM_meta_on_node: 'node1',
          OCF_RESKEY_CRM_meta_promotable: 'true',
          OCF_RESKEY_CRM_meta_timeout: '10000',
        },
        through: [...limited, agentPath('pgsql')],
      })
      expect([0, 1, 7]).toContain(code)
      expect(stderr).not.toMatch(/heap|RangeError|ERR_FS_FILE_TOO_LARGE/)
      expect(stderr).not.toMatch(stack)
    }
  })
})

describe('swap.json', () => {
  const roots: string[] = []
  afterEach(() => {
    for (const path of roots.splice(0)) rmSync(path, { recursive: true, force: true })
  })

  test('names directories of root’s: none of them is moved', async () => {
    const directory = mkdtempSync('/var/tmp/ocf-ts-roots-')
    roots.push(directory)
    chmodSync(directory, 0o755)
    mkdirSync(join(directory, 'etc'))
    const { dev, ino } = statSync(join(directory, 'etc'), { bigint: true })
    const forged = {
      fresh: join(directory, 'etc'),
      aside: join(directory, 'gone'),
      mark: { device: String(dev), inode: String(ino) },
    }
    renameSync(server.dataDirectory, `${server.dataDirectory}.kept`)
    forge('swap.json', JSON.stringify(forged))
    const { code, stderr } = await call('start')
    expect(code).toBe(2)
    expect(stderr).toContain('names other directories')
    expect(stderr).not.toMatch(stack)
    expect(readdirSync(directory)).toEqual(['etc'])
    expect(existsSync(server.dataDirectory)).toBe(false)
    expect(existsSync(file('swap.json'))).toBe(false)
  })

  test('names a neighbour with a way back in its name', async () => {
    const { isSwapOf } = await import('../../agents/pgsql/swap')
    const aside = '/pg/data.diverged-20261123T205344Z'
    expect(isSwapOf('/pg/data', { fresh: '/pg/data.new-20261123T205344Z', aside })).toBe(true)
    for (const fresh of [
      '/pg/data.new-/../../etc',
      '/pg/data.new-../20261123T205344Z',
      '/pg/../pg/data.new-20261123T205344Z',
      '/pg/data.new-20261123T205344Z/',
      '/pg/data.new-20261123T205344Z\n',
      '/pg/data',
      'data.new-20261123T205344Z',
    ])
      expect([fresh, isSwapOf('/pg/data', { fresh, aside })]).toEqual([fresh, false])
  })
})
