/** The two commands at the top of the README. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { commandsIn, readmeBlock } from '../../unit/support/readme-blocks'

const MINUTE = 60_000
const CHECKOUT = join(__dirname, '../../..')

const commands = commandsIn(readmeBlock('two-commands/1'))

test(
  'the first shows a failover, and that nothing was lost',
  () => {
    const { status, stdout, stderr } = spawnSync(commands[0] ?? '', {
      cwd: CHECKOUT,
      encoding: 'utf8',
      timeout: 4 * MINUTE,
    })
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\d+ acknowledged rows, 0 lost\.$/m),
      stderr: expect.any(String),
    })
  },
  5 * MINUTE,
)

test('the second is what continuous integration runs', () => {
  const [, second = ''] = commands
  expect(readFileSync(join(CHECKOUT, '.ci/run'), 'utf8')).toContain(`/../${second}"`)
})
