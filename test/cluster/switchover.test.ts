/** The primary is moved on purpose, with a clean shutdown (`stop_escalate` above 0). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ClusterStatus, Lab, makeDocumentCluster, type WriteLoad } from './lab'

const MINUTE = 60_000

let lab: Lab
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  await makeDocumentCluster(lab, { pgsqlParams: { stop_escalate: '20', stop_escalate_in_slave: '20' } })
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

function isInSync(primary: string, standby: string) {
  return (status: ClusterStatus): boolean =>
    status.attribute(primary, 'pgsql-status') === 'PRI' &&
    status.attribute(standby, 'pgsql-status') === 'HS:sync' &&
    status.nodeOf('vip-master') === primary
}

test(
  'the whole cluster is stopped and started: the node that was primary last is elected, and nobody has to remove a lock',
  async () => {
    const [node1, node2] = [lab.node('node1'), lab.node('node2')]
    await node2.stopCluster()
    await lab.waitFor('node1 knows that it is alone', (now) => now.nodeOf('vip-slave') === 'node1', {
      from: 'node1',
    })
    await node1.stopCluster()
    expect((await node1.run(['ls', '/var/lib/pgsql/tmp/PGSQL.lock'])).code).not.toBe(0)
    await lab.boot()
    const status = await lab.waitFor(
      'node1 is the primary again, and node2 in sync',
      isInSync('node1', 'node2'),
      {
        timeoutMs: 2 * MINUTE,
      },
    )
    expect(status.failures).toEqual([])
  },
  3 * MINUTE,
)

test(
  'a primary that is only demoted goes on as a standby of the new one, and nothing is shown as failed',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    const node = lab.node('node1')
    await node.must(['crm_resource', '--ban', '--resource', 'msPostgresql', '--promoted', '--node', 'node1'])
    const status = await lab.waitFor('node2 is the primary and node1 in sync', isInSync('node2', 'node1'), {
      timeoutMs: MINUTE,
    })
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(lab.node('node2'))).toEqual([])
    expect(status.failures).toEqual([])
    expect(await node.sql('select pg_is_in_recovery()')).toBe('t')
    await node.must(['crm_resource', '--clear', '--resource', 'msPostgresql'])
  },
  2 * MINUTE,
)

test(
  'a node that goes to standby hands over to the other, and stops cleanly',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    await lab.node('node2').must(['crm', 'node', 'standby', 'node2'])
    const status = await lab.waitFor(
      'node1 is the primary',
      (now) => now.attribute('node1', 'pgsql-status') === 'PRI' && now.nodeOf('vip-master') === 'node1',
      { timeoutMs: MINUTE },
    )
    await load.waitForMore(50)
    const { outage } = await load.stop()
    expect(outage.ms).toBeLessThan(15_000)
    expect(await load.lostRows(lab.node('node1'))).toEqual([])
    expect(status.failures).toEqual([])
    const state = await lab
      .node('node2')
      .must([`${lab.node('node2').pgBin}/pg_controldata`, lab.node('node2').pgData])
    expect(state).toMatch(/Database cluster state: +shut down\n/)
  },
  2 * MINUTE,
)
