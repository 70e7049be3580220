/**
 * rejoin=rewind: an old primary that has diverged comes back by itself, and nothing that was acknowledged is lost.
 *
 * @systems debian12 debian13
 */
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  isInSync,
  Lab,
  type LabNode,
  makeDocumentCluster,
  serves,
  until,
  type WriteLoad,
} from './lab'
import { expectLines, readmeBlock } from '../unit/support/readme-blocks'

const MINUTE = 60_000
const TMPDIR = '/var/lib/pgsql/tmp'
/** How long a failure is remembered. */
const FAILURE_TIMEOUT = '20s'
const START_TIMEOUT = '12s'

let lab: Lab
let node1: LabNode
let node2: LabNode
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  await makeDocumentCluster(lab, {
    initdb: { checksums: true, settings: { log_checkpoints: 'on' } },
    pgsqlParams: { rejoin: 'rewind' },
  })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  const text = lab.crmText({ provider: 'ts', pgsqlParams: { rejoin: 'rewind' } })
  const [head = '', tail = ''] = text.split(/^(?=primitive pgsql )/m)
  await lab.configure(head + tail.replace('op start   timeout="60s"', `op start timeout="${START_TIMEOUT}"`))
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

const META = ['crm_resource', '--resource', 'msPostgresql', '--meta']
const setMeta = (name: string, value: string): Promise<string> =>
  node1.must([...META, '--set-parameter', name, '--parameter-value', value])
const dropMeta = (name: string): Promise<string> => node1.must([...META, '--delete-parameter', name])
const cleanUp = (): Promise<string> => node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])

const exists = async (node: LabNode, path: string): Promise<boolean> =>
  (await node.run(['ls', '-d', path])).code === 0

const startFailure = (node: LabNode, status: ClusterStatus): string | undefined =>
  status.failures.find(({ task, node: where }) => task === 'start' && where === node.name)?.exitReason

/** The primary dies with WAL that its standby has never seen. */
async function dieDiverged(primary: LabNode, successor: LabNode): Promise<void> {
  await primary.must(['pkill', '-STOP', '-f', 'postgres: walsender'])
  const unsent = primary.run(
    ['psql', '-h', '/var/run/postgresql', '-c', 'create table unsent as select generate_series(1, 10000)'],
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

/** What differs takes a while to be copied. */
const grow = (primary: LabNode, table: string): Promise<string> =>
  primary.sql(
    `create table ${table} as select id, repeat(md5(id::text), 30) as filler from generate_series(1, 100000) id`,
  )

const digest = (node: LabNode, table: string): Promise<string> =>
  node.sql(`select count(*), sum(hashtext(filler)::bigint) from ${table}`)

/** Suspends pg_rewind once it writes. */
async function suspendRewind(node: LabNode): Promise<void> {
  const mark = node.onDisk(`${TMPDIR}/rewinding.json`)
  await until('pg_rewind writes', () => existsSync(mark) && node.signal('pg_rewind', 'SIGSTOP') > 0, {
    intervalMs: 5,
  })
}

test(
  'where repuser gets into no database, it says so',
  async () => {
    await dieDiverged(node1, node2)
    await cleanUp()
    const status = await lab.waitFor('node1 has refused', (now) => startFailure(node1, now) !== undefined)
    expect(startFailure(node1, status)).toBe(
      'pg_rewind failed: repuser: postgres gets into no database of the primary, as pg_rewind must: see pg_hba.conf there',
    )
    expect(status.attribute('node1', 'pgsql-rejoin')).toMatch(/^failed: repuser/)
    expect(await exists(node1, `${TMPDIR}/rewinding.json`)).toBe(false)
    expect(serves(node2)(status)).toBe(true)
    for (const node of [node1, node2]) {
      await node.must(['tee', '--append', `${node.pgData}/pg_hba.conf`], {
        user: 'postgres',
        // Without passwords here.
        input: `${readmeBlock('without-a-person-rejoinrewind/2').replace('scram-sha-256', 'trust')}\n`,
      })
    }
    await node2.sql('select pg_reload_conf()')
    await node1.must(['tee', '--append', `${node1.pgData}/postgresql.auto.conf`], {
      user: 'postgres',
      input: "work_mem = '7MB'\n",
    })
    await cleanUp()
    await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
    expect(await exists(node1, `${TMPDIR}/PGSQL.lock`)).toBe(false)
    // Its own settings, not the primary's.
    expect(await node1.sql('show work_mem')).toBe('7MB')
    expect(await node2.sql(`select to_regclass('unsent') is null`)).toBe('t')
    for (const name of ['rejoin.json', 'rewinding.json', 'kept', 'rejoin.waiter']) {
      expect([name, await exists(node1, `${TMPDIR}/${name}`)]).toEqual([name, false])
    }
  },
  3 * MINUTE,
)

test(
  'with failure-timeout, nobody is needed',
  async () => {
    await setMeta('failure-timeout', FAILURE_TIMEOUT)
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    const killed = Date.now()
    await dieDiverged(node2, node1)
    await load.waitForMore(50)
    const status = await lab.waitFor('node2 is in sync with node1', isInSync(node1, node2))
    const seconds = (Date.now() - killed) / 1000
    await load.waitForMore(50)
    await load.stop()
    expect(status.failures).toEqual([])
    expect(await load.lostRows(node1)).toEqual([])
    expect(await node1.sql(`select to_regclass('unsent') is null`)).toBe('t')
    expect(seconds).toBeLessThan(60)
    await dropMeta('failure-timeout')
  },
  2 * MINUTE,
)

test(
  'a rejoin that outlasts the timeout of start goes on, and ends with the cluster starting the resource',
  async () => {
    await dieDiverged(node1, node2)
    await grow(node2, 'long')
    await cleanUp()
    await suspendRewind(node1)
    const status = await lab.waitFor('start has failed', (now) => startFailure(node1, now) !== undefined)
    expect(startFailure(node1, status)).toMatch(
      /^rejoins as a standby by pg_rewind \(copies \d+ %, started \d\d:\d\d:\d\d\): goes on by itself, and is started then$/,
    )
    expect(status.attribute('node1', 'pgsql-rejoin')).toMatch(/^rewind: copies \d+ %$/)
    const shown = await node2.must(['crm_mon', '-Afr1'])
    expectLines(shown, readmeBlock('without-a-person-rejoinrewind/4'))
    expectLines(shown, readmeBlock('without-a-person-rejoinrewind/5'))
    expect(status.attribute('node1', 'pgsql-status')).toBe('STOP')
    // It outlives the cluster on this node, too; and that begins it no second time.
    const worker = await node1.must(['cat', `${TMPDIR}/rejoin.json`])
    await node1.restartCluster()
    // What the cluster remembers of the time before may still be there for a moment.
    const waiter = node1.onDisk(`${TMPDIR}/rejoin.waiter`)
    await until('start waits again', () => readFileSync(waiter, 'utf8') !== '{}\n')
    await until('it has given up', () => readFileSync(waiter, 'utf8') === '{}\n')
    await lab.waitFor('start has failed again', (now) => startFailure(node1, now) !== undefined, {
      from: 'node2',
    })
    const startedAt = (text: string): unknown => (JSON.parse(text) as { startedAt: unknown }).startedAt
    expect(startedAt(await node1.must(['cat', `${TMPDIR}/rejoin.json`]))).toEqual(startedAt(worker))
    expect(node1.signal('pg_rewind', 'SIGCONT')).toBe(1)
    const after = await lab.waitFor('node1 is in sync with node2', isInSync(node2, node1))
    expect(after.failures).toEqual([])
    expect(await digest(node1, 'long')).toBe(await digest(node2, 'long'))
  },
  3 * MINUTE,
)

test(
  'a rejoin that is killed while pg_rewind writes leaves no server that runs on half of the data, and is repeated',
  async () => {
    // On a slow machine pg_rewind comes to its writing late: this start must see the end of it.
    await lab.configure(lab.crmText({ provider: 'ts', pgsqlParams: { rejoin: 'rewind' } }))
    await dieDiverged(node2, node1)
    await grow(node1, 'again')
    await cleanUp()
    await suspendRewind(node2)
    const { worker } = JSON.parse(await node2.must(['cat', `${TMPDIR}/rejoin.json`])) as {
      worker: { pid: number }
    }
    await node2.must(['kill', '-9', String(worker.pid)])
    node2.signal('pg_rewind', 'SIGKILL')
    const status = await lab.waitFor('start has failed', (now) => startFailure(node2, now) !== undefined)
    expect(startFailure(node2, status)).toMatch(
      /^the rejoin by pg_rewind was killed \((?:compares|copies \d+ %)\): crm resource cleanup starts it again$/,
    )
    await cleanUp()
    const after = await lab.waitFor('node2 is in sync with node1', isInSync(node1, node2))
    expect(after.failures).toEqual([])
    expect(await digest(node2, 'again')).toBe(await digest(node1, 'again'))
    expect(await exists(node2, `${TMPDIR}/rewinding.json`)).toBe(false)
  },
  3 * MINUTE,
)
