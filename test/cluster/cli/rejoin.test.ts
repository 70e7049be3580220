/**
 * `ocf-ts rejoin`: what a node would give up is shown, and then it comes back, by either method.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { readConfiguration } from '../../../lib/cluster/configuration'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster, until } from '../lab'
import { expectPrinted, readmeBlock, sessionsIn } from '../../unit/support/readme-blocks'

const MINUTE = 60_000
const LOCK = '/var/lib/pgsql/tmp/PGSQL.lock'

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab, { initdb: { checksums: true } })
  for (const node of [node1, node2]) {
    await node.must(['tee', '--append', `${node.pgData}/pg_hba.conf`], {
      user: 'postgres',
      input: 'host postgres postgres 192.168.2.0/24 trust\n',
    })
    await node.sql('select pg_reload_conf()')
  }
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

const isInSync =
  (primary: LabNode, standby: LabNode) =>
  (status: ClusterStatus): boolean =>
    status.promoted('pgsql').includes(primary.name) &&
    status.attribute(standby.name, 'pgsql-data-status') === 'STREAMING|SYNC' &&
    status.role('pgsql', standby.name) === 'Unpromoted'

/** The primary dies with WAL that its standby has never seen. */
async function dieDiverged(primary: LabNode, successor: LabNode): Promise<void> {
  await primary.must(['pkill', '-STOP', '-f', 'postgres: walsender'])
  const unsent = primary.run(
    ['psql', '-h', '/var/run/postgresql', '-c', 'create table unsent as select generate_series(1, 1000)'],
    { user: 'postgres' },
  )
  await until('a commit waits for the standby', async () => {
    const waiting = await primary.sql(
      `select count(*) from pg_stat_activity where wait_event = 'SyncRep' and query ~ 'unsent'`,
    )
    return waiting === '1'
  })
  primary.killPostgres()
  await unsent
  await lab.waitFor(
    `${successor.name} serves`,
    (status) =>
      status.attribute(successor.name, 'pgsql-status') === 'PRI' &&
      status.nodeOf('vip-rep') === successor.name,
  )
}

const configuration = async (): Promise<unknown> => {
  const { primitives, constraints, properties } = readConfiguration(await node1.must(['cibadmin', '--query']))
  return { primitives, constraints, properties: { ...properties, 'last-lrm-refresh': undefined } }
}

test('nobody is out: nothing to do', async () => {
  expect(await node2.must(['ocf-ts', 'rejoin'])).toBe('no node is out: nothing to do\n')
  expect(await node2.must(['ocf-ts', 'rejoin', 'node1'])).toBe('node1 is in: it is primary\n')
  const { code, stderr } = await node2.run(['ocf-ts', 'rejoin', 'node9'])
  expect([code, stderr]).toEqual([2, 'ocf-ts: node9 is no node of pgsql\n  do: there are node1, node2\n'])
})

test('what would be given up is shown, and refused without a yes; then pg_rewind, from the other node', async () => {
  const before = await configuration()
  await dieDiverged(node1, node2)
  const lost =
    /^discarded: node1: the primary lacks \d+ bytes of WAL after \S+ \(timeline \d+\) of this node$/m
  const type = (command: string): Promise<string> => node2.must(['bash', '-c', `${command} 2>&1`])
  const [check, yes] = sessionsIn(readmeBlock('bring-a-node-back-ocf-ts-rejoin/1'))
  if (!check || !yes) throw new Error('the README does not show a check and a rejoin')
  const checked = await type(check.command)
  expect(checked).toMatch(lost)
  expectPrinted(checked, check.output)
  const refused = await node2.run(['ocf-ts', 'rejoin', 'node1'])
  expect(refused.code).toBe(3)
  expect(refused.stdout).toMatch(lost)
  expect(refused.stderr).toContain('say --yes where nobody can answer')
  expect((await node1.run(['ls', LOCK])).code).toBe(0)
  expect((await lab.status()).role('pgsql', 'node1')).toBe('Stopped')

  const done = await type(yes.command)
  // How far it is is shown where it takes a while; commits wait for the node after the next monitor of the primary.
  const shown = done.replace(/(?<=by pg_rewind)( \.\.\. .*)(?= \.\.\. )/, '').replace('|ASYNC', '|SYNC')
  expectPrinted(shown, yes.output)
  const status = await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
  expect(status.failures).toEqual([])
  expect((await node1.run(['ls', LOCK])).code).not.toBe(0)
  expect(await node1.sql(`select to_regclass('unsent') is null`)).toBe('t')
  expect(await configuration()).toEqual(before)
})

test('a new base backup, on the node itself; the old directory is kept', async () => {
  const before = await configuration()
  await node1.must(['crm_resource', '--wait', '--timeout', '30'])
  await dieDiverged(node2, node1)
  const { code, stdout, stderr } = await node2.run([
    ...['ocf-ts', 'rejoin', '--method', 'basebackup', '--yes', '--json'],
  ])
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^discarded: node2: the primary lacks /)])
  expect(JSON.parse(stdout)).toMatchObject({
    resource: 'pgsql',
    node: 'node2',
    done: true,
    method: 'basebackup',
  })
  const status = await lab.waitFor('node2 is in sync with node1', isInSync(node1, node2))
  expect(status.failures).toEqual([])
  expect(await node2.must(['bash', '-c', `ls -d ${node2.pgData}.diverged-*`])).toMatch(/diverged-\d+T\d+Z/)
  expect(await node2.sql(`select to_regclass('unsent') is null`)).toBe('t')
  expect(await configuration()).toEqual(before)
})

test('a node that was primary and has nothing of its own is let in without a question', async () => {
  await node1.must(['crm_resource', '--wait', '--timeout', '30'])
  await until('the standby has everything', async () => {
    const row = await node1.sql('select pg_current_wal_lsn() - flush_lsn from pg_stat_replication')
    return row === '0'
  })
  node1.killPostgres()
  await lab.waitFor('node2 serves', (status) => status.attribute('node2', 'pgsql-status') === 'PRI')
  await lab.waitFor('and has its addresses', (status) => status.nodeOf('vip-rep') === 'node2')
  const done = await node1.must(['ocf-ts', 'rejoin'])
  expect(done).toMatch(/^nothing is discarded: node2 has all that node1 has$/m)
  await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
})

test('a standby that runs and cannot follow is stopped for it, and the constraint is taken back', async () => {
  const before = await configuration()
  const claim = ['-l', 'forever', '-N', 'node1', '-n', 'pgsql-data-status', '-v', 'DISCONNECT|FORKED']
  const done = await until('the primary has not yet said otherwise', async () => {
    await node2.must(['crm_attribute', ...claim])
    const said = await node2.must(['ocf-ts', 'rejoin', 'node1', '--method', 'basebackup', '--yes'])
    return said.startsWith('node1 is in') ? undefined : said
  })
  expect(done).toContain('discarded: node1: it runs, and cannot follow the primary (DISCONNECT|FORKED)')
  expect(done).toMatch(/^- stop pgsql on node1 \.\.\. \d+\.\d s$/m)
  const status = await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
  expect(status.failures).toEqual([])
  expect(await configuration()).toEqual(before)
})
