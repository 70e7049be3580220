/**
 * Three nodes of which any standby may acknowledge a commit: told in order on one cluster, each test goes on from
 * where the one before it ended.
 *
 * @systems debian12 debian13
 * @alone writes may stand still for 300 ms
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  isAs,
  Lab,
  PRIMARY_SCORE,
  type LabNode,
  makeDocumentCluster,
  until,
  vipRep,
  type WriteLoad,
} from './lab'
import { resume, suspend } from './lab/sleep'

const MINUTE = 60_000
const LOCK = '/var/lib/pgsql/tmp/PGSQL.lock'

let lab: Lab
let node1: LabNode
let node2: LabNode
let node3: LabNode
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create({ nodes: ['node1', 'node2', 'node3'] })
  ;[node1, node2, node3] = [lab.node('node1'), lab.node('node2'), lab.node('node3')]
  await makeDocumentCluster(lab, { pgsqlParams: { sync_method: 'quorum' } })
  await node1.must(['crm', 'configure', 'property', 'no-quorum-policy=stop'])
}, 6 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

const ROLES = {
  primary: ['PRI', 'LATEST', PRIMARY_SCORE],
  // Whether one of them has everything, only a comparison of all can tell.
  standby: ['HS:sync', 'STREAMING|QUORUM', '-INFINITY'],
} as const

function are(parts: Readonly<Record<string, keyof typeof ROLES>>, quorum: string) {
  return (status: ClusterStatus): boolean =>
    Object.entries(parts).every(
      ([node, part]) =>
        ['pgsql-status', 'pgsql-data-status', 'master-pgsql'].every((name, index) =>
          isAs(status.attribute(node, name), ROLES[part][index]),
        ) && status.attribute(node, 'pgsql-quorum') === (part === 'primary' ? quorum : undefined),
    )
}

/** The quorum names its standbys in the order in which they came. */
const allAround1 = (status: ClusterStatus): boolean =>
  ['1 of node2 node3', '1 of node3 node2'].some((quorum) =>
    are({ node1: 'primary', node2: 'standby', node3: 'standby' }, quorum)(status),
  )

const setting = (node: LabNode): Promise<string> => node.sql('show synchronous_standby_names')

/** Where the WAL that a standby has received ends, in bytes. */
const received = async (node: LabNode): Promise<number> =>
  Number(await node.sql("select pg_last_wal_receive_lsn() - '0/0'"))

test(
  'commits wait for any standby; the primary publishes of whom a quorum must answer after its death',
  async () => {
    await lab.waitFor(
      'all have their part',
      are({ node1: 'primary', node2: 'standby', node3: 'standby' }, '1 of node2 node3'),
    )
    expect(await setting(node1)).toBe('ANY 1 ("node2", "node3")')
    expect(await node1.sql('select distinct sync_state from pg_stat_replication')).toBe('quorum')
  },
  MINUTE,
)

test(
  'the death of either standby delays no commit',
  async () => {
    for (const [victim, other] of [
      [node2, node3],
      [node3, node2],
    ] as const) {
      load = await lab.startWriteLoad()
      await load.waitForMore(100)
      victim.killPostgres()
      await lab.waitFor(
        `${victim.name} is missed`,
        are({ node1: 'primary', [other.name]: 'standby' }, `1 of ${other.name}`),
      )
      await load.waitForMore(100)
      const { outage } = await load.stop()
      expect(outage.ms).toBeLessThan(300)
      await lab.waitFor(
        `${victim.name} has failed, and is stopped`,
        (now) =>
          now.failures.some(({ node }) => node === victim.name) &&
          now.attribute(victim.name, 'pgsql-status') === 'STOP',
      )
      await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
      await lab.waitFor(
        `${victim.name} is back`,
        are({ node1: 'primary', node2: 'standby', node3: 'standby' }, `1 of ${other.name} ${victim.name}`),
      )
    }
  },
  2 * MINUTE,
)

test(
  'nor does somebody who promotes one: the other one goes on',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    await node2.sql('select pg_promote()')
    const status = await lab.waitFor(
      'node2 has failed, and is stopped',
      (now) =>
        now.failures.some(({ node, exitCode }) => node === 'node2' && exitCode === 8) &&
        now.attribute('node2', 'pgsql-status') === 'STOP' &&
        are({ node1: 'primary', node3: 'standby' }, '1 of node3')(now),
    )
    await load.waitForMore(100)
    const { outage } = await load.stop()
    expect(outage.ms).toBeLessThan(300)
    expect(await load.lostRows(node1)).toEqual([])
    // For node3 no primary has gone.
    expect(status.attribute('node3', 'pgsql-master-baseline')).toBeUndefined()
    await node2.must(['find', '/var/lib/postgresql/archive', '-mindepth', '1', '-delete'])
    await node2.baseBackup(vipRep)
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    await lab.waitFor(
      'node2 is back',
      are({ node1: 'primary', node2: 'standby', node3: 'standby' }, '1 of node3 node2'),
    )
  },
  2 * MINUTE,
)

test(
  'the primary is moved by a person: a standby that has every commit takes over, and the old one is a standby at once',
  async () => {
    const promotion = ['crm_resource', '--resource', 'msPostgresql', '--promoted']
    const ban = (node: LabNode) => node1.must([...promotion, '--ban', '--node', node.name])
    const clear = () => node1.must([...promotion, '--clear'])
    const parts = (primary: LabNode) => {
      const standbys = lab.nodes.filter((node) => node !== primary)
      const all = {
        [primary.name]: 'primary',
        ...Object.fromEntries(standbys.map(({ name }) => [name, 'standby'])),
      }
      return (['', 'reversed'] as const).map((order) => {
        const names = standbys.map(({ name }) => name)
        return are(
          all as Record<string, keyof typeof ROLES>,
          `1 of ${(order ? names.reverse() : names).join(' ')}`,
        )
      })
    }
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    await ban(node1)
    const moved = await lab.waitFor('another node serves', (now) =>
      ['node2', 'node3'].includes(now.nodeOf('vip-master') ?? ''),
    )
    const next = lab.node(moved.nodeOf('vip-master') ?? '')
    await load.waitForMore(100)
    await lab.waitFor('all have their part', (now) => parts(next).some((are) => are(now)))
    await clear()

    await Promise.all([ban(node2), ban(node3)])
    await lab.waitFor('node1 serves again', (now) => now.nodeOf('vip-master') === 'node1')
    await load.waitForMore(100)
    await load.stop()
    const status = await lab.waitFor('all have their part', (now) => parts(node1).some((are) => are(now)))
    await clear()
    expect(status.failures).toEqual([])
    for (const node of lab.nodes) expect(await load.lostRows(node)).toEqual([])
    for (const node of [node2, node3]) expect((await node.run(['ls', LOCK])).code).not.toBe(0)
  },
  2 * MINUTE,
)

test(
  'standbys that have said what they have receive nothing from a primary that slept, until it is the primary again',
  async () => {
    const standbys = [node2, node3]
    const promotion = ['crm_resource', '--resource', 'msPostgresql', '--promoted']
    for (const { name } of standbys) await node1.must([...promotion, '--ban', '--node', name])
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    await suspend(node1)
    await lab.waitFor(
      'both have said what they have',
      (now) => standbys.every(({ name }) => now.attribute(name, 'pgsql-xlog-loc') !== undefined),
      { from: 'node2', timeoutMs: MINUTE },
    )
    // Its kernel answers, and its PostgreSQL would as soon as it wakes.
    for (const node of standbys) {
      expect(await node.sql('show primary_conninfo')).toBe('')
      expect(await node.sql('select count(*) from pg_stat_wal_receiver')).toBe('0')
    }
    await resume(node1)
    const status = await lab.waitFor('node1 is the primary again, and both are waited for', allAround1, {
      from: 'node2',
      timeoutMs: 2 * MINUTE,
    })
    for (const node of standbys) {
      expect(await node.sql('show primary_conninfo')).toContain(vipRep)
      expect(status.attribute(node.name, 'pgsql-xlog-loc')).toBeUndefined()
    }
    await load.waitForMore(100)
    await load.stop()
    expect(await load.lostRows(node1)).toEqual([])
    await node1.must([...promotion, '--clear'])
  },
  4 * MINUTE,
)

test(
  'sync_standbys=2 with sync_method=first: commits wait for both, and for the one that is left',
  async () => {
    const set = (name: string, value: string) =>
      node1.must([
        ...['crm_resource', '--resource', 'pgsql', '--set-parameter', name],
        ...['--parameter-value', value],
      ])
    const isWaitedFor = (now: ClusterStatus) => (node: string) =>
      now.attribute(node, 'pgsql-data-status') === 'STREAMING|SYNC' &&
      now.attribute(node, 'master-pgsql') === '100'
    await set('sync_method', 'first')
    await set('sync_standbys', '2')
    await lab.waitFor('both are waited for', (now) => ['node2', 'node3'].every(isWaitedFor(now)))
    expect(await setting(node1)).toMatch(/^(?:FIRST )?2 \("node[23]", ?"node[23]"\)$/)
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    node2.killPostgres()
    await lab.waitFor(
      'the other is waited for',
      (now) => isWaitedFor(now)('node3') && now.attribute('node2', 'pgsql-status') === 'STOP',
    )
    await load.waitForMore(100)
    await load.stop()
    expect(await load.lostRows(node3)).toEqual([])
    await set('sync_standbys', '1')
    await set('sync_method', 'quorum')
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    await lab.waitFor('all have their part', allAround1)
  },
  2 * MINUTE,
)

test(
  'after the death of the primary the standby with the most data is promoted, and no commit is lost',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    // It receives no more, and commits go on.
    await node2.cutOff(['eth2'])
    await until('node3 has more than node2', async () => (await received(node3)) > (await received(node2)))
    await load.waitForMore(100)
    node1.killPostgres()
    const status = await lab.waitFor(
      'node3 is the primary',
      (now) => now.attribute('node3', 'pgsql-status') === 'PRI' && now.nodeOf('vip-master') === 'node3',
      { timeoutMs: MINUTE },
    )
    expect(status.promoted('pgsql')).toEqual(['node3'])
    await node2.heal(['eth2'])
    await load.waitForMore(100, { timeoutMs: MINUTE })
    await load.stop()
    expect(await load.lostRows(node3)).toEqual([])
    await lab.waitFor('node2 follows', are({ node3: 'primary', node2: 'standby' }, '1 of node2'), {
      timeoutMs: MINUTE,
    })
    expect(await load.lostRows(node2)).toEqual([])
  },
  2 * MINUTE,
)

test(
  'a standby that cannot know whether it has every commit is not promoted, until enough of the others have answered',
  async () => {
    await node1.stopCluster()
    await node1.baseBackup('192.168.2.3')
    await node1.removeLock()
    await node1.boot()
    const all = are({ node3: 'primary', node1: 'standby', node2: 'standby' }, '1 of node2 node1')
    await lab.waitFor('all have their part', all, { timeoutMs: MINUTE })
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await Promise.all([node1.powerOff(), node3.powerOff()])
    await lab.waitFor('node2 is stopped without quorum', (now) => now.role('pgsql', 'node2') === 'Stopped', {
      timeoutMs: MINUTE,
      from: 'node2',
    })
    await node1.powerOn()
    await node1.boot()
    const status = await lab.waitFor(
      'one of the standbys is the primary',
      (now) => now.promoted('pgsql').length > 0,
      { timeoutMs: 2 * MINUTE, from: 'node2' },
    )
    const [primary = ''] = status.promoted('pgsql')
    expect(['node1', 'node2']).toContain(primary)
    await load.waitForMore(50, { timeoutMs: MINUTE })
    await load.stop()
    expect(await load.lostRows(lab.node(primary))).toEqual([])
  },
  5 * MINUTE,
)
