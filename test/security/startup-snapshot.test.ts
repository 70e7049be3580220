/**
 * Start-up snapshots (lib/system/startup-snapshot.ts), on a Node that starts slowly, or says so: a monitor makes one and the
 * next ones are started from it, and whatever has become of it, no monitor fails.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { startedBy } from '../../scripts/build/shortcut'
import { SNAPSHOTS } from '../../lib/system/startup-snapshot'
import { until } from '../cluster/lab'
import { agentPath, type AgentResult, callAgent } from '../root/support/agent'
import { emptyCib } from '../root/support/cib'
import { removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(180_000)

/** Has this Node say that it is built without a snapshot of its own. */
const SLOW = `Object.defineProperty(process, 'config', { value: { variables: { node_use_node_snapshot: false } } })`

let server: TestServer
let directory: string
let slow: string
let agent: string
/** Holds namespaces with a /run of their own. */
let holder: ChildProcess

beforeAll(async () => {
  server = TestServer.create()
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-snapshot-'))
  chmodSync(directory, 0o755)
  slow = join(directory, 'slow.js')
  writeFileSync(slow, SLOW)
  agent = join(directory, 'pgsql')
  install()
  holder = spawn('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /run && echo ready && exec sleep 600'])
  await new Promise((resolve) => holder.stdout?.once('data', resolve))
  expect(await callAgent('pgsql', 'start', { params: server.params })).toMatchObject({ code: 0 })
})
afterAll(() => {
  holder.kill()
  server.destroy()
  removeTemplate()
  rmSync(directory, { recursive: true, force: true })
})

/** As scripts/install does it. */
function install(): void {
  rmSync(agent, { force: true })
  writeFileSync(agent, startedBy(readFileSync(agentPath('pgsql'), 'utf8'), process.execPath), { mode: 0o755 })
}

const inside = (...argv: readonly string[]): readonly string[] => [
  ...['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, '--'],
  ...argv,
]

/** What a program says there; nothing where it fails. */
function ask(...argv: readonly string[]): string {
  const [program = '', ...args] = inside(...argv)
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.trim()
}

const monitor = (...through: readonly string[]): Promise<AgentResult> =>
  callAgent('pgsql', 'monitor', {
    params: server.params,
    env: { OCF_RESOURCE_INSTANCE: 'pgsql', OCF_RESKEY_CRM_meta_interval: '2000', ...emptyCib() },
    through: inside(...through),
  })

const place = (): string => `${SNAPSHOTS}${agent}`
const isMade = (): boolean => ask('cat', place()) !== ''
const SAYS_NOTHING = { code: 0, stdout: '', stderr: '' }

async function make(): Promise<void> {
  expect(await monitor(process.execPath, '--require', slow, agent)).toMatchObject(SAYS_NOTHING)
  await until('the snapshot is there', isMade, { timeoutMs: 60_000, intervalMs: 100 })
}

/** Spoils what a monitor would be started from: then it is told whether one was. */
const spoil = (): string =>
  ask('sh', '-c', `for file in "$1".[0-9]*; do echo no >"$file"; done`, 'sh', place())

test('a monitor makes it, and the next one is started from it', async () => {
  expect(isMade()).toBe(false)
  await make()
  expect(ask('stat', '-c', '%U %a', place(), SNAPSHOTS)).toBe('root 600\nroot 700')
  expect(await monitor(agent)).toMatchObject(SAYS_NOTHING)
  expect(isMade()).toBe(true)
})

test('one that Node does not take is discarded, and the monitor is run without', async () => {
  spoil()
  const { code, stderr } = await monitor(agent)
  expect(code).toBe(0)
  expect(stderr).not.toContain('ocf-exit-reason')
  expect(isMade()).toBe(false)
  // It is not made again at once.
  await monitor(process.execPath, '--require', slow, agent)
  expect(isMade()).toBe(false)
})

test('after an upgrade it is not used, and another one is made', async () => {
  install()
  await make()
  spoil()
  install()
  expect(await monitor(agent)).toMatchObject(SAYS_NOTHING)
  const old = ask('cat', place())
  expect(old).not.toBe('')
  await monitor(process.execPath, '--require', slow, agent)
  await until('another one is there', () => !['', old].includes(ask('cat', place())), {
    timeoutMs: 60_000,
    intervalMs: 100,
  })
  expect(await monitor(agent)).toMatchObject(SAYS_NOTHING)
})

test("another account's is not used", async () => {
  spoil()
  ask('chown', 'nobody', place())
  expect(await monitor(agent)).toMatchObject(SAYS_NOTHING)
  expect(isMade()).toBe(true)
})
