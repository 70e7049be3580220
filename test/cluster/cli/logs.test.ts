/**
 * `ocf-ts logs`: after a failover, what happened, in its order, from the logs of all nodes.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type Entry } from '../../../cli/logs/timeline'
import { isInSync, Lab, type LabNode, makeDocumentCluster, serves } from '../lab'

const MINUTE = 60_000
jest.setTimeout(MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab)
  await lab.waitFor('node2 is in sync', isInSync(node1, node2))
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

test('the story of a failover, told on the node that took over', async () => {
  node1.killPostgres()
  await lab.waitFor('node2 serves', serves(node2))
  await lab.waitFor('node1 is stopped', (status) => status.attribute('node1', 'pgsql-status') === 'STOP')
  await node2.must(['crm_resource', '--wait', '--timeout', '20'])
  const { code, stdout, stderr } = await node2.run(['ocf-ts', 'logs', '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { entries } = JSON.parse(stdout) as { entries: Entry[] }
  const story: readonly (readonly [string, RegExp])[] = [
    ['node1', /^Result of monitor operation for pgsql on node1: not running|^Actions: Recover +pgsql/i],
    ['node1', /^Result of stop operation for pgsql on node1: ok$/i],
    ['node2', /^received promote request$/],
    ['node2', /^selected new timeline ID: \d+$/],
    ['node2', /^Result of promote operation for pgsql on node2: ok$/i],
    ['node2', /^ip -4 address add 192\.168\.100\.163\/24 dev eth0$/],
  ]
  let from = 0
  for (const [node, pattern] of story) {
    const index = entries.findIndex(
      (entry, position) =>
        position >= from && (entry.node === node || node === 'node1') && pattern.test(entry.text),
    )
    expect({ pattern: pattern.source, found: index >= 0 }).toEqual({ pattern: pattern.source, found: true })
    from = index
  }
  // Whatever node says it: each change of an attribute stands once.
  const changes = entries.filter(({ text }) =>
    /^Setting pgsql-status\[node2\](?: in instance_attributes)?: .* -> PRI$/.test(text),
  )
  expect(changes).toHaveLength(1)
})

test('as text: the time, the node, who, what', async () => {
  const { stdout } = await node2.run(['ocf-ts', 'logs'])
  expect(stdout).toMatch(/^around the last promotion\n--- /)
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}node2 {2}postgres +received promote request$/m)
  const all = await node2.run(['ocf-ts', 'logs', '--since', '10m', '--all'])
  expect(all.stdout.length).toBeGreaterThan(2 * stdout.length)
})

test('a node that cannot be asked is said to be missing; a time that is none is refused', async () => {
  await node1.powerOff()
  const { code, stdout, stderr } = await node2.run(['ocf-ts', 'logs', '--since', '10m'])
  expect(code).toBe(4)
  expect(stderr).toMatch(/^not known: node1: ssh node1: .+/m)
  expect(stdout).toContain('received promote request')
  expect((await node2.run(['ocf-ts', 'logs', '--since', 'yesterday'])).code).toBe(2)
})
