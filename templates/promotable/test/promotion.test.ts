/** The built agent's roles, called as pacemaker calls it. */
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { ExitCode } from 'ocf-ts'

const AGENT = resolve('dist/@NAME@')
const directory = mkdtempSync(join(tmpdir(), '@NAME@-'))
const pidfile = join(directory, 'pid')
const mark = join(directory, 'primary')

function call(action: string, parameters: Readonly<Record<string, string>> = {}): number | null {
  const given = {
    program: '/bin/sleep',
    arguments: '1000',
    promote: `/usr/bin/touch ${mark}`,
    demote: `/bin/rm ${mark}`,
    pidfile,
    ...parameters,
  }
  const variables = Object.entries(given).map(([name, value]) => [`OCF_RESKEY_${name}`, value])
  return spawnSync(process.execPath, [AGENT, action], {
    env: {
      PATH: '/usr/bin:/bin',
      OCF_RESOURCE_INSTANCE: 'tested',
      OCF_RESKEY_CRM_meta_timeout: '10000',
      OCF_RESKEY_CRM_meta_interval: '10000',
      ...(Object.fromEntries(variables) as Record<string, string>),
    },
  }).status
}

after(() => {
  call('stop')
  rmSync(directory, { recursive: true, force: true })
})

void test('promoted and demoted, by its commands', () => {
  assert.equal(call('promote'), ExitCode.NOT_RUNNING)
  call('start')
  for (const [action, monitor, marked] of [
    ['promote', ExitCode.RUNNING_PROMOTED, true],
    ['promote', ExitCode.RUNNING_PROMOTED, true],
    ['demote', ExitCode.SUCCESS, false],
    ['demote', ExitCode.SUCCESS, false],
  ] as const) {
    assert.equal(call(action), ExitCode.SUCCESS)
    assert.equal(call('monitor'), monitor)
    assert.equal(existsSync(mark), marked)
  }
  call('stop')
})

void test('what is not well while it is promoted', () => {
  call('start')
  call('promote')
  assert.equal(call('monitor', { health: '/bin/false' }), ExitCode.FAILED_PROMOTED)
  call('stop')
})

void test('a process that was not promoted is not: the role ends with the process that had it', () => {
  call('start')
  call('promote')
  process.kill(Number(readFileSync(pidfile, 'utf8').split(' ')[0]), 'SIGKILL')
  assert.equal(call('monitor'), ExitCode.NOT_RUNNING)
  call('start')
  assert.equal(call('monitor'), ExitCode.SUCCESS)
  call('stop')
})

void test('a promotion that fails leaves it unpromoted', () => {
  call('start')
  assert.equal(call('promote', { promote: '/bin/false' }), ExitCode.ERR_GENERIC)
  assert.equal(call('monitor'), ExitCode.SUCCESS)
  assert.equal(call('notify'), ExitCode.SUCCESS)
  call('stop')
})
