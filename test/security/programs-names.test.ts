/** Doctor believes a process of pacemaker's what it has in its environment: none that only bears such a name. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { processesNamed } from '../../cli/doctor/own/processes'
import { findProcess } from '../../lib/system/processes'
import { eventually } from './support/timing'

const NAME = 'pacemaker-execd'

let directory: string
let child: ChildProcess | undefined

beforeEach(() => {
  directory = mkdtempSync('/dev/shm/ocf-ts-names-')
  execFileSync('chmod', ['755', directory])
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

async function start(program: string, name: string): Promise<number> {
  child = spawn(program, ['60'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  expect(await eventually(() => findProcess(pid)?.name === name)).toBe(true)
  return pid
}

test('a program of root is found by its name', async () => {
  const pid = await start('/usr/bin/sleep', 'sleep')
  expect(processesNamed('sleep')).toContain(pid)
})

test('a program of root by a name that another account has given it is not', async () => {
  const link = join(directory, NAME)
  symlinkSync('/usr/bin/sleep', link)
  const pid = await start(link, NAME)
  expect(processesNamed(NAME)).not.toContain(pid)
})

test('a program where another account can put one is not', async () => {
  const program = join(directory, NAME)
  copyFileSync('/usr/bin/sleep', program)
  execFileSync('chown', ['postgres:', directory])
  const pid = await start(program, NAME)
  expect(processesNamed(NAME)).not.toContain(pid)
})
