/**
 * `ocf-ts debug`: an agent by hand, with the cluster's parameters, here and on another node.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { isInSync, Lab, type LabNode, makeDocumentCluster } from '../lab'

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

const debug = (node: LabNode, ...args: readonly string[]) => node.run(['ocf-ts', 'debug', ...args])

test('a monitor explains itself, and shows every program and query with its time', async () => {
  const { code, stdout, stderr } = await debug(node1, 'pgsql', 'monitor')
  expect(code).toBe(8)
  expect(stdout).toMatch(/^observed:[^]*^decided:[^]*^would do:\n {2}nothing$/m)
  const lines = stderr.trimEnd().split('\n')
  for (const line of lines)
    expect(line).toMatch(/^trace +\d+\.\d ms +\d+\.\d ms {2}(program|connection|query) /)
  expect(stderr).toMatch(/ program +cibadmin --query --local: exit code 0$/m)
  expect(stderr).toMatch(
    / connection +to \/var\/run\/postgresql port 5432 as postgres, database postgres: open$/m,
  )
  expect(stderr).toMatch(/ query +select .*: \d+ rows$/m)
  expect((await debug(node1, 'pgsql', 'monitor', '--no-trace')).stderr).toBe('')
})

test('on another node, with its exit code', async () => {
  const there = await debug(node1, 'pgsql', 'monitor', '--node', 'node2')
  expect(there.code).toBe(0)
  expect(there.stdout).toContain(`resource: 'pgsql'`)
  expect(there.stdout).toContain(`node: 'node2'`)
  const wouldStop = await debug(node2, 'pgsql', 'stop', '--node', 'node1')
  expect(wouldStop.code).toBe(0)
  expect(await node1.sql('select pg_is_in_recovery()')).toBe('f')
})

test('--act asks first; the address goes, and the cluster brings it back', async () => {
  const refused = await debug(node1, 'vip-slave', 'stop', '--node', 'node2', '--act')
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain('say --yes where nobody can answer')
  const has = async () => (await node2.must(['ip', '-4', '-oneline', 'address'])).includes('192.168.100.164')
  expect(await has()).toBe(true)
  const acted = await debug(node1, 'vip-slave', 'stop', '--node', 'node2', '--act', '--yes')
  expect(acted.code).toBe(0)
  expect(acted.stderr).toMatch(/^trace .* program +ip .*address.* del/m)
  expect(await has()).toBe(false)
  await lab.waitFor('the cluster has noticed', ({ failures }) =>
    failures.some(({ resource }) => resource === 'vip-slave'),
  )
})

test('a wrong word is named, with the right ones', async () => {
  expect(await debug(node1, 'IPaddr2', 'monitor')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('name one: vip-slave, vip-master, vip-rep'),
  })
  expect(await debug(node1, 'pgsql', 'monitor', '--node', 'node9')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('it has node1, node2'),
  })
  expect(await debug(node1, 'pgsql', 'frobnicate')).toMatchObject({ code: 3 })
})
