/** The built agent, called as pacemaker calls it. */
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { ExitCode } from 'ocf-ts'
import { startTime } from 'ocf-ts/processes'

const AGENT = resolve('dist/@NAME@')
const directory = mkdtempSync(join(tmpdir(), '@NAME@-'))
const pidfile = join(directory, 'pid')

/** @returns the exit code, and the reason that `crm_mon` would show */
function call(action: string, parameters: Readonly<Record<string, string>> = {}, intervalMs = 10_000) {
  const given = { program: '/bin/sleep', arguments: '1000', pidfile, ...parameters }
  const variables = Object.entries(given).map(([name, value]) => [`OCF_RESKEY_${name}`, value])
  const { status, stdout, stderr } = spawnSync(process.execPath, [AGENT, action], {
    encoding: 'utf8',
    env: {
      PATH: '/usr/bin:/bin',
      OCF_ROOT: '/usr/lib/ocf',
      OCF_RESOURCE_INSTANCE: 'tested',
      OCF_RESKEY_CRM_meta_timeout: '10000',
      OCF_RESKEY_CRM_meta_interval: String(intervalMs),
      ...(Object.fromEntries(variables) as Record<string, string>),
    },
  })
  return { code: status, stdout, reason: /^ocf-exit-reason:(.*)$/m.exec(stderr)?.[1] }
}

const pid = (): number => Number(readFileSync(pidfile, 'utf8').split(' ')[0])

after(() => {
  call('stop')
  rmSync(directory, { recursive: true, force: true })
})

void test('the life of the program', () => {
  assert.equal(call('monitor', {}, 0).code, ExitCode.NOT_RUNNING)
  assert.equal(call('start').code, ExitCode.SUCCESS)
  const first = pid()
  assert.equal(call('start').code, ExitCode.SUCCESS)
  assert.equal(pid(), first, 'a second start starts nothing')
  assert.equal(call('monitor').code, ExitCode.SUCCESS)
  assert.equal(call('stop').code, ExitCode.SUCCESS)
  assert.equal(startTime(first), undefined, 'its process has ended')
  assert.equal(call('monitor').code, ExitCode.NOT_RUNNING)
  assert.equal(call('stop').code, ExitCode.SUCCESS)
})

void test('a program that is killed is not running, and can be started again', () => {
  call('start')
  process.kill(pid(), 'SIGKILL')
  assert.equal(call('monitor').code, ExitCode.NOT_RUNNING)
  assert.equal(call('start').code, ExitCode.SUCCESS)
  assert.equal(call('monitor').code, ExitCode.SUCCESS)
  call('stop')
})

void test('a program that is not well', () => {
  call('start')
  assert.equal(call('monitor', { health: '/bin/true' }).code, ExitCode.SUCCESS)
  const { code, reason } = call('monitor', { health: '/bin/false' })
  assert.equal(code, ExitCode.ERR_GENERIC)
  assert.match(reason ?? '', /^health: \/bin\/false failed with exit code 1/)
  call('stop')
})

void test('bad input: one clear reason, and the right code', () => {
  const table: readonly [string, Record<string, string>, ExitCode, RegExp][] = [
    ['start', { program: '' }, ExitCode.ERR_CONFIGURED, /^program is not set/],
    ['start', { program: 'sleep' }, ExitCode.ERR_CONFIGURED, /^program: 'sleep' is not allowed/],
    ['validate-all', { program: '/nowhere' }, ExitCode.ERR_INSTALLED, /^program: \/nowhere is no program/],
    ['start', { program: '/bin/false' }, ExitCode.ERR_GENERIC, /^program: \/bin\/false ended at once/],
    ['frobnicate', {}, ExitCode.ERR_UNIMPLEMENTED, /^/],
  ]
  for (const [action, parameters, code, reason] of table) {
    const result = call(action, parameters)
    assert.equal(result.code, code, action)
    assert.match(result.reason ?? '', reason)
  }
})

void test('meta-data', () => {
  const { code, stdout } = call('meta-data')
  assert.equal(code, ExitCode.SUCCESS)
  assert.match(stdout, /<resource-agent name="@NAME@"/)
})
