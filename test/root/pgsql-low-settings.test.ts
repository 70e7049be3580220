/** A standby whose max_connections and the like are lower than the primary's: it is found, started and promoted. */
import { expect, jest, test } from '@jest/globals'
import { explainPause } from '../../agents/pgsql/explain-pause'
import { raiseLowSettings, runningServer } from '../../agents/pgsql/promoted-server'
import { withSession } from '../../agents/pgsql/session'
import { readReplicatedSite } from '../../agents/pgsql/site'
import { startStandby } from '../../agents/pgsql/start-standby'
import { Deadline } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { promoteServer } from '../../lib/postgres/promote-server'
import { readProgress } from '../../lib/postgres/wal-receiver'
import { type PlainServer, Programs } from '../security/support/plain-server'
import { memberContext } from './support/context'
import { prepareServerPair } from './support/server-pair'

jest.setTimeout(120_000)

const programs = Programs.debian()
let primary: PlainServer
let standby: PlainServer

prepareServerPair(
  () => programs,
  (pair) => {
    ;({ primary, standby } = pair)
  },
)

const made = async (featureSet?: string) => {
  const { context, messages } = memberContext({
    ...standby.params,
    master_ip: primary.directory,
    rep_mode: 'async',
  })
  const site = await readReplicatedSite(context)
  const env = { ...context.env, featureSet }
  return { context: { ...context, env }, messages, site }
}

async function withStandby<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const { context, site } = await made()
  return withSession(site, context.values, runningServer(site), new Deadline(20_000), work)
}

/** The primary is restarted with more, and the standby has replayed that. */
async function raiseOnPrimary(): Promise<void> {
  primary.stop()
  primary.configure('max_connections = 150', 'max_worker_processes = 12')
  primary.start()
  const paused = await new Deadline(30_000).holds(100, () =>
    withStandby(async (connection) => (await readProgress(connection, programs.version)).paused),
  )
  expect(paused).toBe(true)
}

const SAID =
  'max_connections is 100 here and 150 on the primary, max_worker_processes is 8 here and 12 on the primary'

test('the monitor of the standby says which setting it is', async () => {
  const { context, messages, site } = await made('3.16.1')
  await startStandby(context, site, programs.version)
  await raiseOnPrimary()
  const exit = await withStandby((connection) => explainPause(context, site, connection, 0))
  expect(exit).toBe(190)
  expect(messages.at(-1)).toContain(`replay is paused: ${SAID}`)
})

test('one that somebody has paused is none', async () => {
  const { context, site } = await made('3.16.1')
  await startStandby(context, site, programs.version)
  standby.sql('select pg_wal_replay_pause()')
  expect(await withStandby((connection) => explainPause(context, site, connection, 0))).toBe(0)
  expect(
    await withStandby((connection) => raiseLowSettings(context, site, programs.version, connection)),
  ).toBeUndefined()
})

test('for its promotion it is restarted with those values, and has everything that it had received', async () => {
  const { context, messages, site } = await made()
  await startStandby(context, site, programs.version)
  await raiseOnPrimary()
  primary.sql('create table public.late as select 1 as id')
  const end = primary.sql('select pg_current_wal_lsn()')
  await new Deadline(20_000).holds(100, () =>
    Promise.resolve(standby.sql(`select pg_last_wal_receive_lsn() >= '${end}'`) === 't'),
  )
  primary.stop()
  const begun = performance.now()
  const raised = await withStandby((connection) =>
    raiseLowSettings(context, site, programs.version, connection),
  )
  console.log(`restarted in ${Math.round(performance.now() - begun)} ms`)
  expect(raised?.position).toMatch(/^[0-9A-F]{16}$/)
  expect(messages.at(-1)).toContain(SAID)
  await withStandby((connection) =>
    promoteServer(site.instance, programs.version, connection, new Deadline(20_000)),
  )
  expect(standby.sql('select count(*) from public.late')).toBe('1')
  expect(standby.sql('show max_connections')).toBe('150')
})

test('one that has ended is started with those values', async () => {
  const { context, messages, site } = await made()
  await startStandby(context, site, programs.version)
  await raiseOnPrimary()
  standby.stop()
  await startStandby(context, site, programs.version)
  expect(messages.at(-1)).toContain(SAID)
  expect(standby.sql('show max_worker_processes')).toBe('12')
})
