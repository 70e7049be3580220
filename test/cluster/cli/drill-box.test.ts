/** `ocf-ts drill --box`: a cluster of its own, of which nothing is left. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { listRecords } from '../lab'

const MINUTE = 60_000
const TOOL = join(__dirname, '../../../dist/bin/ocf-ts')

test(
  'a node loses its power, and comes back',
  () => {
    // Of this checkout: others may have theirs on the same machine.
    const agents = join(TOOL, '../../ocf/ts')
    const labs = (): readonly string[] =>
      listRecords()
        .filter(({ agentsDir }) => agentsDir === agents)
        .map(({ id }) => id)
    const before = labs()
    const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-box-'))
    try {
      const report = join(directory, 'report.html')
      const argv = [TOOL, 'drill', '--box', '--kind', 'power', '--report', report]
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
