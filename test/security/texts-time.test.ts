/** What another account, or another machine, has written is read in a moment, whatever it is: a regular expression could take for ever. */
import { expect, jest, test } from '@jest/globals'
import { readAutomatic } from '../../cli/doctor/own/database'
import { backupComplaint, readBackupProgress } from '../../lib/postgres/base-backup'
import { findSetting, withIncludes } from '../../lib/postgres/config-file'
import { copiedPercent, rewindComplaint } from '../../lib/postgres/rewind'
import { describeFailure } from '../../lib/system/run-program'

jest.setTimeout(600_000)

/** Seconds of the processor: the machine may be busy. */
function secondsOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const SIZE = 30_000
const blanks = ' '.repeat(SIZE)
const repeated = (text: string): string => text.repeat(SIZE / text.length)

test.each<readonly [string, () => unknown]>([
  ['a setting', () => findSetting(`port${blanks}#`, 'port')],
  ['an included file', () => withIncludes(`include${blanks}x`, ['/file'])],
  ['a setting of ALTER SYSTEM', () => readAutomatic(`primary_conninfo${blanks}x`)],
  ["pg_rewind's complaint", () => rewindComplaint(repeated('could not open file "pg_wal'))],
  ["pg_rewind's progress", () => copiedPercent('1'.repeat(SIZE))],
  ["pg_basebackup's complaint", () => backupComplaint(repeated('FATAL'))],
  ["pg_basebackup's progress", () => readBackupProgress('1'.repeat(SIZE))],
])('%s', (_, read) => {
  expect(secondsOf(read)).toBeLessThan(0.3)
})

test('what a program says is told from its beginning and from its end', () => {
  const stderr = `begin${'x'.repeat(10_000_000)}end`
  const told = describeFailure('psql', { code: 2, stderr, stdout: '', timedOut: false })
  expect(told).toMatch(/^psql failed with exit code 2: beginx.* \.\.\. .*xend$/)
  expect(told.length).toBeLessThan(10_000)
})
