/** `ocf-ts promote --force`: after a disaster, and only then. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster, until } from '../lab'
import { expectPrinted, readmeBlock, sessionsIn } from '../../unit/support/readme-blocks'

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

/** What the cluster keeps of a node's data. */
async function dataStatus(of: string, from: LabNode): Promise<string> {
  const name = ['-l', 'forever', '-N', of, '-n', 'pgsql-data-status']
  return (await from.must(['crm_attribute', ...name, '-G', '-q'])).trim()
}

const goesAlone = (): Promise<unknown> =>
  until('the primary says that node2 does not follow', async () =>
    (await dataStatus('node2', node1)).startsWith('DISCONNECT'),
  )

const endReplication = (): Promise<string> =>
  node1.sql('select pg_terminate_backend(pid) from pg_stat_replication')

/** Lets standbys in to node1, or no more. */
async function letReplicate(allowed: boolean): Promise<void> {
  const edit = allowed ? '1d' : '1i host replication all all reject'
  await node1.must(['sed', '-i', edit, `${node1.pgData}/pg_hba.conf`], { user: 'postgres' })
  await node1.sql('select pg_reload_conf()')
}

test('refused while a primary serves, and without --force', async () => {
  const { code, stdout, stderr } = await node2.run([
    ...['ocf-ts', 'promote', '--force', 'node2', '--confirm', 'node2'],
  ])
  expect(code).toBe(3)
  expect(stdout).toMatch(/^node1 +online +primary +\d+ +0\/[0-9A-F]+ +LATEST$/m)
  expect(stderr).toMatch(/^- node1 is the primary, and serves: ocf-ts switchover moves it$/m)
  expect(stderr).toContain('not promoted: nothing was changed')
  expect((await node2.run(['ocf-ts', 'promote', 'node2'])).code).toBe(2)
  expect((await node2.run(['ocf-ts', 'promote', '--force', 'node9'])).stderr).toContain(
    'node9 is no node of pgsql: there are node1, node2',
  )
})

test('a node that answers and has more is promoted instead, or named; a server that is stopped, too', async () => {
  await letReplicate(false)
  await until('no standby gets in any more', async () => {
    await endReplication()
    return (await dataStatus('node2', node1)).startsWith('DISCONNECT')
  })
  await node1.sql('create table only_here as select generate_series(1, 1000) as id')
  node1.killPostgres()
  await lab.waitFor(
    'nobody is promoted',
    (status) => status.promoted('pgsql').length === 0 && status.role('pgsql', 'node1') === 'Stopped',
  )
  await node1.must(['crm_resource', '--wait', '--timeout', '30'])
  const refused = await node2.run(['ocf-ts', 'promote', '--force', 'node2', '--confirm', 'node2'])
  expect(refused.code).toBe(3)
  expect(refused.stderr).toMatch(
    /^- node1 answers, and has .* that node2 has not: promote that, or discard it with --despite node1$/m,
  )
  expect(await dataStatus('node1', node1)).toBe('LATEST')

  const done = await node2.must(['ocf-ts', 'promote', '--force', 'node1', '--confirm', 'node1'])
  expect(done).toContain('node1 may be promoted (pgsql-data-status is LATEST): the cluster has not done so')
  expect(done).toContain('no node that answers has more than node1')
  expect(done).toMatch(/^node1 is the primary of pgsql$/m)
  expect(await node1.sql('select count(*) from only_here')).toBe('1000')
  await letReplicate(true)
  const status = await lab.waitFor('node2 is in sync', isInSync('node1', 'node2'))
  expect(status.failures).toEqual([])
})

test('the last primary is gone, and the standby lacks commits: what is lost is said, and writes are back', async () => {
  await node2.stopCluster()
  await lab.waitFor('node2 is out', (status) => !status.online.includes('node2'), { from: 'node1' })
  await goesAlone()
  await node1.sql('create table never_sent as select 1 as id')
  await node1.powerOff()
  await node2.boot()
  await lab.waitFor(
    'node2 runs, alone',
    (status) =>
      status.role('pgsql', 'node2') === 'Unpromoted' &&
      status.attribute('node2', 'pgsql-status') === 'HS:alone',
    { from: 'node2' },
  )
  const promote = (...flags: readonly string[]) =>
    node2.run(['ocf-ts', 'promote', '--force', 'node2', ...flags])
  for (const [flags, why] of [
    [[], `nobody is there to type 'node2'`],
    [['--confirm', 'node1'], `'node1' is not 'node2'`],
  ] as const) {
    const { code, stdout, stderr } = await promote(...flags)
    expect(code).toBe(3)
    expect(stdout).toMatch(/^node1 +offline +- +- +not known: it is offline +LATEST$/m)
    expect(stdout).toContain(
      'node2 is not promoted by itself: commits may be missing there (pgsql-data-status is DISCONNECT',
    )
    expect(stdout).toContain('not known, and lost too: what only node1 has (it is offline)')
    expect(stdout).toContain('node1 is not known to be down: ')
    expect(stderr).toContain(`${why}: nothing was changed`)
  }
  expect((await lab.status('node2')).promoted('pgsql')).toEqual([])
  expect(await dataStatus('node1', node2)).toBe('LATEST')

  const [shown = { command: '', output: '' }] = sessionsIn(
    readmeBlock('after-a-disaster-ocf-ts-promote---force-node/1'),
  )
  const printed = await node2.must(['bash', '-c', `${shown.command} 2>&1`])
  expectPrinted(printed, shown.output)
  const load = await lab.startWriteLoad()
  await load.waitForMore(20)
  await load.stop()

  // The cluster manages it again: the old primary is compared, stays out, and comes back when that is wanted.
  await node1.powerOn()
  await node1.boot()
  await lab.waitFor('node1 has refused', ({ failures }) =>
    failures.some(({ node, task }) => node === 'node1' && task === 'start'),
  )
  const back = await node2.must(['ocf-ts', 'rejoin', '--method', 'basebackup', '--yes'])
  expect(back).toMatch(/^discarded: node1: the primary lacks /m)
  await lab.waitFor('node1 is in sync', isInSync('node2', 'node1'))
  expect(await load.lostRows(node1)).toEqual([])
})
