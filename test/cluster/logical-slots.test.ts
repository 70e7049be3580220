/**
 * `logical_slots=failover` on a real cluster, with PostgreSQL 18 from npm: a logical subscriber outside of it, which
 * connects to the address of the primary, loses and repeats nothing over a switchover, the return of the old primary and
 * a kill. Told in order: each test goes on from where the one before it ended.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { npmPrograms } from '../postgres/versions'
import { PlainServer, Programs } from '../security/support/plain-server'
import { type ClusterStatus, Lab, type LabNode } from './lab'
import { pgSocketDir } from './lab/postgres'
import { until } from './lab/wait'

const MINUTE = 60_000
const VERSION = 18
const TARGET = `/usr/lib/postgresql/npm-${VERSION}`
const VIP_MASTER = '192.168.100.163'

let lab: Lab
let programs: Programs
let subscriber: PlainServer
let node1: LabNode
let node2: LabNode

const isInSync =
  (primary: LabNode, standby: LabNode) =>
  (status: ClusterStatus): boolean =>
    status.attribute(primary.name, 'pgsql-status') === 'PRI' &&
    status.attribute(standby.name, 'pgsql-data-status') === 'STREAMING|SYNC' &&
    status.nodeOf('vip-master') === primary.name

beforeAll(async () => {
  programs = Programs.install(VERSION)
  subscriber = PlainServer.create(programs)
  lab = await Lab.create({ tool: true, binds: [{ source: npmPrograms(VERSION), target: TARGET }] })
  lab.usePostgres({ version: VERSION, bin: `${TARGET}/bin`, data: `/var/lib/postgresql/npm-${VERSION}/main` })
  await lab.boot()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await node1.initdb({ settings: { unix_socket_directories: pgSocketDir, wal_level: 'logical' } })
  // The standby's process that copies slots asks in a database.
  await node1.must(['tee', '--append', `${node1.pgData}/pg_hba.conf`], {
    user: 'postgres',
    input: 'host postgres postgres 192.168.2.0/24 trust\n',
  })
  await node2.copyDatabase(node1)
  const pgsqlParams = {
    replication_slot_name: 'ha',
    logical_slots: 'failover',
    xlog_check_count: '1',
    stop_escalate: '20',
  }
  await lab.configure(lab.crmText({ provider: 'ts', pgsqlParams }))
  const status = await lab.waitFor(
    'one is in sync with the other',
    (now) => isInSync(node1, node2)(now) || isInSync(node2, node1)(now),
    { timeoutMs: 2 * MINUTE },
  )
  if (!isInSync(node1, node2)(status)) [node1, node2] = [node2, node1]

  subscriber.configure("wal_receiver_timeout = '5s'", "wal_retrieve_retry_interval = '500ms'")
  const start = [
    programs.path('pg_ctl'),
    'start',
    '-w',
    '-D',
    subscriber.data,
    '-l',
    `${subscriber.directory}/log`,
  ]
  const library = `LD_LIBRARY_PATH=${programs.libraries}`
  const started = await lab.runClient(['runuser', '-u', 'postgres', '--', 'env', library, ...start])
  expect(started.code).toBe(0)
}, 5 * MINUTE)

afterAll(async () => {
  subscriber.destroy()
  programs.remove()
  await lab.destroy()
}, MINUTE)

/** Everything that was acknowledged. */
let acknowledged = 0

async function write(primary: LabNode, rows = 10): Promise<void> {
  for (let row = 0; row < rows; row++) {
    await primary.sql(`insert into public.t values (${acknowledged + 1})`)
    acknowledged += 1
  }
}

const received = (): string => subscriber.sql("select count(*) || ' ' || coalesce(max(id), 0) from public.t")

const hasAll = (): Promise<unknown> =>
  until('the subscriber has all', () => received() === `${acknowledged} ${acknowledged}`)

const READY =
  "select count(*) from pg_replication_slots where slot_name = 'sub' and synced and not temporary and invalidation_reason is null"

const hasCopy = (standby: LabNode): Promise<unknown> =>
  until(`${standby.name} has a copy of the slot`, async () => (await standby.sql(READY)) === '1')

test(
  'the standby has a copy of the slot of a subscriber, which gets nothing that the standby does not have',
  async () => {
    const table = 'create table public.t (id int primary key)'
    await node1.sql(`${table}; create publication pub for table public.t`)
    subscriber.sql(table)
    subscriber.sql(
      `create subscription sub connection 'host=${VIP_MASTER} dbname=postgres user=postgres connect_timeout=2' publication pub with (failover = true)`,
    )
    await write(node1)
    await hasAll()
    await hasCopy(node2)
    expect(await node1.sql('show synchronized_standby_slots')).toBe(`ha_${node2.name}`)
    expect(await node2.sql('show primary_conninfo')).toContain('dbname=postgres')
  },
  2 * MINUTE,
)

test(
  'switchover refuses while a slot has no copy',
  async () => {
    // Nobody moves it, so that it stays behind what the standby could keep for it.
    await node1.sql("select pg_create_logical_replication_slot('idle', 'pgoutput', false, false, true)")
    await write(node1)
    const { code, stderr } = await node1.run(['ocf-ts', 'switchover', '--check'])
    expect(stderr).toContain(
      `- ${node2.name} has no usable copy of the logical replication slots of the primary (idle)`,
    )
    expect(code).toBe(3)
    await node1.sql("select pg_drop_replication_slot('idle')")
  },
  MINUTE,
)

test(
  'after a switchover it goes on, and the old primary drops its own slot and copies that of the new one',
  async () => {
    await hasCopy(node2)
    // The packages from npm have no pg_controldata, of which it would say that it is not known.
    const { code, stderr } = await node1.run(['ocf-ts', 'switchover', '--force', '--to', node2.name])
    expect(stderr).not.toContain('no switchover')
    expect(code).toBe(0)
    ;[node1, node2] = [node2, node1]
    await lab.waitFor('in sync in their new roles', isInSync(node1, node2))
    await write(node1)
    await hasAll()
    await hasCopy(node2)
    expect(await node1.sql('show synchronized_standby_slots')).toBe(`ha_${node2.name}`)
  },
  3 * MINUTE,
)

test(
  'after the primary was killed it goes on',
  async () => {
    await write(node1)
    node1.killPostgres()
    await lab.waitFor(
      `${node2.name} is the primary`,
      (now) => now.attribute(node2.name, 'pgsql-status') === 'PRI' && now.nodeOf('vip-master') === node2.name,
      { timeoutMs: MINUTE },
    )
    await write(node2)
    await hasAll()
    expect(await node2.sql("select count(*) || ' ' || max(id) from public.t")).toBe(received())
    expect(subscriber.log().filter(({ text }) => /duplicate key/.test(text))).toEqual([])
  },
  2 * MINUTE,
)
