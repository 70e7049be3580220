/**
 * Looking for a server does not look into the directories in which other accounts have processes: a file system of theirs
 * (FUSE with user_allow_other), or one of a machine that is gone, would keep root for ever.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { findServer } from '../../lib/postgres/server-state'
import { idOf } from '../root/support/server'

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

let directory: string
let child: ChildProcess

beforeEach(() => {
  directory = fs.mkdtempSync('/dev/shm/ocf-ts-others-')
  execFileSync('chown', ['postgres:', directory])
  // A program of that name is what may be a server; it is another account's.
  fs.copyFileSync('/usr/bin/sleep', `${directory}/postgres`)
  fs.chmodSync(directory, 0o755)
  child = spawn(`${directory}/postgres`, ['60'], { uid: 65534, cwd: directory, stdio: 'ignore' })
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
  const paths = looked.mock.calls.map(([path]) => String(path))
  expect(
    paths.filter((path) => [pid, 'self', String(process.pid)].some((one) => path === `/proc/${one}/cwd`)),
  ).toEqual([])
})
