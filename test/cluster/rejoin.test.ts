/** An old primary comes back by itself where everything it has is in the new one's data, and only there. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { isInSync, Lab, type LabNode, makeDocumentCluster, serves, until, type WriteLoad } from './lab'
import { expectLines, readmeBlock } from '../unit/support/readme-blocks'

const MINUTE = 60_000
const LOCK = '/var/lib/pgsql/tmp/PGSQL.lock'

let lab: Lab
let node1: LabNode
let node2: LabNode
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  await makeDocumentCluster(lab)
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

const logOf = (node: LabNode): string => readFileSync(node.logs.pacemaker, 'utf8')

const THRESHOLD = ['crm_resource', '--resource', 'msPostgresql', '--meta']

const timeline = async (node: LabNode): Promise<number> =>
  Number(await node.sql(`select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int`))

/** Waits until the cluster has nothing more to do: what it is told while it looks around, it may do in another order. */
const settle = (): Promise<string> => node1.must(['crm_resource', '--wait', '--timeout', '20'])

const isLocked = async (node: LabNode): Promise<boolean> => (await node.run(['ls', LOCK])).code === 0

/** Runs `change` under write load until `next` serves; no acknowledged row may be lost. */
async function handOver(next: LabNode, change: () => Promise<unknown>): Promise<void> {
  load = await lab.startWriteLoad()
  await load.waitForMore(50)
  await change()
  await lab.waitFor(`${next.name} serves`, serves(next))
  await load.waitForMore(50)
  await load.stop()
  expect(await load.lostRows(next)).toEqual([])
}

test(
  'a primary that crashed is recovered and promoted where it is, where the cluster allows more than one failure',
  async () => {
    await node1.must([...THRESHOLD, '--set-parameter', 'migration-threshold', '--parameter-value', '3'])
    const before = await timeline(node1)
    const logged = logOf(node2).length
    await handOver(node1, async () => {
      node1.killPostgres()
      await lab.waitFor('the failure is known', ({ failures }) => failures.length > 0)
    })
    const status = await lab.waitFor('node2 is in sync with node1', isInSync(node1, node2))
    expect(status.failures).toMatchObject([{ task: 'monitor', node: 'node1', exitCode: 7 }])
    expect(status.failCounts).toMatchObject([{ resource: 'pgsql', node: 'node1', count: 1 }])
    expect(await timeline(node1)).toBe(before + 1)
    expect(await isLocked(node1)).toBe(true)
    // What node1 was compared with before it was promoted.
    const log = logOf(node2).slice(logged)
    const [, said, promoted] =
      /Setting pgsql-master-baseline\[node2\]: \(unset\) -> ([0-9A-F]{16})[^]*Setting pgsql-master-baseline\[node1\]: [0-9A-F]{16} -> ([0-9A-F]{16})/.exec(
        log,
      ) ?? []
    expect([said, promoted]).toEqual([expect.any(String), expect.any(String)])
    expect(String(said) <= String(promoted)).toBe(true)
    for (const node of [node1, node2])
      expect(logOf(node)).not.toMatch(/Result of notify operation for pgsql on \S+: (?!ok)/)
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    await node1.must([...THRESHOLD, '--delete-parameter', 'migration-threshold'])
    await settle()
  },
  MINUTE,
)

test(
  'a primary that the cluster moves to another node goes on there as a standby',
  async () => {
    const promotion = ['crm_resource', '--resource', 'msPostgresql', '--promoted']
    for (const [from, to] of [
      [node1, node2],
      [node2, node1],
    ] as const) {
      await handOver(to, () => from.must([...promotion, '--ban', '--node', from.name]))
      const status = await lab.waitFor(`${from.name} is in sync with ${to.name}`, isInSync(to, from))
      expect(status.failures).toEqual([])
      expect(await isLocked(from)).toBe(false)
      await to.must([...promotion, '--clear'])
      await settle()
    }
  },
  MINUTE,
)

test(
  'a node that was in standby for a while',
  async () => {
    await handOver(node2, () => node2.must(['crm', 'node', 'standby', 'node1']))
    expect(await isLocked(node1)).toBe(false)
    await node2.must(['crm', 'node', 'online', 'node1'])
    const status = await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
    expect(status.failures).toEqual([])
    expect(await isLocked(node1)).toBe(false)
  },
  MINUTE,
)

test(
  'a node whose cluster was restarted, as for a reboot',
  async () => {
    await handOver(node1, () => node2.stopCluster())
    expect(await isLocked(node2)).toBe(false)
    await node2.boot()
    const status = await lab.waitFor('node2 is in sync with node1', isInSync(node1, node2))
    expect(status.failures).toEqual([])
    expect(await isLocked(node2)).toBe(false)
  },
  MINUTE,
)

test(
  'a primary that was killed while nobody wrote: after the cleanup that migration-threshold=1 asks for',
  async () => {
    await until('the standby has everything', async () => {
      const [row = ''] = (
        await node1.sql('select pg_current_wal_lsn() - flush_lsn from pg_stat_replication')
      ).split('\n')
      return row === '0'
    })
    node1.killPostgres()
    await lab.waitFor('node2 serves', serves(node2))
    expect(await isLocked(node1)).toBe(true)
    await node2.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    const status = await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
    expect(status.failures).toEqual([])
    expect(await isLocked(node1)).toBe(false)
  },
  2 * MINUTE,
)

test(
  'a primary with WAL that nobody else has stays out, and says how much of it there is, and what to do',
  async () => {
    await node2.sql('create table unsent (id int)')
    await node2.must(['pkill', '-STOP', '-f', 'postgres: walsender'])
    const unsent = node2.run(['psql', '-h', '/var/run/postgresql', '-c', 'insert into unsent values (1)'], {
      user: 'postgres',
    })
    await until('a commit waits for the standby', async () => {
      const waiting = await node2.sql(`select count(*) from pg_stat_activity where wait_event = 'SyncRep'`)
      return waiting === '1'
    })
    node2.killPostgres()
    await unsent
    await lab.waitFor('node1 serves', serves(node1))
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    const status = await lab.waitFor('node2 has refused', (now) =>
      now.failures.some(({ node, task }) => node === 'node2' && task === 'start'),
    )
    const refusal = status.failures.find(({ task }) => task === 'start')
    expect(refusal?.exitReason).toMatch(
      /^the primary lacks \d+ bytes of WAL after [0-9A-F]+\/[0-9A-F]+ \(timeline \d+\) of this node: take a base backup$/,
    )
    expectLines(await node1.must(['crm_mon', '-Afr1']), readmeBlock('bring-the-old-primary-back/1'))
    expect(await isLocked(node2)).toBe(true)
    expect(serves(node1)(status)).toBe(true)
    expect(await node1.sql('select count(*) from unsent')).toBe('0')
  },
  2 * MINUTE,
)
