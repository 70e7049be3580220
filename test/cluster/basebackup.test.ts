/** rejoin=basebackup: an old primary that has diverged comes back by itself with a copy of all of the primary's data. */
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  type Condition,
  isInSync,
  Lab,
  type LabNode,
  makeDocumentCluster,
  serves,
  until,
  type WriteLoad,
} from './lab'
import { expectLines, readmeBlock, sessionsIn } from '../unit/support/readme-blocks'

const MINUTE = 60_000
const LOCK = '/var/lib/pgsql/tmp/PGSQL.lock'
const START_TIMEOUT = '20s'
/** kB/s, with which a copy takes longer than that. */
const SLOW = '1024'

let lab: Lab
let node1: LabNode
let node2: LabNode
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  const pgsqlParams = { rejoin: 'basebackup' }
  await makeDocumentCluster(lab, { pgsqlParams })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  const text = lab.crmText({ provider: 'ts', pgsqlParams })
  const [head = '', tail = ''] = text.split(/^(?=primitive pgsql )/m)
  await lab.configure(head + tail.replace('op start   timeout="60s"', `op start timeout="${START_TIMEOUT}"`))
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

/** And nothing has failed meanwhile. */
const isBack =
  (primary: LabNode, standby: LabNode): Condition =>
  (status) =>
    isInSync(primary, standby)(status) && status.failures.length === 0

const startFailure = (node: LabNode, status: ClusterStatus): string | undefined =>
  status.failures.find(({ task, node: where }) => task === 'start' && where === node.name)?.exitReason

const cleanUp = (): Promise<string> => node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
const setParameter = (name: string, value: string): Promise<string> =>
  node1.must(['crm_resource', '-r', 'pgsql', '--set-parameter', name, '--parameter-value', value])
const settle = (): Promise<string> => node1.must(['crm_resource', '--wait', '--timeout', '30'])

/** What lies beside the data directory. */
const beside = (node: LabNode): string[] =>
  readdirSync(dirname(node.onDisk(node.pgData)))
    .filter((name) => name.startsWith('main.'))
    .sort()
const DIVERGED = /^main\.diverged-\d{8}T\d{6}Z$/

const isLocked = async (node: LabNode): Promise<boolean> => (await node.run(['ls', LOCK])).code === 0

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
  await lab.waitFor(`${successor.name} serves`, serves(successor))
}

test(
  'under write load, with failure-timeout, nobody is needed, and nothing that was acknowledged is lost',
  async () => {
    const meta = ['crm_resource', '--resource', 'msPostgresql', '--meta']
    await node1.must([...meta, '--set-parameter', 'failure-timeout', '--parameter-value', '20s'])
    await node1.must(['tee', '--append', `${node1.pgData}/postgresql.auto.conf`], {
      user: 'postgres',
      input: "work_mem = '7MB'\n",
    })
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    const killed = Date.now()
    await dieDiverged(node1, node2)
    await load.waitForMore(50)
    await lab.waitFor('node1 is in sync with node2', isBack(node2, node1))
    const seconds = (Date.now() - killed) / 1000
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(node2)).toEqual([])
    expect(await node2.sql(`select to_regclass('unsent') is null`)).toBe('t')
    expect(beside(node1)).toEqual([expect.stringMatching(DIVERGED)])
    expect(await isLocked(node1)).toBe(false)
    // Its own settings, not the primary's.
    expect(await node1.sql('show work_mem')).toBe('7MB')
    expect(await node2.sql('select count(*) from pg_replication_slots')).toBe('0')
    expect(seconds).toBeLessThan(60)
    await node1.must([...meta, '--delete-parameter', 'failure-timeout'])
    await settle()
  },
  3 * MINUTE,
)

test(
  'a base backup that outlasts the timeout of start goes on, also when pacemaker is restarted, and ends in sync',
  async () => {
    await setParameter('rejoin_max_rate', SLOW)
    await settle()
    await dieDiverged(node2, node1)
    await cleanUp()
    const status = await lab.waitFor('start has failed', (now) => startFailure(node2, now) !== undefined)
    expect(startFailure(node2, status)).toMatch(
      /^rejoins as a standby by base backup \(copies \d+ %, started \d\d:\d\d:\d\d\): goes on by itself, and is started then$/,
    )
    expect(status.attribute('node2', 'pgsql-rejoin')).toMatch(/^basebackup: copies \d+ %$/)
    expectLines(
      await node1.must(['crm_mon', '-Afr1']),
      readmeBlock('without-a-person-whatever-the-data-rejoinbasebackup/1'),
    )
    expect(beside(node2)).toEqual([expect.stringMatching(/^main\.new-/)])
    // It is no standby, and commits do not wait for it.
    await node1.sql('create table meanwhile as select 1 as id')
    const fresh = beside(node2)
    await node2.restartCluster()
    expect(beside(node2)).toEqual(fresh)
    await lab.waitFor('node2 is in sync with node1', isBack(node1, node2), { timeoutMs: 2 * MINUTE })
    expect(beside(node2)).toEqual([expect.stringMatching(DIVERGED)])
    const [ls = { command: '', output: '' }] = sessionsIn(
      readmeBlock('without-a-person-whatever-the-data-rejoinbasebackup/2'),
    )
    // Where it is no terminal that reads it, each name has a line of its own.
    expectLines(await node2.must(['bash', '-c', ls.command]), ls.output.replaceAll(/ +/g, '\n'))
    expect(await node2.sql('select id from meanwhile')).toBe('1')
    expect(await isLocked(node2)).toBe(false)
  },
  4 * MINUTE,
)

test(
  'one that is killed leaves the old data where it was, and starts again after a cleanup; one old directory is kept',
  async () => {
    const [first = ''] = beside(node1)
    await dieDiverged(node1, node2)
    await cleanUp()
    await until('it copies', () => node1.signal('pg_basebackup', 'SIGKILL') > 0, { intervalMs: 20 })
    const status = await lab.waitFor('start has failed', (now) => startFailure(node1, now) !== undefined)
    expect(startFailure(node1, status)).toBe('base backup failed: pg_basebackup was killed')
    expect(await isLocked(node1)).toBe(true)
    expect(beside(node1)).toEqual([first])
    await setParameter('rejoin_max_rate', '0')
    await settle()
    await cleanUp()
    await lab.waitFor('node1 is in sync with node2', isBack(node2, node1))
    await until('the oldest is gone', () => beside(node1).length === 1)
    const [second = ''] = beside(node1)
    expect(second).toMatch(DIVERGED)
    expect(second > first).toBe(true)
  },
  3 * MINUTE,
)
