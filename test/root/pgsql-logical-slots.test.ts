/**
 * What logical_slots=failover sets, on three real servers: a primary, its standby, and a logical subscriber that loses and
 * repeats nothing over a switchover, the old primary's return and a kill.
 */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { synchronizedSlotsText } from '../../agents/pgsql/logical-slots'
import { repModeText } from '../../agents/pgsql/steps'
import { dropStaleLogicalSlots, readLogicalSlots } from '../../lib/postgres/logical-slots'
import { makeSlots } from '../../lib/postgres/slots'
import { until } from '../cluster/lab/wait'
import { PlainServer, Programs } from '../security/support/plain-server'
import { caughtUp, follow, promote, within } from './support/replicas'

jest.setTimeout(240_000)

const SITE = { logicalSlots: true, slotPrefix: 'ha', nodeList: ['node1', 'node2'] }

/** The packages are for this processor only. */
const VERSIONS = process.arch === 'x64' ? [17, 18] : []

describe.each(VERSIONS)('PostgreSQL %p', (version) => {
  let programs: Programs
  let node1: PlainServer
  let node2: PlainServer
  let subscriber: PlainServer
  const servers: PlainServer[] = []

  beforeAll(() => {
    programs = Programs.install(version)
  })
  afterEach(() => {
    for (const server of servers.splice(0)) server.destroy()
  })
  afterAll(() => {
    programs.remove()
  })

  /** As the primary's monitor does when this standby is there. */
  function waitFor(primary: PlainServer, node: string): void {
    const names = `"${node}"`
    const settings = repModeText(names) + synchronizedSlotsText(SITE, names)
    primary.configure(...settings.trim().split('\n'))
    primary.sql('select pg_reload_conf()')
  }

  const isReady = (server: PlainServer): Promise<boolean> =>
    within(server, async (connection) =>
      (await readLogicalSlots(connection, version)).some(({ name, ready }) => name === 'sub' && ready),
    )

  let written = 0
  /** Only what was acknowledged counts. */
  function write(primary: PlainServer, rows = 20): void {
    for (let row = 0; row < rows; row++) {
      primary.sql(`insert into public.t values (${written + 1})`)
      written++
    }
  }

  const inOrder = (server: PlainServer): string =>
    server.sql("select string_agg(id::text, ',' order by id) from public.t")
  const ALL = (): string => Array.from({ length: written }, (_, index) => index + 1).join(',')

  const hasAll = (): Promise<unknown> => until('the subscriber has all', () => inOrder(subscriber) === ALL())

  const connectTo = (primary: PlainServer): string =>
    `host=${primary.directory} dbname=template1 user=postgres application_name=sub`

  async function three(): Promise<void> {
    written = 0
    node1 = PlainServer.create(programs)
    servers.push(node1)
    node2 = PlainServer.create(programs, node1)
    subscriber = PlainServer.create(programs)
    servers.push(node2, subscriber)
    for (const server of [node1, node2])
      server.configure('wal_level = logical', 'max_wal_senders = 10', 'max_replication_slots = 10')
    node1.start()
    await within(node1, (connection) => makeSlots(connection, ['ha_node2'], version))
    follow(node2, node1, { node: 'node2', slot: 'ha_node2', slotDatabase: 'postgres' })
    node2.start()
    await caughtUp(node2, node1)
    waitFor(node1, 'node2')
    subscriber.start()
    for (const server of [node1, subscriber]) server.sql('create table public.t (id int primary key)')
    node1.sql('create publication pub for table public.t')
    subscriber.sql(
      `create subscription sub connection '${connectTo(node1)}' publication pub with (failover = true)`,
    )
    write(node1)
    await hasAll()
    await until('node2 has a copy of the slot', () => isReady(node2))
  }

  test('a subscriber gets nothing that the standby does not have', async () => {
    await three()
    const [receiver = ''] = node2.sql('select pid from pg_stat_wal_receiver').split('\n')
    process.kill(Number(receiver), 'SIGSTOP')
    try {
      node1.sql(`set synchronous_commit = local; insert into public.t values (1000)`)
      await until(
        'the subscriber is held up',
        () =>
          node1.sql("select wait_event from pg_stat_activity where application_name = 'sub'") ===
          'WaitForStandbyConfirmation',
      )
      expect(inOrder(subscriber)).toBe(ALL())
    } finally {
      process.kill(Number(receiver), 'SIGCONT')
    }
    await until('the subscriber has it', () => inOrder(subscriber) === `${ALL()},1000`)
  })

  test('a switchover, the return of the old primary, and a kill', async () => {
    await three()
    node1.stop()
    promote(node2)
    await within(node2, (connection) => makeSlots(connection, ['ha_node1'], version))
    follow(node1, node2, { node: 'node1', slot: 'ha_node1', slotDatabase: 'postgres' })
    node1.configure("synchronous_standby_names = ''", "synchronized_standby_slots = ''")
    subscriber.sql(`alter subscription sub connection '${connectTo(node2)}'`)
    node1.start()
    await caughtUp(node1, node2)
    waitFor(node2, 'node1')
    write(node2)
    await hasAll()

    // Its own slot of before keeps PostgreSQL from copying any.
    await until('no slot is copied', () =>
      node1.log().some(({ text }) => /same name slot "sub" already exists/.test(text)),
    )
    expect(await isReady(node1)).toBe(false)
    const dropped = await within(node1, dropStaleLogicalSlots)
    expect(dropped).toMatchObject([
      { name: 'sub', confirmed: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) },
    ])
    await until('node1 has a copy of the slot', () => isReady(node1))
    expect(await within(node1, dropStaleLogicalSlots)).toEqual([])

    write(node2)
    node2.programs.run('pg_ctl', 'stop', '-w', '-s', '-m', 'immediate', '-D', node2.data)
    promote(node1)
    subscriber.sql(`alter subscription sub connection '${connectTo(node1)}'`)
    node1.configure("synchronous_standby_names = ''", "synchronized_standby_slots = ''")
    node1.sql('select pg_reload_conf()')
    write(node1)
    await hasAll()
    expect(inOrder(node1)).toBe(ALL())
    expect(subscriber.log().filter(({ text }) => /duplicate key/.test(text))).toEqual([])
  })
})
