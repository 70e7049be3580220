/** `ocf-ts drill --box`: a cluster of its own, of which nothing is left. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { listRecords } from '../lab'
import { isAlive } from '../lab/state'
import { commandsIn, readmeBlock } from '../../unit/support/readme-blocks'

const MINUTE = 60_000
const CHECKOUT = join(__dirname, '../../..')

test(
  'a node loses its power, and comes back',
  () => {
    // Of this checkout, and of nobody who lives: others may have theirs at the same time.
    const agents = join(CHECKOUT, 'dist/ocf/ts')
    const labs = (): readonly string[] =>
      listRecords()
        .filter(({ agentsDir, owner }) => agentsDir === agents && !(owner && isAlive(owner)))
        .map(({ id }) => id)
    const before = labs()
    const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-box-'))
    try {
      const report = join(directory, 'report.html')
      const [command = ''] = commandsIn(readmeBlock('rehearse-a-failover/1'))
      const [tool = '', ...words] = command.split(' ')
      const argv = [join(CHECKOUT, tool), ...words, '--kind', 'power', '--report', report]
      const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
        cwd: directory,
        encoding: 'utf8',
        timeout: 4 * MINUTE,
      })
      expect({ status, stdout, stderr }).toEqual({
        status: 0,
        stdout: expect.stringMatching(
          /^node2 took over; writes stood still for \S+ s; all \d+ acknowledged rows are there$/m,
        ),
        stderr: expect.any(String),
      })
      expect(stdout).toMatch(/^ +\+\S+ s {2}node1 is (?:offline|lost)/m)
      expect(stdout).toMatch(/^ +\+\S+ s {2}node1 has power again, and its cluster starts$/m)
      expect(stdout).toMatch(/^return: node1 was a standby again after \S+ s, by itself$/m)
      expect(readFileSync(report, 'utf8')).toContain('Power loss on node1')
      expect(readdirSync(directory)).toEqual(['report.html'])
      expect(labs().filter((id) => !before.includes(id))).toEqual([])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
  5 * MINUTE,
)
