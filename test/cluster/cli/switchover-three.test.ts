/**
 * `ocf-ts switchover --to` among three nodes: exactly that one, also where an election decides.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { readConfiguration } from '../../../lib/cluster/configuration'
import { Lab, makeDocumentCluster } from '../lab'

const MINUTE = 60_000

jest.setTimeout(2 * MINUTE)

let lab: Lab

beforeAll(async () => {
  lab = await Lab.create({ tool: true, nodes: ['node1', 'node2', 'node3'] })
  await makeDocumentCluster(lab, {
    pgsqlParams: { rep_mode: 'async', xlog_check_count: '1' },
    reading: 'HS:async',
  })
}, 5 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

test('rep_mode=async: a standby too far behind is refused, and then node3 becomes the primary; what a person has banned stays so', async () => {
  const [node1, node3] = [lab.node('node1'), lab.node('node3')]
  const constraints = async () =>
    readConfiguration(await node1.must(['cibadmin', '--query'])).constraints.map(({ id }) => id)
  await node1.must(['crm_resource', '--ban', '--resource', 'msPostgresql', '--node', 'node2', '--promoted'])
  const persons = async () =>
    /<rsc_location id="cli-ban-msPostgresql-on-node2" [^>]*>/.exec(
      await node1.must(['cibadmin', '--query', '--scope=constraints']),
    )?.[0]
  const [before, banned] = [await constraints(), await persons()]
  expect(banned).toContain('node="node2"')

  await node3.sql('select pg_wal_replay_pause()')
  await node1.sql('create table filler as select generate_series(1, 20000) as id')
  const refused = await node1.run(['ocf-ts', 'switchover', '--to', 'node3', '--max-lag', '1000'])
  expect(refused.code).toBe(3)
  expect(refused.stderr).toMatch(/^- node3 is \d.* behind, more than 1000 bytes: writes would stand still/m)
  expect(refused.stderr).toContain('fix that')
  await node3.sql('select pg_wal_replay_resume()')

  const load = await lab.startWriteLoad()
  await load.waitForMore(50)
  const { code, stdout, stderr } = await node1.run([
    'ocf-ts',
    'switchover',
    '--to',
    'node3',
    '--json',
    '--force',
  ])
  expect([code, stderr.replace(/^- .*\n/gm, '')]).toEqual([0, ''])
  await load.waitForMore(50)
  const { outage } = await load.stop()
  const result = JSON.parse(stdout) as { to: string; outage: { seconds: number } }
  expect(result.to).toBe('node3')
  expect(Math.abs(result.outage.seconds - outage.ms / 1000)).toBeLessThan(1)
  expect(await load.lostRows(node3)).toEqual([])
  expect(await constraints()).toEqual(before)
  expect(await persons()).toBe(banned)
  await node1.must(['crm_resource', '--clear', '--resource', 'msPostgresql'])
  const status = await lab.waitFor('both others follow', (now) =>
    ['node1', 'node2'].every((node) => now.attribute(node, 'pgsql-data-status') === 'STREAMING|ASYNC'),
  )
  expect(status.promoted('pgsql')).toEqual(['node3'])
  expect(status.failures).toEqual([])
})
