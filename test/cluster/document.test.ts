/**
 * The document's chapters 4.8 and 5, told in order on one cluster of two nodes: each test goes on from where the one
 * before it ended.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  type DocumentCluster,
  Lab,
  PRIMARY_SCORE,
  makeDocumentCluster,
  vipRep,
  type WriteLoad,
} from './lab'

const MINUTE = 60_000
const LSN = /^[0-9A-F]{16}$/

let lab: Lab
let made: DocumentCluster
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  // As the document has it: a person brings an old primary back.
  made = await makeDocumentCluster(lab, { pgsqlParams: { rejoin: 'manual' } })
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

/** The attributes of a node that belong to the replication, as crm_mon shows them. */
function attributes(status: ClusterStatus, node: string): Record<string, string | undefined> {
  return Object.fromEntries(
    ['master-pgsql', 'pgsql-data-status', 'pgsql-master-baseline', 'pgsql-status', 'pgsql-xlog-loc'].map(
      (name) => [name, status.attribute(node, name)],
    ),
  )
}

const PRIMARY = {
  'master-pgsql': expect.stringMatching(PRIMARY_SCORE),
  'pgsql-data-status': 'LATEST',
  'pgsql-master-baseline': expect.stringMatching(LSN),
  'pgsql-status': 'PRI',
  'pgsql-xlog-loc': undefined,
}
const SYNC = {
  'master-pgsql': '100',
  'pgsql-data-status': 'STREAMING|SYNC',
  'pgsql-master-baseline': undefined,
  'pgsql-status': 'HS:sync',
  'pgsql-xlog-loc': undefined,
}
const STOPPED = {
  'master-pgsql': '-INFINITY',
  'pgsql-data-status': 'DISCONNECT',
  'pgsql-master-baseline': undefined,
  'pgsql-status': 'STOP',
  'pgsql-xlog-loc': undefined,
}

function isPrimaryWithAddresses(node: string) {
  return (status: ClusterStatus): boolean =>
    status.attribute(node, 'pgsql-status') === 'PRI' &&
    status.promoted('pgsql').includes(node) &&
    ['vip-master', 'vip-rep', 'vip-slave'].every((vip) => status.nodeOf(vip) === node)
}

function isInSync(primary: string, standby: string) {
  return (status: ClusterStatus): boolean =>
    status.attribute(primary, 'pgsql-status') === 'PRI' &&
    status.attribute(standby, 'pgsql-status') === 'HS:sync' &&
    status.nodeOf('vip-master') === primary &&
    status.nodeOf('vip-rep') === primary &&
    status.nodeOf('vip-slave') === standby
}

/** Chapter 5.3: base backup, lock file away, cluster restarted. */
async function bringBack(node: string, primary: string): Promise<void> {
  const returning = lab.node(node)
  await returning.stopCluster()
  await returning.baseBackup(vipRep)
  await returning.removeLock()
  await returning.boot()
  await lab.waitFor(`${node} is in sync with ${primary}`, isInSync(primary, node), { timeoutMs: MINUTE })
}

/** Runs `disaster` under write load, waits for `survivor` to serve, and returns what the writer saw. */
async function failover(disaster: () => Promise<void> | void, survivor: string, timeoutMs = MINUTE) {
  load = await lab.startWriteLoad()
  await load.waitForMore(100)
  await disaster()
  await lab.waitFor(`${survivor} is the primary and has the addresses`, isPrimaryWithAddresses(survivor), {
    timeoutMs,
  })
  await load.waitForMore(50)
  const result = await load.stop()
  return { ...result, lost: await load.lostRows(lab.node(survivor)) }
}

test('4.8: pgsql.crm loads without an error or a warning from crmsh', () => {
  expect(made.configureOutput).toBe('')
})

test(
  "4.8: node1 is the primary, node2 replicates synchronously, and the attributes are the document's",
  async () => {
    const status = await lab.waitFor('both are in sync', isInSync('node1', 'node2'))
    expect(attributes(status, 'node1')).toEqual(PRIMARY)
    expect(attributes(status, 'node2')).toEqual(SYNC)
    expect(status.attribute('node1', 'default_ping_set')).toBe('100')
    expect(status.attribute('node2', 'default_ping_set')).toBe('100')
    expect(status.failures).toEqual([])
    expect(await lab.node('node1').sql('show synchronous_standby_names')).toBe('"node2"')
    expect(await lab.node('node2').sql('select pg_is_in_recovery()')).toBe('t')
  },
  MINUTE,
)

test(
  'data-status outlives the node, everything else does not',
  async () => {
    const cib = await lab.node('node1').must(['cibadmin', '--query'])
    const permanent = cib.slice(cib.indexOf('<nodes>'), cib.indexOf('</nodes>'))
    expect(permanent).toContain('name="pgsql-data-status" value="STREAMING|SYNC"')
    expect(permanent).not.toMatch(/pgsql-status|master-pgsql|baseline|xlog-loc/)
  },
  MINUTE,
)

test(
  'called by hand it explains itself, and changes nothing',
  async () => {
    const agent = '/usr/lib/ocf/resource.d/ts/pgsql'
    const node = lab.node('node1')
    // Without the results of the cluster's own monitors, of which the first may come meanwhile.
    const published = async (): Promise<string> =>
      (await node.must(['cibadmin', '--query', '--scope', 'status'])).replaceAll(/^ *<lrm_rsc_op .*\n/gm, '')
    const before = await published()
    const explained = await node.run([agent, 'monitor', '--resource', 'pgsql', '--explain'])
    expect(explained.code).toBe(8)
    expect(explained.stdout).toMatch(
      /observed:[^]*applicationName: 'node2'[^]*decided:[^]*would do:\n {2}nothing/,
    )
    expect(explained.stdout).toContain('pgsql monitor: running, promoted (8)')

    // node1 explains what it would do if node2 were not in the list any more: it would stop waiting for it.
    const other = await node.run([
      agent,
      'monitor',
      '--resource',
      'pgsql',
      '--set',
      'node_list=node1',
      '--explain',
    ])
    expect(other.stdout).toContain("set synchronous_standby_names to '' and reload")
    expect(await node.sql('show synchronous_standby_names')).toBe('"node2"')
    expect(await published()).toBe(before)

    const validated = await lab.node('node2').run([agent, 'validate-all', '--resource', 'pgsql'])
    expect(validated.code).toBe(0)
    expect((await node.run(['crm_resource', '--validate', '--resource', 'pgsql'])).code).toBe(0)
  },
  MINUTE,
)

test(
  '5.1: the standby fails: its address moves to the primary, and writes go on without it',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    lab.node('node2').killPostgres()
    const status = await lab.waitFor(
      'node2 is stopped and node1 serves alone',
      (now) =>
        isPrimaryWithAddresses('node1')(now) &&
        now.attribute('node2', 'pgsql-data-status') === 'DISCONNECT' &&
        now.attribute('node2', 'pgsql-status') === 'STOP',
    )
    await load.waitForMore(100)
    const { outage } = await load.stop()
    // node2 is looked at every 7 s and node1 every 2 s: whichever sees it first ends the wait for the standby.
    expect(outage.ms).toBeLessThan(10_000)
    expect(await load.lostRows(lab.node('node1'))).toEqual([])
    expect(attributes(status, 'node1')).toEqual(PRIMARY)
    expect(attributes(status, 'node2')).toEqual(STOPPED)
    expect(await lab.node('node1').sql('show synchronous_standby_names')).toBe('')
  },
  2 * MINUTE,
)

test(
  '5.1: a restart of its cluster brings the standby back to sync',
  async () => {
    await lab.node('node2').restartCluster()
    const status = await lab.waitFor('node2 is in sync', isInSync('node1', 'node2'), { timeoutMs: MINUTE })
    expect(attributes(status, 'node2')).toEqual(SYNC)
  },
  2 * MINUTE,
)

test(
  '5.2: the primary fails: the standby is promoted, the addresses follow, no acknowledged row is missing',
  async () => {
    const { outage, lost } = await failover(() => void lab.node('node1').killPostgres(), 'node2')
    expect(lost).toEqual([])
    expect(outage.ms).toBeLessThan(15_000)
    const status = await lab.status()
    expect(attributes(status, 'node1')).toEqual(STOPPED)
    expect(attributes(status, 'node2')).toEqual(PRIMARY)
    expect(status.failures).toEqual([
      expect.objectContaining({ resource: 'pgsql', task: 'monitor', node: 'node1', exitCode: 7 }),
    ])
  },
  2 * MINUTE,
)

test(
  '5.3: with its lock file the old primary refuses to start, and says why and what to do',
  async () => {
    await lab.node('node1').must(['crm_resource', '--cleanup', '--resource', 'pgsql', '--node', 'node1'])
    const status = await lab.waitFor('node1 has refused', (now) =>
      now.failures.some(({ node, task }) => node === 'node1' && task === 'start'),
    )
    const refusal = status.failures.find(({ task }) => task === 'start')
    expect(refusal?.exitReason).toContain('/var/lib/pgsql/tmp/PGSQL.lock is there')
    expect(refusal?.exitReason).toContain('take a base backup, remove it')
    expect(refusal?.exitReason).toContain('crm resource cleanup pgsql')
    expect(attributes(status, 'node1')).toEqual(STOPPED)
  },
  MINUTE,
)

test(
  '5.3: after a base backup and without the lock file it comes back in sync',
  async () => {
    await bringBack('node1', 'node2')
    const status = await lab.status()
    expect(attributes(status, 'node2')).toEqual(PRIMARY)
    expect(attributes(status, 'node1')).toEqual(SYNC)
  },
  2 * MINUTE,
)

test(
  "the primary's node loses power: the other takes over",
  async () => {
    const { lost } = await failover(() => lab.node('node2').powerOff(), 'node1')
    expect(lost).toEqual([])
    const status = await lab.status()
    expect(status.online).toEqual(['node1'])
    expect(attributes(status, 'node1')).toEqual(PRIMARY)
  },
  2 * MINUTE,
)

test(
  'it comes back like any old primary',
  async () => {
    const node = lab.node('node2')
    await node.powerOn()
    await node.baseBackup(vipRep)
    await node.removeLock()
    await node.boot()
    await lab.waitFor('node2 is in sync', isInSync('node1', 'node2'), { timeoutMs: MINUTE })
  },
  2 * MINUTE,
)

test(
  'PostgreSQL hangs on the primary: it is killed, and the other takes over without a person',
  async () => {
    const { lost } = await failover(() => void lab.node('node1').killPostgres('SIGSTOP'), 'node2', 3 * MINUTE)
    expect(lost).toEqual([])
    expect(
      lab
        .node('node1')
        .processes()
        .filter(({ command }) => command === 'postgres'),
    ).toEqual([])
    const status = await lab.status()
    expect(status.resources.filter(({ blocked }) => blocked)).toEqual([])
    expect(status.failures).toEqual([
      expect.objectContaining({
        resource: 'pgsql',
        task: 'monitor',
        node: 'node1',
        exitReason: expect.stringMatching(/does not answer/),
      }),
    ])
  },
  5 * MINUTE,
)

test(
  'synchronous_standby_names set by ALTER SYSTEM: the node refuses, says where it is set, and runs nothing',
  async () => {
    const node = lab.node('node1')
    await node.stopCluster()
    await node.baseBackup(vipRep)
    await node.removeLock()
    const file = `${node.pgData}/postgresql.auto.conf`
    await node.must(['tee', '-a', file], { input: "synchronous_standby_names = 'somebody'\n" })
    await node.boot()
    const status = await lab.waitFor(
      'node1 has refused',
      (now) => now.failures.some(({ node: name, task }) => name === 'node1' && task === 'start'),
      { timeoutMs: MINUTE },
    )
    const refusal = status.failures.find(({ task }) => task === 'start')
    // 2 and not 6, with which pacemaker would stop the primary, too.
    expect(refusal?.exitCode).toBe(2)
    expect(refusal?.exitReason).toContain('synchronous_standby_names is set in')
    expect(refusal?.exitReason).toMatch(/postgresql\.auto\.conf, line \d+: take it out/)
    expect(node.processes().filter(({ command }) => command === 'postgres')).toEqual([])
    // The primary is not touched by it, also when pacemaker has drawn all its conclusions.
    await lab.node('node2').must(['crm_resource', '--wait', '--timeout=30'])
    expect(isPrimaryWithAddresses('node2')(await lab.status('node2'))).toBe(true)
  },
  2 * MINUTE,
)
