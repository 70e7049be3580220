/** A program of another account's has that account's rights, all of its groups, and nothing of root's. */
import { execFileSync } from 'node:child_process'
import { describe, expect, jest, test } from '@jest/globals'
import { Deadline } from '../../lib/ocf'
import { argvAs } from '../../lib/system/run-as'
import { runProgram } from '../../lib/system/run-program'
import { idOf } from '../root/support/server'

jest.setTimeout(30_000)

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

test('it is run by setpriv, which becomes the program; with PAM, for its limits, by runuser', () => {
  const ids = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--init-groups', '--']
  expect(argvAs(owner, ['id', '-u'])).toEqual([expect.stringMatching(/\/setpriv$/), ...ids, 'id', '-u'])
  expect(argvAs(owner, ['id', '-u'], true)).toEqual(['runuser', '-u', 'postgres', '--', 'id', '-u'])
})

describe.each([
  ['by setpriv', false],
  ['by runuser', true],
])('%s', (_, limits) => {
  const ask = async (script: string): Promise<string> => {
    const options = { as: owner, limits, deadline: new Deadline(20_000), cwd: '/' }
    const { stdout } = await runProgram('sh', ['-c', script], options)
    return stdout.trim()
  }

  test('the account and its groups', async () => {
    const groups = execFileSync('id', ['-G', 'postgres'], { encoding: 'utf8' }).trim().split(' ').sort()
    expect((await ask('id -G')).split(' ').sort()).toEqual(groups)
    const status = await ask("grep -E '^(Uid|Gid|CapEff|CapPrm):' /proc/self/status")
    const four = (id: number): string => Array(4).fill(id).join('\t')
    expect(status).toBe(
      `Uid:\t${four(owner.uid)}\nGid:\t${four(owner.gid)}\nCapPrm:\t${'0'.repeat(16)}\nCapEff:\t${'0'.repeat(16)}`,
    )
  })
})
