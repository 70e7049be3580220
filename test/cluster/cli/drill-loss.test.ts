/** `ocf-ts drill` where a failover loses commits: it refuses; and when it is made to begin, it finds what is lost. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type DrillResult } from '../../../cli/drill/result'
import { Lab, type LabNode, makeDocumentCluster, until } from '../lab'

const MINUTE = 60_000

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab, { pgsqlParams: { rep_mode: 'async' }, reading: 'HS:async' })
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

test('commits that wait for no standby: refused', async () => {
  const { code, stderr } = await node2.run(['ocf-ts', 'drill', '--yes', '--no-report'])
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringContaining(
      'no drill now: a failover now may lose commits: commits wait for no standby',
    ),
  })
})

test('rows that are lost are counted, what an old primary needs is said, and the drill has not passed', async () => {
  const argv = ['ocf-ts', 'drill', '--yes', '--force', '--json', '--report', '/run/root/lost.html']
  const drill = node2.run(argv, { timeoutMs: 2 * MINUTE })
  const written = 'select count(*) from ocf_ts_drill.rows'
  await until('rows are written', async () => Number(await node1.sql(written)) > 40)
  // What is acknowledged from here on does not reach the standby.
  await node2.cutOff(['eth2'])
  await lab.waitFor('it is promoted', (status) => status.promoted('pgsql').includes('node2'))
  await node2.heal(['eth2'])
  const { code, stdout } = await drill
  const { writes, problems, return: back } = JSON.parse(stdout) as DrillResult
  expect(code).toBe(1)
  expect(writes.lost.length).toBeGreaterThan(0)
  expect(problems[0]).toBe(`${writes.lost.length} of ${writes.acknowledged} acknowledged rows are lost`)
  expect(back).toEqual({
    how: 'not',
    afterMs: null,
    reason: expect.stringMatching(
      /^pgsql start on node1 failed \(error\): the primary lacks .*: take a base backup$/,
    ),
  })
  expect(problems[1]).toBe(`node1 is not back: ${String(back.reason)}`)
  expect(await node2.must(['cat', '/run/root/lost.html'])).toContain('<div class="verdict bad">')
  expect(await node2.sql("select to_regnamespace('ocf_ts_drill') is null")).toBe('t')
})
