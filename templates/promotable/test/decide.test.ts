/** The decisions, as tables: facts in, plan out. No process is needed. */
import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { ExitCode } from 'ocf-ts'
import { decideMonitor, decideRole, decideStart, decideStop } from '../src/decide'
import { type Facts } from '../src/observe'

const RUNS: Facts = { pid: 42, noted: true, promoted: false }
const PROMOTED: Facts = { ...RUNS, promoted: true }
const DIED: Facts = { pid: undefined, noted: true, promoted: false }
const STOPPED: Facts = { pid: undefined, noted: false, promoted: false }

interface Expected {
  readonly start: string[]
  readonly stop: string[]
  readonly monitor: ExitCode
  readonly promote: ExitCode | string[]
  readonly demote: ExitCode | string[]
}

const CHANGE = ['run command', 'note role']
const END = ['withdraw', 'end program', 'remove notes']
const { SUCCESS, NOT_RUNNING, RUNNING_PROMOTED } = ExitCode
const NOT = { monitor: NOT_RUNNING, promote: NOT_RUNNING, demote: NOT_RUNNING }

const TABLE: readonly [string, Facts, Expected][] = [
  ['runs', RUNS, { start: ['offer'], stop: END, monitor: SUCCESS, promote: CHANGE, demote: [] }],
  [
    'promoted',
    PROMOTED,
    { start: ['offer'], stop: END, monitor: RUNNING_PROMOTED, promote: [], demote: CHANGE },
  ],
  ['died', DIED, { start: ['start program', 'offer'], stop: ['withdraw', 'remove notes'], ...NOT }],
  ['stopped', STOPPED, { start: ['start program', 'offer'], stop: ['withdraw'], ...NOT }],
]

const stepsOrCode = ({ exit, steps }: ReturnType<typeof decideRole>) => (exit === SUCCESS ? steps : exit)

for (const [name, facts, expected] of TABLE) {
  void test(name, () => {
    assert.deepEqual(
      {
        start: decideStart(facts).steps,
        stop: decideStop(facts).steps,
        monitor: decideMonitor(facts).exit,
        promote: stepsOrCode(decideRole(facts, 'promoted')),
        demote: stepsOrCode(decideRole(facts, 'unpromoted')),
      },
      expected,
    )
  })
}

void test('runs, and is not well', () => {
  const { exit, reason } = decideMonitor(RUNS, 'health: no answer')
  assert.deepEqual({ exit, reason }, { exit: ExitCode.ERR_GENERIC, reason: 'health: no answer' })
})

void test('promoted, and is not well', () => {
  assert.equal(decideMonitor(PROMOTED, 'health: no answer').exit, ExitCode.FAILED_PROMOTED)
})
