/** A standby's replication slot is gone, or of no more use: found by both sides, and made again by the primary. */
import { describe, expect, jest, test } from '@jest/globals'
import { primarySettings } from '../../agents/pgsql/ask-primary'
import { makeTmpdir } from '../../agents/pgsql/make-tmpdir'
import { runningServer } from '../../agents/pgsql/promoted-server'
import { withSession } from '../../agents/pgsql/session'
import { readReplicatedSite } from '../../agents/pgsql/site'
import { renewSlots, troubledSlots } from '../../agents/pgsql/slots'
import { startStandby } from '../../agents/pgsql/start-standby'
import { Deadline } from '../../lib/ocf'
import { askSlot } from '../../lib/postgres/upstream'
import { INSTALLATIONS, PlainServer, type Programs } from '../security/support/plain-server'
import { memberContext } from './support/context'
import { prepareServerPair, type ServerPair } from './support/server-pair'

jest.setTimeout(120_000)

describe.each(INSTALLATIONS)('%s', (_, install) => {
  let programs: Programs
  let primary: PlainServer
  let standby: PlainServer
  let servers: ServerPair

  prepareServerPair(install, (pair) => {
    servers = pair
    ;({ programs, primary, standby } = pair)
  })

  const contextOf = (server: PlainServer, node: string) =>
    memberContext(
      {
        ...server.params,
        rep_mode: 'async',
        master_ip: primary.directory,
        replication_slot_name: 'ha',
      },
      node,
    )

  /** What the primary's monitor does about it; see decide-primary.ts for when. */
  async function lookAfterSlots(mends: boolean) {
    const { context, messages } = contextOf(primary, 'node1')
    const site = await readReplicatedSite(context)
    const found = await withSession(
      site,
      context.values,
      runningServer(site),
      context.deadline,
      async (connection) => {
        const troubled = await troubledSlots(connection, site, programs.version)
        const names = troubled.map(({ slot }) => slot)
        if (mends) await renewSlots(connection, names, programs.version, context.log)
        return troubled
      },
    )
    return { found, messages }
  }

  async function askAsStandby() {
    const { context } = contextOf(standby, 'node2')
    const site = await readReplicatedSite(context)
    makeTmpdir(site)
    const settings = primarySettings(site, context.values)
    return askSlot(site.instance, settings, 'ha_node2', '/usr/bin/psql', site.tmpdir, context.deadline)
  }

  async function start(): Promise<void> {
    const { context } = contextOf(standby, 'node2')
    await startStandby(context, await readReplicatedSite(context), programs.version)
  }

  const streams = (): Promise<boolean> =>
    new Deadline(20_000).holds(100, () =>
      Promise.resolve(primary.sql('select state from pg_stat_replication') === 'streaming'),
    )

  test('one that was dropped is named by the standby, and made by the primary: it streams', async () => {
    await start()
    expect(await askAsStandby()).toBe('missing')
    expect(primary.sql("select count(*) from pg_stat_replication where state = 'streaming'")).toBe('0')
    const { found } = await lookAfterSlots(true)
    expect(found).toEqual([{ node: 'node2', slot: 'ha_node2', trouble: 'missing' }])
    expect(await streams()).toBe(true)
    expect((await lookAfterSlots(false)).found).toEqual([])
    expect(await askAsStandby()).toBeUndefined()
  })

  test('one that the primary has no room for is named in the log, and is no error', async () => {
    for (const index of [1, 2, 3, 4, 5])
      primary.sql(`select pg_create_physical_replication_slot('other${index}')`)
    const { messages } = await lookAfterSlots(true)
    expect(messages).toEqual([
      expect.stringMatching(/^replication slots are not made \(ha_node2\).*raise max_replication_slots$/),
    ])
  })

  const given = (): boolean => programs.version >= 13
  test('one that was given up is replaced, and after a base backup the standby streams', async () => {
    if (!given()) return
    await lookAfterSlots(true)
    primary.sql("alter system set max_slot_wal_keep_size = '1MB'")
    primary.sql('alter system set wal_keep_size = 0')
    primary.sql('select pg_reload_conf()')
    primary.sql('create table public.filler as select 1 as id')
    for (let round = 0; round < 4; round += 1)
      primary.sql('insert into public.filler select 1; select pg_switch_wal()')
    primary.sql('checkpoint')
    expect(primary.sql('select wal_status from pg_replication_slots')).toBe('lost')
    // Only since version 18 it is refused; before, it is the WAL that is missing.
    expect(await askAsStandby()).toBe(programs.version >= 18 ? 'invalid' : undefined)
    const { found } = await lookAfterSlots(true)
    expect(found).toEqual([{ node: 'node2', slot: 'ha_node2', trouble: 'invalid' }])
    expect(primary.sql('select wal_status from pg_replication_slots')).not.toBe('lost')
    standby.destroy()
    primary.stop()
    standby = servers.standby = PlainServer.create(programs, primary)
    primary.start()
    await start()
    expect(await streams()).toBe(true)
  })
})
