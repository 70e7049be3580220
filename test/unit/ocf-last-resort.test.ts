/** What an agent says that ends by a fault of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { reasonAsPacemaker } from '../security/support/readable'

const ROOT = join(__dirname, '../..')

test('a reason that holds the prefix is one reason for pacemaker', () => {
  const program = `
    const { guardExit } = require(${JSON.stringify(join(ROOT, 'lib/ocf/last-resort.ts'))})
    guardExit('monitor')
    throw new Error('no answer ocf-exit-reason:all is well')
  `
  const { status, stderr } = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  })
  expect(status).toBe(1)
  expect(reasonAsPacemaker(stderr)).toBe('monitor failed: no answer ocf-exit-reason :all is well')
})
