/** The decisions, as tables: facts in, plan out. No process is needed. */
import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { ExitCode } from 'ocf-ts'
import { decideMonitor, decideStart, decideStop } from '../src/decide'
import { type Facts } from '../src/observe'

const RUNS: Facts = { pid: 42, noted: true }
const DIED: Facts = { pid: undefined, noted: true }
const STOPPED: Facts = { pid: undefined, noted: false }

const TABLE: readonly [string, Facts, { start: string[]; stop: string[]; monitor: ExitCode }][] = [
  ['runs', RUNS, { start: [], stop: ['end program', 'remove note'], monitor: ExitCode.SUCCESS }],
  ['died', DIED, { start: ['start program'], stop: ['remove note'], monitor: ExitCode.NOT_RUNNING }],
  ['stopped', STOPPED, { start: ['start program'], stop: [], monitor: ExitCode.NOT_RUNNING }],
]

for (const [name, facts, expected] of TABLE) {
  void test(name, () => {
    assert.deepEqual(
      {
        start: decideStart(facts).steps,
        stop: decideStop(facts).steps,
        monitor: decideMonitor(facts).exit,
      },
      expected,
    )
  })
}

void test('runs, and is not well', () => {
  const { exit, reason } = decideMonitor(RUNS, 'health: no answer')
  assert.deepEqual({ exit, reason }, { exit: ExitCode.ERR_GENERIC, reason: 'health: no answer' })
})
