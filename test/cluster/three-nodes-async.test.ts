/**
 * Asynchronous replication among three nodes, promoted by a restart: the newest data wins, told in order on one
 * cluster.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Lab, makeDocumentCluster } from './lab'
import { until } from './lab/wait'

const MINUTE = 60_000

let lab: Lab

beforeAll(async () => {
  lab = await Lab.create({ nodes: ['node1', 'node2', 'node3'] })
  await makeDocumentCluster(lab, {
    pgsqlParams: { rep_mode: 'async', restart_on_promote: 'true', xlog_check_count: '2' },
    reading: 'HS:async',
  })
  await lab.node('node1').must(['crm', 'configure', 'property', 'no-quorum-policy=stop'])
}, 6 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

/** Where the WAL that a standby has received ends, in bytes. */
async function received(node: string): Promise<number> {
  return Number(await lab.node(node).sql("select pg_last_wal_receive_lsn() - '0/0'"))
}

const timeline = (node: string): Promise<string> =>
  lab.node(node).sql("select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int")

test(
  'nobody is waited for, and nobody may be promoted before an election',
  async () => {
    const status = await lab.waitFor('all stream', (now) =>
      ['node2', 'node3'].every((node) => now.attribute(node, 'pgsql-data-status') === 'STREAMING|ASYNC'),
    )
    for (const node of ['node2', 'node3']) {
      expect(status.attribute(node, 'pgsql-status')).toBe('HS:async')
      expect(status.attribute(node, 'master-pgsql')).toBe('-INFINITY')
    }
    expect(await lab.node('node1').sql('show synchronous_standby_names')).toBe('')
  },
  MINUTE,
)

test(
  'the primary is lost: the standby with the newest data is promoted, on the same timeline, and the other follows it',
  async () => {
    const before = await timeline('node1')
    await lab.node('node2').cutOff(['eth2'])
    await lab.node('node1').sql('create table only_on_node3 as select 1 as id')
    await until(
      'node3 has more than node2',
      async () => (await received('node3')) > (await received('node2')),
    )
    lab.node('node1').killPostgres()
    const status = await lab.waitFor(
      'node3 is the primary',
      (now) => now.attribute('node3', 'pgsql-status') === 'PRI' && now.nodeOf('vip-rep') === 'node3',
      { timeoutMs: MINUTE },
    )
    expect(status.promoted('pgsql')).toEqual(['node3'])
    expect(await lab.node('node3').sql('select count(*) from only_on_node3')).toBe('1')
    expect(await timeline('node3')).toBe(before)
    await lab.node('node2').heal(['eth2'])
    await lab.waitFor(
      'node2 follows',
      (now) => now.attribute('node2', 'pgsql-data-status') === 'STREAMING|ASYNC',
      { timeoutMs: 2 * MINUTE },
    )
    expect(await lab.node('node2').sql('select count(*) from only_on_node3')).toBe('1')
  },
  4 * MINUTE,
)

test(
  'one that was not there at the end is not promoted, even when it is the only one left',
  async () => {
    const behind = lab.node('node2')
    await behind.stopCluster()
    await lab.waitFor('node2 is out', (now) => !now.online.includes('node2'), { from: 'node3' })
    const query = ['crm_attribute', '-l', 'forever', '-N', 'node2', '-n', 'pgsql-data-status', '-G', '-q']
    await until(
      'the primary says that node2 is not connected',
      async () => (await lab.node('node3').must(query)).trim() === 'DISCONNECT',
    )
    await lab.node('node3').sql('create table only_here as select 1 as id')
    await lab.node('node3').powerOff()
    await behind.boot()
    await lab.waitFor(
      'node2 runs, and sees that there is no primary',
      (now) => now.attribute('node2', 'pgsql-status') === 'HS:alone',
      { timeoutMs: MINUTE, from: 'node2' },
    )
    const explained = await behind.run([
      '/usr/lib/ocf/resource.d/ts/pgsql',
      'monitor',
      '--resource',
      'pgsql',
      '--explain',
    ])
    expect(explained.stdout + explained.stderr).toContain('its data was not complete')
    const promoted = await behind.run(['/usr/lib/ocf/resource.d/ts/pgsql', 'promote', '--resource', 'pgsql'])
    expect(promoted.code).toBe(1)
    expect(promoted.stderr).toContain('commits may be missing here (pgsql-data-status is DISCONNECT)')
    expect((await lab.status('node2')).promoted('pgsql')).toEqual([])
  },
  4 * MINUTE,
)
