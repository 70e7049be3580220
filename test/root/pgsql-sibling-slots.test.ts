/**
 * The slots that a standby keeps for another one, on three real servers: after a failover the third streams on from the
 * new primary, although the WAL that it lacks has been removed everywhere else.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { agentFiles } from '../../agents/pgsql/names'
import { tendSlots } from '../../agents/pgsql/sibling-slots'
import { type Lsn, readLsn } from '../../lib/postgres/lsn'
import { makeSlots } from '../../lib/postgres/slots'
import { readPhysicalSlots } from '../../lib/postgres/standby-slots'
import { INSTALLATIONS, PlainServer, type Programs } from '../security/support/plain-server'
import { until } from '../cluster/lab/wait'
import { caughtUp, follow, instanceOf, promote, within } from './support/replicas'

jest.setTimeout(180_000)

const messages: string[] = []
const LOG = {
  log: { info: (text: string) => messages.push(text), warning: (text: string) => messages.push(text) },
} as unknown as Parameters<typeof tendSlots>[0]

const TIMEOUT = 3600
const NOW = Math.floor(Date.now() / 1000)

/** Before version 11 a standby cannot advance a slot. */
const NEW_ENOUGH = INSTALLATIONS.filter(([name]) => name !== 'PostgreSQL 10')

describe.each(NEW_ENOUGH)('%s', (_, install) => {
  let programs: Programs
  let version: number
  let primary: PlainServer
  let standby: PlainServer
  let third: PlainServer
  const servers: PlainServer[] = []

  const position = (server: PlainServer): Lsn | undefined =>
    readLsn(server.sql('select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())'))

  /** Fills a few segments, and has the server and its standby remove what nothing keeps. */
  async function goOn(): Promise<void> {
    for (let segment = 0; segment < 4; segment++) primary.sql('select pg_switch_wal(); checkpoint')
    await caughtUp(standby, primary)
    standby.sql('checkpoint')
    primary.sql('checkpoint')
    await caughtUp(standby, primary)
    standby.sql('checkpoint')
  }

  /** What the standby's monitor does once a minute. */
  const tend = (has: Lsn | undefined, now = NOW, timeout = TIMEOUT): Promise<void> => {
    const siblings = [
      { node: 'node1', slot: 'ha_node1', has: position(standby) },
      { node: 'node3', slot: 'ha_node3', has },
    ]
    const site = { instance: instanceOf(standby), files: agentFiles(standby.params['tmpdir'] ?? '') }
    return within(standby, (connection) =>
      tendSlots(LOG, site, version, connection, { siblings, timeout, now }),
    )
  }

  const keptFor = async (slot: string): Promise<Lsn | undefined> =>
    (await within(standby, (connection) => readPhysicalSlots(connection, version, [slot])))[0]?.keepsFrom

  /** The files of its WAL, the oldest first. */
  const segments = (server: PlainServer): readonly string[] =>
    readdirSync(join(server.data, 'pg_wal'))
      .filter((name) => /^[0-9A-F]{24}$/.test(name))
      .sort()

  beforeAll(() => {
    programs = install()
    version = programs.version
  })
  afterEach(() => {
    for (const server of servers.splice(0)) server.destroy()
    messages.length = 0
  })
  afterAll(() => {
    programs.remove()
  })

  async function three(): Promise<void> {
    primary = PlainServer.create(programs)
    servers.push(primary)
    standby = PlainServer.create(programs, primary)
    servers.push(standby)
    third = PlainServer.create(programs, primary)
    servers.push(third)
    for (const server of servers) {
      server.configure(
        version >= 13 ? 'wal_keep_size = 0' : 'wal_keep_segments = 0',
        'min_wal_size = 32MB',
        'max_wal_senders = 10',
      )
    }
    primary.start()
    primary.sql(
      "select pg_create_physical_replication_slot(name, true) from unnest(array['ha_node2', 'ha_node3']) as name; create table public.t as select 1 as id",
    )
    follow(standby, primary, { node: 'node2', slot: 'ha_node2' })
    follow(third, primary, { node: 'node3', slot: 'ha_node3' })
    standby.makeTmpdir()
    standby.start()
    third.start()
    await caughtUp(standby, primary)
    await caughtUp(third, primary)
  }

  test('the third node finds what it lacks on the new primary', async () => {
    await three()
    await tend(position(third))
    expect(messages).toEqual(['replication slots made for other standbys: ha_node1, ha_node3'])
    const has = position(third)
    third.stop()
    const before = segments(standby).length
    await goOn()
    await tend(undefined)
    await goOn()
    const kept = await keptFor('ha_node3')
    expect(kept !== undefined && has !== undefined && kept <= has).toBe(true)
    expect(segments(standby).length).toBeGreaterThan(before + 4)
    expect(messages).toHaveLength(1)

    primary.sql('insert into public.t values (2)')
    await caughtUp(standby, primary)
    primary.stop()
    promote(standby)
    await within(standby, (connection) => makeSlots(connection, ['ha_node1', 'ha_node3'], version))
    standby.sql('checkpoint; select pg_switch_wal(); checkpoint')
    expect(await keptFor('ha_node3')).toBe(kept)
    follow(third, standby, { node: 'node3', slot: 'ha_node3' })
    third.start()
    standby.sql('insert into public.t values (3)')
    await until('the third has it all', () =>
      Promise.resolve(third.sql('select count(*) from public.t') === '3'),
    )
    expect(standby.sql("select active from pg_replication_slots where slot_name = 'ha_node3'")).toBe('t')
  })

  test('a slot follows its node, and is dropped when that has confirmed nothing for too long', async () => {
    await three()
    await tend(position(third))
    const first = await keptFor('ha_node3')
    await goOn()
    await caughtUp(third, primary)
    await tend(position(third))
    const second = await keptFor('ha_node3')
    expect(first !== undefined && second !== undefined && first < second).toBe(true)
    third.stop()
    await tend(undefined, NOW + TIMEOUT)
    await goOn()
    await goOn()
    const [oldest = ''] = segments(standby)
    messages.length = 0
    await tend(undefined, NOW + TIMEOUT + 1)
    expect(messages).toEqual([
      `replication slot ha_node3 dropped: node3 has confirmed no WAL for more than ${TIMEOUT} s (standby_slot_timeout)`,
    ])
    await goOn()
    expect((segments(standby)[0] ?? '') > oldest).toBe(true)
    await tend(undefined, NOW + TIMEOUT + 60)
    expect(await keptFor('ha_node3')).toBeUndefined()
    third.start()
    await caughtUp(third, primary)
    await tend(position(third), NOW + TIMEOUT + 120)
    expect(await keptFor('ha_node3')).toBeDefined()
    await tend(undefined, NOW + TIMEOUT + 180, 0)
    expect(standby.sql('select count(*) from pg_replication_slots')).toBe('0')
  })

  test('a slot that max_slot_wal_keep_size has taken its WAL is made again', async () => {
    if (version < 13) return
    await three()
    standby.configure("max_slot_wal_keep_size = '1MB'")
    standby.sql('select pg_reload_conf()')
    await tend(position(third))
    third.stop()
    await goOn()
    await goOn()
    expect(await keptFor('ha_node3')).toBeUndefined()
    expect(standby.sql("select wal_status from pg_replication_slots where slot_name = 'ha_node3'")).toBe(
      'lost',
    )
    await tend(undefined)
    expect(await keptFor('ha_node3')).toBeDefined()
  })
})
