/** The server outlives the action that starts it, also one that a cluster manager kills with all of its group. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { findServer } from '../../lib/postgres/server-state'
import { agentPath } from '../root/support/agent'
import { eventually } from './support/timing'

jest.setTimeout(60_000)

const NPM_PACKAGES = join(__dirname, '../postgres/node_modules')
/** From 13 on pg_ctl itself gives the server a session of its own. */
const VERSIONS = process.arch === 'x64' ? [10, 12, 17] : []

let directory: string
let agent: ChildProcess | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-group-'))
})
afterEach(() => {
  agent?.kill('SIGKILL')
  const server = findServer({ dataDirectory: join(directory, 'data'), owner: undefined })
  if (server.kind === 'running') process.kill(server.postmaster.pid, 'SIGQUIT')
  rmSync(directory, { recursive: true, force: true })
})

const asPostgres = (program: string, ...args: readonly string[]): void => {
  const native = join(directory, 'native')
  execFileSync('runuser', ['-u', 'postgres', '--', join(native, 'bin', program), ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: join(native, 'lib') },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

test.each(VERSIONS)('PostgreSQL %p', async (version) => {
  const source = join(NPM_PACKAGES, `postgres-${version}/native`)
  if (!existsSync(source)) throw new Error(`run scripts/setup: there is no ${source}`)
  execFileSync('cp', ['--archive', '--dereference', source, join(directory, 'native')])
  execFileSync('chown', ['-R', 'postgres:', directory])
  const data = join(directory, 'data')
  asPostgres('initdb', '-A', 'trust', '-N', '-D', data)
  appendFileSync(join(data, 'postgresql.conf'), "listen_addresses = ''\n")
  agent = spawn(process.execPath, [agentPath('pgsql'), 'start'], {
    detached: true,
    stdio: 'ignore',
    env: {
      PATH: '/usr/bin:/bin',
      OCF_RESKEY_pgctl: join(directory, 'native/bin/pg_ctl'),
      OCF_RESKEY_pglibs: join(directory, 'native/lib'),
      OCF_RESKEY_pgdata: data,
      OCF_RESKEY_logfile: join(directory, 'log'),
      OCF_RESKEY_socketdir: directory,
      OCF_RESKEY_start_opt: `-c unix_socket_directories=${directory}`,
    },
  })
  // As soon as there is a server, and perhaps before the action is over.
  expect(
    await eventually(() => findServer({ dataDirectory: data, owner: undefined }).kind === 'running', 20_000),
  ).toBe(true)
  try {
    process.kill(-(agent.pid ?? 0), 'SIGKILL')
  } catch {
    // The group is gone with the action: then the server is not in it either.
  }
  const file = join(data, 'postmaster.pid')
  // The server is seen a moment before it has written the file.
  const isUp = (): boolean => existsSync(file) && /^ready/m.test(readFileSync(file, 'utf8'))
  expect(await eventually(isUp, 10_000)).toBe(true)
  expect(findServer({ dataDirectory: data, owner: undefined }).kind).toBe('running')
})
