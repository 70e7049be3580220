/** Process numbers that another account has written are data: root sends no signal to, and takes no word from, what they name. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { copyFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { beginRejoin } from '../../agents/pgsql/await-rejoin'
import { settle } from '../../agents/pgsql/end-receiver'
import { bootId } from '../../agents/pgsql/rejoin-note'
import { type Context } from '../../agents/pgsql/agent'
import { type Site } from '../../agents/pgsql/site'
import { processesNamed } from '../../cli/doctor/own/processes'
import { Deadline } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { idOf } from '../root/support/server'

let directory: string
let victim: ChildProcess
let site: Site

const context = {
  variables: { PATH: '/usr/bin:/bin' },
  deadline: new Deadline(600_000),
  explain: undefined,
  log: { info: () => undefined },
} as unknown as Context

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-signals-'))
  chmodSync(directory, 0o755)
  const place = join(directory, 'tmp')
  mkdirSync(place, { mode: 0o700 })
  writeFileSync(join(directory, 'PG_VERSION'), '15\n')
  writeFileSync(join(place, 'recovery.conf'), "primary_conninfo = ''\n")
  execFileSync('chown', ['-R', 'postgres:postgres', place])
  // A daemon of root's, in a session of its own.
  victim = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
  const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  site = {
    instance: { owner, dataDirectory: directory },
    tmpdir: place,
    files: { rejoin: join(place, 'rejoin.json'), recovery: join(place, 'recovery.conf') },
  } as unknown as Site
})
afterEach(() => {
  victim.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** Signals have had the time to arrive. */
async function lives(): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 200))
  return victim.exitCode === null && victim.signalCode === null
}

test("a forged rejoin.json that names root's session as the remains of a worker", async () => {
  const worker = { pid: victim.pid, started: '1', boot: bootId() }
  const note = { method: 'rewind', worker, startedAt: '', state: 'running', phase: '', attempts: 1 }
  const file = join(site.tmpdir, 'rejoin.json')
  writeFileSync(file, JSON.stringify(note))
  execFileSync('chown', ['postgres:', file])
  const begun = beginRejoin(context, site, ['/bin/true'])
  await expect(begun).rejects.toThrow('the rejoin could not be begun')
  expect(await lives()).toBe(true)
})

test("a server that says that its WAL receiver is a process of root's", async () => {
  const row = {
    pid: String(victim.pid),
    in_recovery: true,
    recovering: true,
    read_to_end: false,
    names: '',
    timeline: 1,
    // It is held off every primary already (hold-off.ts).
    setting: '',
  }
  const connection: Connection = {
    rows: <R>() => Promise.resolve([row as R]),
    close: () => undefined,
  }
  await settle({ ...context, deadline: new Deadline(100) }, site, connection)
  expect(await lives()).toBe(true)
})

describe("the name of another account's process", () => {
  let impostor: ChildProcess
  afterEach(() => {
    impostor.kill('SIGKILL')
  })

  test("is not taken for pacemaker's executor, whose PATH the doctor looks for programs in", async () => {
    const program = join(directory, 'pacemaker-execd')
    copyFileSync('/bin/sleep', program)
    chmodSync(program, 0o755)
    impostor = spawn(program, ['300'], {
      uid: idOf('-u', 'nobody'),
      env: { PATH: directory },
      stdio: 'ignore',
    })
    await new Promise((resolve) => impostor.once('spawn', resolve))
    expect(processesNamed('pacemaker-execd')).not.toContain(impostor.pid)
  })
})
