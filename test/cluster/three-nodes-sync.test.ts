/**
 * Synchronous replication among three nodes, with quorum, replication slots and the receiver's status: told in order
 * on one cluster, each test goes on from where the one before it ended.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  isAs,
  Lab,
  makeDocumentCluster,
  PRIMARY_SCORE,
  vipRep,
  type WriteLoad,
} from './lab'
import { until } from './lab/wait'

const MINUTE = 60_000

let lab: Lab
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create({ nodes: ['node1', 'node2', 'node3'] })
  await makeDocumentCluster(lab, {
    pgsqlParams: {
      replication_slot_name: 'ha',
      check_wal_receiver: 'true',
      xlog_check_count: '1',
      external_standby_node_list: 'dr1',
    },
  })
  await lab.node('node1').must(['crm', 'configure', 'property', 'no-quorum-policy=stop'])
}, 6 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

const ROLES = {
  primary: ['PRI', 'LATEST', PRIMARY_SCORE, 'normal (master)'],
  sync: ['HS:sync', 'STREAMING|SYNC', '100', 'normal'],
  potential: ['HS:potential', 'STREAMING|POTENTIAL', '-INFINITY', 'normal'],
} as const

const NAMES = ['pgsql-status', 'pgsql-data-status', 'master-pgsql', 'pgsql-receiver-status']

/** Whether each node says everything that belongs to its part. */
function are(parts: Readonly<Record<string, keyof typeof ROLES>>) {
  return (status: ClusterStatus): boolean =>
    Object.entries(parts).every(([node, part]) =>
      NAMES.every((name, index) => isAs(status.attribute(node, name), ROLES[part][index])),
    )
}

function servesAt(node: string) {
  return (status: ClusterStatus): boolean =>
    status.attribute(node, 'pgsql-status') === 'PRI' && status.nodeOf('vip-master') === node
}

async function slotsOn(node: string): Promise<readonly string[]> {
  const text = await lab.node(node).sql('select slot_name from pg_replication_slots order by 1')
  return text.split('\n').filter(Boolean)
}

/** Where the WAL that a standby has received ends, in bytes. */
async function received(node: string): Promise<number> {
  return Number(await lab.node(node).sql("select pg_last_wal_receive_lsn() - '0/0'"))
}

/** Runs `disaster` under write load and returns what the writer saw until `survivor` had served again. */
async function under(disaster: () => Promise<void> | void, survivor: string) {
  load = await lab.startWriteLoad()
  await load.waitForMore(100)
  await disaster()
  await lab.waitFor(`${survivor} is the primary`, servesAt(survivor), { timeoutMs: MINUTE, from: survivor })
  await load.waitForMore(50, { timeoutMs: MINUTE })
  const result = await load.stop()
  return { ...result, lost: await load.lostRows(lab.node(survivor)) }
}

async function bringBack(node: string): Promise<void> {
  const returning = lab.node(node)
  await returning.stopCluster()
  await returning.baseBackup(vipRep)
  await returning.removeLock()
  await returning.boot()
}

test(
  'one standby is waited for, the other is in line, and each streams through a slot of its own',
  async () => {
    await lab.waitFor('all have their part', are({ node1: 'primary', node2: 'sync', node3: 'potential' }))
    expect(await lab.node('node1').sql('show synchronous_standby_names')).toBe('"node2"')
    expect(await slotsOn('node1')).toEqual(['ha_node2', 'ha_node3'])
    expect(await lab.node('node1').sql('select bool_and(active) from pg_replication_slots')).toBe('t')
    expect(await slotsOn('node2')).toEqual([])
  },
  MINUTE,
)

test(
  'the standby in sync loses its power: the next takes its place long before its connection times out',
  async () => {
    const { outage, lost } = await under(() => lab.node('node2').powerOff(), 'node1')
    expect(lost).toEqual([])
    expect(outage.ms).toBeLessThan(15_000)
    await lab.waitFor('node3 is in sync', are({ node1: 'primary', node3: 'sync' }))
    const query = ['crm_attribute', '-l', 'forever', '-N', 'node2', '-n', 'pgsql-data-status', '-G', '-q']
    expect((await lab.node('node1').must(query)).trim()).toBe('DISCONNECT')
  },
  2 * MINUTE,
)

test(
  'it comes back by itself, as the one in line',
  async () => {
    await lab.node('node2').powerOn()
    await lab.node('node2').boot()
    await lab.waitFor('all three', are({ node1: 'primary', node2: 'potential', node3: 'sync' }), {
      timeoutMs: MINUTE,
    })
  },
  2 * MINUTE,
)

test(
  'a standby outside the cluster is waited for while it streams',
  async () => {
    const site = lab.node('node2')
    const primary = lab.node('node1')
    const directory = '/var/lib/postgresql/dr1'
    await site.must(['install', '-d', '-o', 'postgres', directory])
    const receive = `runuser -u postgres -- ${site.pgBin}/pg_receivewal --synchronous -D ${directory} -d 'host=${vipRep} application_name=dr1'`
    await site.must(['bash', '-c', `setsid ${receive} < /dev/null > /dev/null 2>&1 &`])
    const setting = async (): Promise<string> => primary.sql('show synchronous_standby_names')
    await until('dr1 is waited for', async () => (await setting()) === 'FIRST 2 ("node3", "dr1")')
    expect(
      await primary.sql(
        "select application_name from pg_stat_replication where sync_state = 'sync' order by 1",
      ),
    ).toBe('dr1\nnode3')
    await lab.waitFor('node3 is still in sync', are({ node1: 'primary', node3: 'sync' }))
    expect(site.signal('pg_receivewal', 'SIGTERM')).toBe(1)
    await until('dr1 is not waited for', async () => (await setting()) === '"node3"')
  },
  MINUTE,
)

test(
  'the primary is lost while the one in line has data that was acknowledged to nobody: it stands aside, and says why',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    // The one in sync receives no more: commits wait, and their WAL goes to the other only.
    await lab.node('node3').cutOff(['eth2'])
    await until(
      'node2 has more than node3',
      async () => (await received('node2')) > (await received('node3')),
    )
    lab.node('node1').killPostgres()
    await lab.waitFor('node3 is the primary', servesAt('node3'), { timeoutMs: MINUTE })
    await load.waitForMore(50, { timeoutMs: MINUTE })
    await load.stop()
    expect(await load.lostRows(lab.node('node3'))).toEqual([])
    const status = await lab.waitFor(
      'node2 stands aside',
      (now) => now.attribute('node2', 'pgsql-status') === 'STOP',
    )
    expect(status.attribute('node2', 'pgsql-refused')).toBe(
      'newer data than node3: take a base backup, then crm_resource --clear -r pgsql -N node2',
    )
    await lab.node('node3').heal(['eth2'])
  },
  3 * MINUTE,
)

test(
  'both come back after a base backup; the ban is cleared as the message says',
  async () => {
    await lab.waitFor('node1 is stopped', (now) => now.attribute('node1', 'pgsql-status') === 'STOP')
    await bringBack('node1')
    await bringBack('node2')
    await lab.node('node3').must(['crm_resource', '--clear', '-r', 'pgsql', '-N', 'node2'])
    const status = await lab.waitFor(
      'all three',
      (now) =>
        are({ node3: 'primary', node1: 'sync', node2: 'potential' })(now) ||
        are({ node3: 'primary', node1: 'potential', node2: 'sync' })(now),
      { timeoutMs: MINUTE },
    )
    expect(status.attribute('node2', 'pgsql-refused')).toBeUndefined()
    expect(await slotsOn('node3')).toEqual(['ha_node1', 'ha_node2'])
    expect(await slotsOn('node1')).toEqual([])
  },
  3 * MINUTE,
)

test(
  'the primary is cut off: it stops, the majority promotes the standby in sync, and no commit is lost',
  async () => {
    const status = await lab.status('node3')
    const sync = status.attribute('node1', 'pgsql-status') === 'HS:sync' ? 'node1' : 'node2'
    const result = await under(() => lab.node('node3').cutOff(), sync)
    expect(result.lost).toEqual([])
    await lab.waitFor('node3 runs nothing', (now) => now.role('pgsql', 'node3') === 'Stopped', {
      timeoutMs: MINUTE,
      from: 'node3',
    })
    expect(
      lab
        .node('node3')
        .processes()
        .filter(({ command }) => command === 'postgres'),
    ).toEqual([])
    await lab.node('node3').heal()
  },
  3 * MINUTE,
)

test(
  'the primary and the standby in sync are lost at once: nobody who lacks commits is promoted, and the one in sync is when it is back',
  async () => {
    await lab.waitOnline()
    await bringBack('node3')
    const status = await lab.waitFor(
      'all three stream',
      (now) =>
        ['node1', 'node2'].some((node) => now.attribute(node, 'pgsql-status') === 'PRI') &&
        ['HS:sync', 'HS:potential'].every((part) =>
          ['node1', 'node2', 'node3'].some((node) => now.attribute(node, 'pgsql-status') === part),
        ),
      { timeoutMs: MINUTE },
    )
    const nodeThatIs = (part: string): string =>
      ['node1', 'node2', 'node3'].find((node) => status.attribute(node, 'pgsql-status') === part) ?? ''
    const [primary, sync, potential] = [nodeThatIs('PRI'), nodeThatIs('HS:sync'), nodeThatIs('HS:potential')]
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    await Promise.all([lab.node(primary).powerOff(), lab.node(sync).powerOff()])
    await lab.waitFor(
      `${potential} is stopped without quorum`,
      (now) => now.role('pgsql', potential) === 'Stopped',
      {
        timeoutMs: MINUTE,
        from: potential,
      },
    )
    await lab.node(sync).powerOn()
    await lab.node(sync).boot()
    await lab.waitFor(`${sync} is the primary`, servesAt(sync), { timeoutMs: 2 * MINUTE, from: potential })
    await load.waitForMore(50, { timeoutMs: MINUTE })
    await load.stop()
    expect(await load.lostRows(lab.node(sync))).toEqual([])
    await lab.waitFor(`${potential} is in sync`, are({ [sync]: 'primary', [potential]: 'sync' }), {
      timeoutMs: MINUTE,
    })
  },
  5 * MINUTE,
)
