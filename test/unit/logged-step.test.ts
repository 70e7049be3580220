/** What scripts/setup shows of its steps, and what it keeps in a file. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Directory, REPOSITORY, temporaryDirectory } from './support/built-agents'

let directory: Directory
beforeEach(() => {
  directory = temporaryDirectory()
})
afterEach(() => {
  directory.remove()
})

const log = (): string => join(directory.path, 'setup.log')

/** Runs commands of bash with the functions, as scripts/setup does. */
function run(commands: string): { status: number | null; stdout: string; stderr: string } {
  const script = `source "$1"; start_log "$2"\n${commands}`
  const { status, stdout, stderr } = spawnSync(
    'bash',
    [
      '--norc',
      '-euo',
      'pipefail',
      '-c',
      script,
      'scripts/setup',
      join(REPOSITORY, 'scripts/lib/logged-step.sh'),
      log(),
    ],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

test('a step is one line; what its programs print is in the file', () => {
  const { status, stdout, stderr } = run(`
    noisy() { echo to the one; echo to the other >&2; }
    logged_step 'make noise' noisy
    logged_step 'make more' echo more`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^- make noise \.\.\. \d+ s\n- make more \.\.\. \d+ s\n$/)
  expect(readFileSync(log(), 'utf8')).toBe(
    '\n=== make noise\nto the one\nto the other\n\n=== make more\nmore\n',
  )
})

test('where it fails, the end of what was printed is shown, and the next step does not follow', () => {
  const { status, stdout, stderr } = run(`
    fails() { seq 30; false; echo not reached; }
    logged_step 'try it' fails
    logged_step 'go on' true`)
  expect(status).toBe(1)
  expect(stdout).toMatch(/^- try it \.\.\. failed after \d+ s\n$/)
  expect(stderr).toMatch(/^11\n(\d+\n)*30\nscripts\/setup: all of it is in /)
})

test('in a terminal the seconds are counted in the line, and the count ends with the step', () => {
  const functions = join(REPOSITORY, 'scripts/lib/logged-step.sh')
  const commands = `set -euo pipefail; source '${functions}'; start_log '${log()}'; logged_step wait sleep 1.5; jobs -p`
  const { status, stdout } = spawnSync('script', ['-qec', `bash -c "${commands}"`, '/dev/null'], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^- wait \.\.\. \r- wait \.\.\. 1 s \r- wait \.\.\. [12] s\r\n$/),
  })
})

test.each([
  [5, '10 seconds'],
  [83, '90 seconds'],
  [100, '2 minutes'],
  [121, '3 minutes'],
])('%d seconds are %s', (seconds, words) => {
  expect(run(`duration ${seconds}`).stdout).toBe(words)
})
