/**
 * Looking for a server does not look into the directories in which other accounts have processes: a file system of theirs
 * (FUSE with user_allow_other, or below an overlay in a user namespace), or one of a machine that is gone, would keep root
 * for ever. Nor is it asked what such a process has in its memory.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { bootId, readRejoin } from '../../agents/pgsql/rejoin-note'
import { findServer } from '../../lib/postgres/server-state'
import { programOf, startTime } from '../../lib/system/processes'
import { agentPath } from '../root/support/agent'
import { idOf } from '../root/support/server'

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

/** No process has this number: the kernel's end below it. */
const GONE = 2 ** 22
const LOADERS = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1']

/** Whoever is neither root nor the database's account. */
const other = 65534

let directory: string
let child: ChildProcess

/** The files that one of Node's functions was called for. */
function asked(looked: {
  readonly mock: { readonly calls: readonly (readonly unknown[])[] }
}): readonly string[] {
  return looked.mock.calls.map(([path]) => String(path))
}

beforeEach(() => {
  directory = fs.mkdtempSync('/dev/shm/ocf-ts-others-')
  execFileSync('chown', ['postgres:', directory])
  // A program of that name is what may be a server; it is another account's.
  fs.copyFileSync('/usr/bin/sleep', `${directory}/postgres`)
  fs.chmodSync(directory, 0o755)
  child = spawn(`${directory}/postgres`, ['60'], { uid: other, cwd: directory, stdio: 'ignore' })
})
afterEach(() => {
  jest.restoreAllMocks()
  child.kill('SIGKILL')
  fs.rmSync(directory, { recursive: true, force: true })
})

test.each([
  ['without a pid file', ''],
  ['with one that names it', 'named'],
])('%s', (_, named) => {
  const pid = String(child.pid)
  if (named !== '') fs.writeFileSync(`${directory}/postmaster.pid`, `${pid}\n`)
  const looked = jest.spyOn(fs, 'statSync')
  expect(findServer({ dataDirectory: directory, owner }).kind).toBe('stopped')
  expect(
    asked(looked).filter((path) =>
      [pid, 'self', String(process.pid)].some((one) => path === `/proc/${one}/cwd`),
    ),
  ).toEqual([])
})

test("what a loader of another account's has loaded is not read", () => {
  const [loader = ''] = LOADERS.filter((path) => fs.existsSync(path))
  const program = `${directory}/ld-own.so.2`
  fs.copyFileSync(loader, program)
  const loading = spawn(program, ['/usr/bin/sleep', '60'], { uid: other, cwd: directory, stdio: 'ignore' })
  try {
    const read = jest.spyOn(fs, 'readFileSync')
    expect(programOf(loading.pid ?? 0)).toBe(program)
    expect(findServer({ dataDirectory: directory, owner }).kind).toBe('stopped')
    expect(asked(read)).not.toContain(`/proc/${loading.pid}/maps`)
  } finally {
    loading.kill('SIGKILL')
  }
})

test('the command line of a process is not read because a note of the database account names it', () => {
  const pid = child.pid ?? 0
  const rejoin = `${directory}/rejoin.json`
  const worker = { pid, started: startTime(pid) ?? '', boot: bootId() }
  const note = { method: 'rewind', worker, startedAt: '2026-11-30T00:00:00Z', state: 'running' }
  fs.writeFileSync(rejoin, JSON.stringify({ ...note, phase: 'copies', attempts: 1 }))
  execFileSync('chown', ['postgres:', rejoin])
  const read = jest.spyOn(fs, 'readFileSync')
  const site = { instance: { owner }, files: { rejoin } } as unknown as Parameters<typeof readRejoin>[0]
  expect(readRejoin(site)?.state).toBe('cut off')
  expect(asked(read)).not.toContain(`/proc/${pid}/cmdline`)
})

test('the shell that begins a monitor does not ask where such a process works', () => {
  // With a server that has died: the shell tells that by itself, where no process of the account's works in the data.
  const data = `${directory}/data`
  for (const name of ['', '/global', '/pg_wal']) fs.mkdirSync(`${data}${name}`)
  fs.writeFileSync(`${data}/PG_VERSION`, '15\n')
  fs.writeFileSync(`${data}/global/pg_control`, 'control')
  fs.writeFileSync(`${data}/postmaster.pid`, `${GONE}\n`)
  execFileSync('chown', ['-R', 'postgres:', data])
  const notes = `${directory}/notes`
  fs.mkdirSync(notes)
  fs.writeFileSync(`${notes}/ts-pgsql-server-pgsql`, `${GONE}\n`)
  // In place of Node, which does the rest.
  fs.writeFileSync(`${notes}/node`, '#!/bin/sh\nexit 99\n', { mode: 0o755 })
  const monitor = (): number | null =>
    spawnSync('sh', [agentPath('pgsql'), 'monitor'], {
      env: {
        PATH: `${notes}:/usr/sbin:/usr/bin:/sbin:/bin`,
        HA_RSCTMP: notes,
        OCF_RESOURCE_INSTANCE: 'pgsql:0',
        OCF_RESKEY_pgdata: data,
        OCF_RESKEY_CRM_meta_interval: '2000',
      },
    }).status
  const workThere = (uid: number): ChildProcess =>
    spawn('/usr/bin/sleep', ['60'], { uid, cwd: data, stdio: 'ignore' })
  for (const [uid, code] of [
    [other, 7],
    [owner.uid, 99],
  ] as const) {
    const working = workThere(uid)
    try {
      expect(monitor()).toBe(code)
    } finally {
      working.kill('SIGKILL')
    }
  }
})
