/** A standby that somebody promotes, and not the cluster: it acknowledges nothing. With the cluster's promotion it does. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { requireStandbys, runningServer } from '../../agents/pgsql/promoted-server'
import { withSession } from '../../agents/pgsql/session'
import { readReplicatedSite, type ReplicatedSite } from '../../agents/pgsql/site'
import { startStandby } from '../../agents/pgsql/start-standby'
import { Deadline } from '../../lib/ocf'
import { promoteServer } from '../../lib/postgres/promote-server'
import { INSTALLATIONS, PlainServer, type Programs } from '../security/support/plain-server'
import { memberContext } from './support/context'

jest.setTimeout(120_000)

/** Long enough for a commit that waits for nobody. */
const WAIT_MS = 700

/** Commits until the time is over: how many were acknowledged. */
async function commitsOn(server: PlainServer): Promise<number> {
  const client = new Client({ host: server.directory, user: 'postgres', database: 'template1' })
  client.on('error', () => undefined)
  await client.connect()
  let acknowledged = 0
  let isOver = false
  const write = async (): Promise<void> => {
    while (!isOver) {
      await client.query('create table if not exists written (id int); insert into written values (1)')
      acknowledged += 1
    }
  }
  const writing = write().catch(() => undefined)
  await pause(WAIT_MS)
  isOver = true
  await client.end().catch(() => undefined)
  await Promise.race([writing, pause(WAIT_MS)])
  return acknowledged
}

describe.each(INSTALLATIONS)('%s', (_, install) => {
  let programs: Programs
  let original: PlainServer
  let server: PlainServer

  beforeAll(() => {
    programs = install()
    original = PlainServer.create(programs)
    // Its control file has what it is configured with only once it has run.
    original.start()
    original.stop()
  })
  beforeEach(() => {
    server = PlainServer.create(programs, original)
  })
  afterEach(() => {
    server.destroy()
  })
  afterAll(() => {
    original.destroy()
    programs.remove()
  })

  async function started(mode: 'sync' | 'async') {
    const { context } = memberContext({ ...server.params, rep_mode: mode, master_ip: server.directory })
    const site = await readReplicatedSite(context)
    await startStandby(context, site, programs.version)
    return { context, site }
  }

  const promoteByHand = async (): Promise<void> => {
    programs.run('pg_ctl', 'promote', '-w', '-D', server.data)
    const patience = new Deadline(20_000)
    await patience.holds(50, () => Promise.resolve(server.sql('select pg_is_in_recovery()') === 'f'))
  }

  test('promoted by hand in synchronous replication, it acknowledges nothing; and what waits says why', async () => {
    await started('sync')
    await promoteByHand()
    expect(await commitsOn(server)).toBe(0)
    expect(server.sql('show synchronous_standby_names')).toBe(
      '"no commit is acknowledged here: only the cluster promotes this server"',
    )
  })

  test('in asynchronous replication commits wait for nobody', async () => {
    await started('async')
    await promoteByHand()
    expect(await commitsOn(server)).toBeGreaterThan(0)
  })

  test('promoted with the setting of the cluster, commits wait for that alone, and it takes no longer', async () => {
    const { context, site } = await started('sync')
    const { values, deadline } = context
    const promoteTo = async (to: ReplicatedSite, setting: string): Promise<number> =>
      withSession(to, values, runningServer(to), deadline, async (connection) => {
        const begun = performance.now()
        await requireStandbys(to, programs.version, connection, setting, deadline)
        const ms = performance.now() - begun
        await promoteServer(to.instance, programs.version, connection, deadline)
        return ms
      })
    // As the promotion does: first the others, and nobody when that is proven.
    const ms = await promoteTo(site, '"node2"')
    console.log(`${Math.round(ms)} ms until the setting of the promotion was in force`)
    expect(await commitsOn(server)).toBe(0)
    await withSession(site, values, runningServer(site), deadline, (connection) =>
      requireStandbys(site, programs.version, connection, '', deadline),
    )
    expect(await commitsOn(server)).toBeGreaterThan(0)
  })
})
