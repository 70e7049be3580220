/**
 * `ocf-ts switchover`: refused where it is not safe, and otherwise done, measured, and nothing of it left behind.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { readConfiguration } from '../../../lib/cluster/configuration'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster, until } from '../lab'

const MINUTE = 60_000

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab)
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

const isInSync =
  (primary: string, standby: string) =>
  (status: ClusterStatus): boolean =>
    status.promoted('pgsql').includes(primary) &&
    status.attribute(standby, 'pgsql-data-status') === 'STREAMING|SYNC' &&
    status.nodeOf('vip-master') === primary

async function constraints(node: LabNode): Promise<readonly string[]> {
  const { constraints: all } = readConfiguration(await node.must(['cibadmin', '--query']))
  return all.map(({ id }) => id)
}

interface Result {
  readonly from: string
  readonly to: string
  readonly outage: { readonly seconds: number } | null
  readonly steps: readonly { readonly step: string; readonly seconds: number }[]
}

test('refused: an unknown node, maintenance, a standby that is not in sync, a node that is away', async () => {
  const before = await constraints(node1)
  const refused = async (reason: RegExp, ...args: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await node1.run(['ocf-ts', 'switchover', ...args])
    expect(stderr).toMatch(reason)
    expect(stderr).toContain('ocf-ts: no switchover: nothing was changed')
    expect([code, stdout]).toEqual([3, ''])
  }
  await refused(/^- node9 is no node of pgsql: there is node2$/m, '--to', 'node9', '--force')

  const property = ['crm_attribute', '--type', 'crm_config', '--name', 'maintenance-mode']
  await node1.must([...property, '--update', 'true'])
  await refused(/^- the cluster is in maintenance mode: 'ocf-ts resume' ends that$/m)
  await node1.must([...property, '--delete'])

  await node1.must(['crm_resource', '--ban', '--resource', 'msPostgresql', '--node', 'node2', '--promoted'])
  await refused(/^- the constraint cli-ban-msPostgresql-on-node2 was left behind .* keeps it off node2$/m)
  await node1.must(['crm_resource', '--clear', '--resource', 'msPostgresql'])

  await node2.stopCluster()
  await lab.waitFor('node2 is out', (status) => !status.online.includes('node2'), { from: 'node1' })
  await refused(/^- node2 is offline$/m, '--to', 'node2')
  await refused(/^- nobody could take over: node2 is offline$/m, '--check')

  await node1.sql('select pg_switch_wal()')
  await node2.boot()
  await lab.waitFor('node2 runs as a standby', (status) => status.role('pgsql', 'node2') === 'Unpromoted')
  const receiver = async () =>
    node1.sql(
      `select count(*) from pg_stat_replication where state = 'streaming' and application_name = 'node2'`,
    )
  await until('it streams', async () => (await receiver()) === '1')
  await lab.waitFor('node2 is in sync', isInSync('node1', 'node2'))
  expect(await constraints(node1)).toEqual(before)
})

test('done: the outage is the one that a client sees, no row is lost, no constraint is left', async () => {
  const before = await constraints(node1)
  for (const [from, to, flags] of [
    ['node1', 'node2', ['--to', 'node2']],
    ['node2', 'node1', []],
  ] as const) {
    const load = await lab.startWriteLoad()
    await load.waitForMore(50)
    // Once on the old primary, once on the new one: both are node1.
    const { code, stdout, stderr } = await node1.run(['ocf-ts', 'switchover', '--json', ...flags])
    expect([code, stderr.replace(/^- .*\n/gm, '')]).toEqual([0, ''])
    await load.waitForMore(50)
    const { outage } = await load.stop()
    const result = JSON.parse(stdout) as Result
    expect(result).toMatchObject({ from, to })
    expect(Math.abs((result.outage?.seconds ?? NaN) - outage.ms / 1000)).toBeLessThan(1)
    expect(await load.lostRows(lab.node(to))).toEqual([])
    expect(isInSync(to, from)(await lab.status())).toBe(true)
    expect(await constraints(node1)).toEqual(before)
    expect(result.steps.map(({ step }) => step)).toContain(`wait until ${from} follows ${to} in sync`)
  }
  expect((await lab.status()).failures).toEqual([])
})

test('in a terminal, and interrupted: the constraints are taken back, and it says how things are', async () => {
  const before = await constraints(node1)
  const inTerminal = (command: string) =>
    node1.run(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
      env: { TERM: 'xterm' },
    })
  const begun = 'until cibadmin -Q -o constraints | grep -q cli-ban; do sleep 0.02; done'
  const interrupted = await inTerminal(
    `ocf-ts switchover & timeout 30 bash -c '${begun}'; kill -INT $!; wait $!; echo code=$?`,
  )
  expect(interrupted.stdout).toMatch(/interrupted: .*\(it was node1\); 'ocf-ts status' shows more/)
  expect(interrupted.stdout).toContain('code=1')
  expect(await constraints(node1)).toEqual(before)
  await node1.must(['crm_resource', '--wait', '--timeout', '60'])
  const status = await lab.waitFor(
    'one of them is the primary, the other in sync',
    (now) => isInSync('node1', 'node2')(now) || isInSync('node2', 'node1')(now),
  )
  const [from = ''] = status.promoted('pgsql')
  const to = from === 'node1' ? 'node2' : 'node1'
  const { stdout, code } = await inTerminal('ocf-ts switchover')
  expect(code).toBe(0)
  expect(stdout).toContain(`${to} is the primary of pgsql, ${from} its standby; nobody could write for `)
  expect(stdout).toMatch(/✔\S* take the constraints back {2}\d+\.\d s/)
  expect((await node2.run(['ocf-ts', 'switchover', '--to', to])).stdout).toBe(
    `${to} is the primary already\n`,
  )
})
