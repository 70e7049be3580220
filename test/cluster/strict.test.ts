/**
 * Two nodes of which the primary acknowledges nothing alone, unless the cluster knows that the other is down: told in
 * order on one cluster, each test goes on from where the one before it ended.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  type Condition,
  isInSync,
  Lab,
  type LabNode,
  makeDocumentCluster,
  until,
  vipRep,
  type WriteLoad,
} from './lab'

const MINUTE = 60_000

let lab: Lab
let node1: LabNode
let node2: LabNode
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab, { pgsqlParams: { sync_policy: 'strict' } })
  await node1.sql("alter system set wal_sender_timeout = '2s'")
  await node1.sql('select pg_reload_conf()')
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

const isInSyncAndCommits =
  (primary: LabNode, standby: LabNode): Condition =>
  (status) =>
    isInSync(primary, standby)(status) && status.attribute(primary.name, 'pgsql-waiting') === undefined

const isWaiting =
  (primary: LabNode, standby: LabNode) =>
  (status: ClusterStatus): boolean =>
    status.attribute(primary.name, 'pgsql-waiting') === `commits wait for ${standby.name}`

/** That a commit waits, and that none is acknowledged from then on, as long as `work` takes. */
async function nothingIsAcknowledged(primary: LabNode, work: () => Promise<unknown>): Promise<void> {
  await until('a commit waits', async () => {
    const waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
    return (await primary.sql(waiting)) !== '0'
  })
  const before = load?.acknowledged().length
  await work()
  expect(load?.acknowledged().length).toBe(before)
}

test(
  'a standby whose node is shut down in good order is not waited for',
  async () => {
    await lab.waitFor('node2 is in sync', isInSyncAndCommits(node1, node2))
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await node2.stopCluster()
    await until(
      'nobody is waited for',
      async () => (await node1.sql('show synchronous_standby_names')) === '',
    )
    await load.waitForMore(50)
    await node2.boot()
    await lab.waitFor('node2 is in sync', isInSyncAndCommits(node1, node2))
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(node2)).toEqual([])
  },
  2 * MINUTE,
)

test(
  'one that an operator has put in standby is not waited for',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await node1.must(['crm', 'node', 'standby', 'node2'])
    await lab.waitFor('node2 is stopped', (now) => now.role('pgsql', 'node2') === 'Stopped')
    await until(
      'nobody is waited for',
      async () => (await node1.sql('show synchronous_standby_names')) === '',
    )
    await load.waitForMore(50)
    await node1.must(['crm', 'node', 'online', 'node2'])
    await lab.waitFor('node2 is in sync', isInSync(node1, node2))
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(node2)).toEqual([])
  },
  2 * MINUTE,
)

test(
  'one that is cut off is waited for, long after its connection has timed out; it may still be promoted',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await node2.cutOff(['eth2'])
    await nothingIsAcknowledged(node1, async () => {
      // Both are written side by side.
      const status = await lab.waitFor(
        'the connection has timed out',
        (now) =>
          isWaiting(node1, node2)(now) && now.attribute('node2', 'pgsql-data-status') === 'DISCONNECT|SYNC',
      )
      expect(status.attribute('node2', 'master-pgsql')).toBe('100')
      expect(await node1.sql('select count(*) from pg_stat_replication')).toBe('0')
    })
    await node2.heal(['eth2'])
    await load.waitForMore(50, { timeoutMs: MINUTE })
    await load.stop()
    await lab.waitFor('node2 is in sync', isInSyncAndCommits(node1, node2))
    expect(await load.lostRows(node2)).toEqual([])
  },
  2 * MINUTE,
)

test(
  'one whose node has lost its power is waited for until it is fenced, or an operator says that it is as good as that',
  async () => {
    // A device that knows node1 only: nothing can fence node2, except an operator's word.
    const device = 'primitive fence-node1 stonith:null params hostlist=node1'
    await node1.must(['crm', '-F', 'configure', ...device.split(' ')])
    await node1.must(['crm_attribute', '--name', 'stonith-enabled', '--update', 'true'])
    await lab.waitFor('the device is there', (now) => now.nodeOf('fence-node1') !== undefined)
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await node2.powerOff()
    await nothingIsAcknowledged(node1, () =>
      lab.waitFor(
        'node2 is lost, and nobody knows whether it is down',
        (now) => !now.online.includes('node2') && isWaiting(node1, node2)(now),
        { from: 'node1' },
      ),
    )
    await node1.must(['stonith_admin', '--confirm', 'node2'])
    await load.waitForMore(50, { timeoutMs: MINUTE })
    expect(await node1.sql('show synchronous_standby_names')).toBe('')

    await node2.powerOn()
    await node2.boot()
    await lab.waitFor('node2 is in sync', isInSyncAndCommits(node1, node2), { timeoutMs: MINUTE })
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(node2)).toEqual([])
    await node1.must(['crm_attribute', '--name', 'stonith-enabled', '--update', 'false'])
    await node1.must(['crm', '-F', 'configure', 'delete', 'fence-node1'])
  },
  3 * MINUTE,
)

test(
  'a new primary acknowledges nothing before a standby follows it',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await node1.powerOff()
    await lab.waitFor('node2 is the primary', (now) => now.nodeOf('vip-master') === 'node2', {
      timeoutMs: MINUTE,
      from: 'node2',
    })
    await nothingIsAcknowledged(node2, () =>
      lab.waitFor('node2 waits', isWaiting(node2, node1), { from: 'node2' }),
    )
    await node1.powerOn()
    await node1.baseBackup(vipRep)
    await node1.removeLock()
    await node1.boot()
    await load.waitForMore(50, { timeoutMs: MINUTE })
    await load.stop()
    await lab.waitFor('node1 is in sync', isInSyncAndCommits(node2, node1))
    expect(await load.lostRows(node2)).toEqual([])
    expect(await load.lostRows(node1)).toEqual([])
  },
  3 * MINUTE,
)

test(
  'a standby that the cluster has stopped after it failed is not waited for',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    node1.killPostgres()
    await lab.waitFor('node1 is stopped', (now) => now.attribute('node1', 'pgsql-status') === 'STOP')
    await load.waitForMore(50, { timeoutMs: MINUTE })
    await load.stop()
    expect(await load.lostRows(node2)).toEqual([])
    expect(await node2.sql('show synchronous_standby_names')).toBe('')
  },
  2 * MINUTE,
)
