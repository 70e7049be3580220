/**
 * Every statement of the product, on the versions of PostgreSQL of test/postgres/versions.ts, in databases that are as
 * hostile as their users can make them (support/hostile-database.ts): it reaches nothing of theirs, and none of their
 * settings changes an answer. That no statement is left out is seen in the servers' logs, against the sources.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Client } from 'pg'
import { type Context } from '../../agents/pgsql/agent'
import { awaitCheckpoint, checkRights } from '../../agents/pgsql/rewind-questions'
import { examineDatabase } from '../../cli/doctor/own/database'
import { askSettings } from '../../cli/doctor/own/server'
import { createSchema, dropSchema, presentRows, probe } from '../../cli/drill/schema'
import { type Target } from '../../cli/drill/target'
import { WriteLoad } from '../../cli/drill/write-load'
import { makeHere } from '../../cli/init/make'
import { withServer } from '../../cli/init/observe'
import { type InitSpec } from '../../cli/init/spec'
import { gatherOwnFacts } from '../../cli/nodes/own-facts'
import { Deadline } from '../../lib/ocf'
import { connect, type Connection } from '../../lib/postgres/connection'
import { type Instance } from '../../lib/postgres/instance'
import { askPrimary, withPrimaryService } from '../../lib/postgres/primary-service'
import { promoteServer } from '../../lib/postgres/promote-server'
import {
  checkpointerRests,
  endSenders,
  findReceiver,
  findSenders,
  readEnd,
  readFlushed,
  readRole,
  readStandbys,
} from '../../lib/postgres/replication'
import { refuseLogicalSlots } from '../../agents/pgsql/logical-slots'
import { type Site } from '../../agents/pgsql/site'
import {
  dropStaleLogicalSlots,
  OLDEST_WITH_FAILOVER,
  readLogicalSlots,
} from '../../lib/postgres/logical-slots'
import { isReplayPaused, lowInServer } from '../../lib/postgres/required-settings'
import { dropSlots, findSlotTroubles, makeSlots } from '../../lib/postgres/slots'
import { advanceSlot, readPhysicalSlots, readStandbyPosition } from '../../lib/postgres/standby-slots'
import { askSlot, askUpstream } from '../../lib/postgres/upstream'
import { isWalRemoved } from '../../lib/postgres/wal-probe'
import { followsNobody, readProgress, walFileNames } from '../../lib/postgres/wal-receiver'
import { callAgent } from '../root/support/agent'
import {
  COUNT_OBJECTS,
  HOSTILE_DATABASES,
  hostileSettings,
  hostileSettingsText,
  hostileTemplate,
} from './support/hostile-database'
import { INSTALLATIONS, type LogEntry, PlainServer, type Programs } from './support/plain-server'
import { isStatement, readProductSql, withoutBlanks } from './support/product-sql'

jest.setTimeout(120_000)

const TOOL = join(__dirname, '../../dist/bin/ocf-ts')
const DATABASES = ['app', 'quiet', 'postgres', 'template1'] as const

const logged: LogEntry[] = []
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-every-query-'))
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** A configuration with one database, for pacemaker's tools where no cluster runs. */
function cibFile(params: Readonly<Record<string, string>>): { readonly xml: string; readonly path: string } {
  const pairs = Object.entries(params).map(
    ([name, value]) => `<nvpair id="p-${name}" name="${name}" value="${value.replaceAll('"', '&quot;')}"/>`,
  )
  const xml = `<cib validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1">
    <configuration><crm_config/><nodes><node id="1" uname="node1"/></nodes>
    <resources><primitive id="pgsql" class="ocf" provider="ts" type="pgsql">
      <instance_attributes id="p">${pairs.join('')}</instance_attributes></primitive></resources>
    <constraints/></configuration><status/></cib>`
  const path = join(directory, 'cib.xml')
  writeFileSync(path, xml)
  return { xml, path }
}

/** Lines of the log that say that something hostile was executed. */
function tripped(entries: readonly LogEntry[]): readonly string[] {
  return entries.flatMap(({ application, user, database, text }) => {
    const [, what = ''] = /LOG: +TRIPPED (.*)/.exec(text) ?? []
    // It is a superuser who makes one, and a superuser who can do without: that is only known of the account's own user.
    const login = what.startsWith('event trigger') && !(user === 'postgres' && application === 'ocf-ts')
    return what === '' || login ? [] : [`${application} in ${database}: ${what}`]
  })
}

/** The packages from npm have no pg_controldata. */
const withoutControlData = (unknown: readonly string[]): readonly string[] =>
  unknown.filter((one) => !one.startsWith('control data: there is no pg_controldata'))

describe.each(INSTALLATIONS)('%s', (_, install) => {
  let programs: Programs
  let version: number
  let primary: PlainServer
  let standby: PlainServer
  /** Those that were made, also where the rest of the preparation failed. */
  const servers: PlainServer[] = []
  const deadline = (): Deadline => new Deadline(30_000)

  const instanceOf = (server: PlainServer): Instance => ({
    dataDirectory: server.data,
    owner: PlainServer.owner,
    pgctl: programs.path('pg_ctl'),
    configFile: join(server.data, 'postgresql.conf'),
    logFile: join(server.directory, 'log'),
    startOptions: '',
    ctlOptions: [],
    host: '',
    port: 5432,
    socketDirectory: server.directory,
    libraries: programs.libraries,
  })

  async function within<T>(
    server: PlainServer,
    database: string,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    const login = { user: 'postgres', database }
    const connection = await connect(instanceOf(server), undefined, login, deadline())
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  }

  const agent = (
    server: PlainServer,
    action: string,
    params: Readonly<Record<string, string>> = {},
    env: Readonly<Record<string, string>> = {},
  ) =>
    callAgent('pgsql', action, {
      params: { ...server.params, ...params },
      env: { OCF_RESOURCE_INSTANCE: 'pgsql', OCF_RESKEY_CRM_meta_on_node: 'node1', ...env },
    })

  beforeAll(() => {
    programs = install()
    version = programs.version
    primary = PlainServer.create(programs)
    servers.push(primary)
    primary.start()
    primary.sql(hostileTemplate(version))
    for (const statement of HOSTILE_DATABASES) primary.sql(statement)
    primary.stop()
    standby = PlainServer.create(programs, primary)
    servers.push(standby)
    primary.start()
    primary.sql(hostileSettingsText(version))
  })
  afterAll(() => {
    for (const server of servers) {
      logged.push(...server.log())
      server.destroy()
    }
    programs.remove()
  })

  /** After each: what has been executed until then. */
  const unharmed = (): void => {
    const found = tripped([...primary.log(), ...standby.log()])
    expect(found.filter((one) => !one.startsWith('control '))).toEqual([])
    expect(primary.sql("select rolsuper from pg_roles where rolname = 'mallory'")).toBe('f')
  }

  test('the databases are hostile', async () => {
    const [functions = 0, operators = 0, views = 0] = primary.sql(COUNT_OBJECTS).split(' ').map(Number)
    expect(functions).toBeGreaterThan(3000)
    expect(operators).toBeGreaterThan(4500)
    expect(views).toBeGreaterThan(100)
    // As the product asked before.
    primary.sql(
      'alter role postgres reset local_preload_libraries; alter database app reset local_preload_libraries',
    )
    primary.sql('alter role postgres in database postgres reset local_preload_libraries')
    const options = hostileSettings(version)
      .flatMap(([name]) => (name.endsWith('timeout') ? [`-c ${name}=0`] : []))
      .join(' ')
    const ask = async (database: string, sql: string): Promise<void> => {
      const client = new Client({
        host: primary.directory,
        user: 'postgres',
        database,
        options: `${options} -c role=none -c exit_on_error=off -c default_transaction_read_only=off`,
        application_name: 'control',
      })
      client.on('error', () => undefined)
      await client.connect()
      await client.query(sql).catch(() => undefined)
      await client.end()
    }
    const found = (): readonly string[] => tripped(primary.log()).filter((one) => one.startsWith('control'))
    await ask('quiet', "select sourcefile || ', line ' || sourceline from pg_catalog.pg_settings")
    expect(found()).toContainEqual(expect.stringContaining('operator(text, int4)'))
    await ask('app', 'select pg_is_in_recovery()')
    expect(found()).toContainEqual(expect.stringContaining('function pg_is_in_recovery'))
    await ask('app', 'select name from pg_settings')
    expect(found()).toContainEqual(expect.stringContaining('view pg_settings'))
    await ask('postgres', "select ''::text")
    expect(found()).toContainEqual(expect.stringContaining('type text'))
    await ask('app', "select rolname = 'a' from pg_catalog.pg_authid")
    expect(found()).toContainEqual(expect.stringContaining('operator =(name, '))
    primary.sql('alter role mallory nosuperuser')
    primary.sql(hostileSettingsText(version))
    unharmed()
  })

  test.each(DATABASES)('questions to a primary, in %s', async (database) => {
    await within(primary, database, async (connection) => {
      const { inRecovery, timeline, synchronousStandbyNames } = await readRole(connection, version)
      expect({ inRecovery, timeline, synchronousStandbyNames }).toEqual({
        inRecovery: false,
        timeline: 1,
        synchronousStandbyNames: '',
      })
      expect(await readStandbys(connection, version)).toEqual([])
      expect(await readFlushed(connection, version)).toMatch(/^[0-9A-F]{16}$/)
      expect(typeof (await checkpointerRests(connection, version))).toBe('boolean')
      expect(await findSenders(connection, version, ['node2'])).toEqual([])
      expect(await endSenders(connection, [], deadline())).toBe(true)
      expect(await findSlotTroubles(connection, ['ocf_a'], version)).toEqual({ ocf_a: 'missing' })
      await makeSlots(connection, ['ocf_a', 'ocf_b'], version)
      expect(await findSlotTroubles(connection, ['ocf_a'], version)).toEqual({})
      expect([...(await dropSlots(connection, ['ocf_a', 'ocf_b', 'ocf_c']))].sort()).toEqual([
        'ocf_a',
        'ocf_b',
      ])
      const facts = await askSettings(connection, version, false, 'postgres', 'app')
      expect(facts).toMatchObject({
        ownCommits: [],
        role: { replication: true, login: true },
        database: { name: 'app', owner: 'mallory', ownerIsSuperuser: false, open: true },
        settings: { fsync: 'off', max_wal_senders: '5' },
      })
      expect(facts.hba.length).toBeGreaterThan(3)
    })
    unharmed()
  })

  test.each(DATABASES)(
    "the operator's tool: what a node says of itself, the doctor, init, the drill, in %s",
    async (database) => {
      await primary.onlyIn(database, () => useTool(database))
      unharmed()
    },
  )
  const useTool = async (database: string): Promise<void> => {
    const params: Readonly<Record<string, string>> = { ...primary.params, pgdb: database }
    const { xml, path } = cibFile(params)
    const variables = Object.fromEntries(
      Object.entries({ ...params, CRM_meta_on_node: 'node1' }).map(([name, value]) => [
        `OCF_RESKEY_${name}`,
        value,
      ]),
    )
    const facts = await gatherOwnFacts('pgsql', { ...variables, OCF_RESOURCE_INSTANCE: 'pgsql' })
    expect(withoutControlData(facts.unknown)).toEqual([])
    expect(facts.sql).toMatchObject({
      inRecovery: false,
      timeline: 1,
      synchronousStandbyNames: '',
      standbys: [],
    })

    const { facts: examined } = await examineDatabase(xml, 'pgsql', 'node1', deadline())
    expect(withoutControlData(examined.node.unknown)).toEqual([])
    expect(examined.server?.settings['fsync']).toBe('off')

    const { pgctl = '', pgdata = '', socketdir = '', logfile = '' } = params
    const spec: InitSpec = {
      parameters: { pgctl, pgdata, socketdir, logfile, pgdb: database },
      nodes: ['node1', 'node2'],
      repuser: 'postgres',
      rewinds: false,
      slots: false,
      restores: false,
      database: 'postgres',
      replication: { ip: '192.168.2.3', prefixLength: 24 },
      clients: [],
      auth: 'trust',
    }
    primary.sql('alter system reset all')
    if (programs.isWhole) {
      expect((await makeHere(spec, deadline())).made.join()).toContain('postgresql.auto.conf')
    } else {
      await withServer(instanceOf(primary), spec, deadline(), async (connection) => {
        await connection.rows("alter system set wal_receiver_timeout = '61s'")
        await connection.rows('select pg_catalog.pg_reload_conf()')
      })
    }

    const target: Target = {
      host: primary.directory,
      port: 5432,
      user: 'driller',
      // A client like others: what ends the sessions of all of them ends its own.
      database: version >= 14 ? 'quiet' : database,
      sslmode: 'disable',
      sslrootcert: undefined,
      passfile: '/dev/null',
    }
    expect((await probe(target)).version).toMatch(/^\d+/)
    await createSchema(target)
    try {
      const load = WriteLoad.start(target, 100)
      const patience = deadline()
      while (load.acknowledged.length < 3 && !patience.passed) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      await load.stop()
      expect([...load.errors]).toEqual([])
      expect((await presentRows(target)).size).toBeGreaterThanOrEqual(3)
    } finally {
      await dropSchema(target)
    }

    const watch = spawn(process.execPath, [TOOL, 'watch-primary', '--resource', 'pgsql'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CIB_file: path },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const writes = await new Promise<boolean>((resolve) => {
      watch.stdout.on('data', (text: Buffer) => {
        if (text.toString().includes('"writes":true')) resolve(true)
      })
      watch.on('close', () => {
        resolve(false)
      })
      setTimeout(() => watch.kill(), 60_000).unref()
    })
    watch.stdin.end()
    expect(writes).toBe(true)
  }

  test.each(DATABASES)('the actions of a server that stands alone, in %s', async (database) => {
    await primary.onlyIn(database, async () => {
      for (const params of [{}, { monitor_user: 'watcher', monitor_password: 'secret' }]) {
        const monitored = await agent(primary, 'monitor', { pgdb: database, ...params })
        expect([monitored.code, monitored.reason]).toEqual([0, undefined])
      }
      expect((await agent(primary, 'stop', { pgdb: database })).code).toBe(0)
      expect((await agent(primary, 'start', { pgdb: database })).code).toBe(0)
      // A server of which its own file does not say yet that it takes connections is asked.
      primary.saysStatus('starting')
      const questions = (): number => primary.log().filter(({ text }) => text.endsWith('select 1')).length
      const before = questions()
      expect((await agent(primary, 'start', { pgdb: database })).code).toBe(0)
      expect(questions()).toBe(before + 1)
      primary.saysStatus('ready')
    })
    unharmed()
  })

  test('questions to a primary from elsewhere, by programs of PostgreSQL', async () => {
    const settings = { host: primary.directory, port: '5432', user: 'postgres', options: '-c geqo=off' }
    const instance = instanceOf(standby)
    const { timeline } = await askUpstream(instance, settings, '/usr/bin/psql', standby.directory, deadline())
    expect(timeline).toBe(1)
    expect(await askSlot(instance, settings, 'none', '/usr/bin/psql', standby.directory, deadline())).toBe(
      'missing',
    )
    const flushed = await within(primary, 'template1', (connection) => readFlushed(connection, version))
    if (flushed === undefined) throw new Error('no position')
    expect(await isWalRemoved(PlainServer.owner, settings, flushed, 1, new Deadline(1000))).toBe(false)
    for (const dbname of DATABASES) {
      await withPrimaryService(instance, { ...settings, dbname }, standby.directory, async (service) => {
        const ask = (question: string): Promise<string> =>
          askPrimary(instance, service, '/usr/bin/psql', question, deadline())
        const context = {
          values: { repuser: 'postgres' },
          log: { info: () => undefined },
        } as unknown as Context
        await checkRights(ask, context, version, dbname)
        const upstream = { systemIdentifier: '', timeline: 1, flushed, history: [] }
        await awaitCheckpoint(ask, upstream, { context, report: () => undefined }, deadline())
        expect(await ask('show geqo')).toBe('off')
        expect(await ask('show search_path')).toBe('pg_catalog,pg_temp')
        await ask('create temporary table fetchchunks (path text); copy fetchchunks from stdin')
      })
    }
    unharmed()
  })

  test('the demotion of a primary asks for a checkpoint', async () => {
    const { path } = cibFile({})
    const demoted = await agent(
      primary,
      'demote',
      {
        pgdb: 'app',
        rep_mode: 'async',
        node_list: 'node1 node2',
        master_ip: primary.directory,
        crm_attr_timeout: '1',
      },
      { CIB_file: path, OCF_RESKEY_CRM_meta_promotable: 'true', OCF_RESKEY_CRM_meta_timeout: '20000' },
    )
    expect(demoted.stderr).not.toContain('without a checkpoint')
    unharmed()
    await agent(primary, 'stop', { pgdb: 'app' })
    rmSync(join(primary.data, version >= 12 ? 'standby.signal' : 'recovery.conf'), { force: true })
    expect((await agent(primary, 'start', { pgdb: 'app' })).code).toBe(0)
  })

  test('a standby, until its promotion', async () => {
    const following = {
      rep_mode: 'slave',
      master_ip: primary.directory,
      pgdb: 'app',
      replication_slot_name: 'dr',
    }
    expect(await agent(standby, 'start', following)).toMatchObject({ code: 0, reason: undefined })
    expect(
      (await agent(standby, 'monitor', { ...following, check_wal_receiver: 'true' })).reason ?? '',
    ).not.toMatch(/does not answer/)
    for (const database of DATABASES) {
      await within(standby, database, async (connection) => {
        expect((await readRole(connection, version)).inRecovery).toBe(true)
        await findReceiver(connection)
        await readEnd(connection, version)
        expect(await followsNobody(connection)).toBe(false)
        expect((await readProgress(connection, version)).replayed).toBeDefined()
        expect(await isReplayPaused(connection, version)).toBe(false)
        // The packages from npm have no pg_controldata.
        if (programs.isWhole)
          expect(await lowInServer(instanceOf(standby), connection, deadline())).toEqual([])
        expect((await walFileNames(connection, version)).length).toBeGreaterThan(1)
        expect(await dropSlots(connection, ['none'])).toEqual([])
        const { redo } = await readStandbyPosition(connection)
        if (redo === undefined) throw new Error('no position')
        await makeSlots(connection, ['ocf_a'], version)
        expect(await readPhysicalSlots(connection, version, ['ocf_a', 'ocf_b'])).toMatchObject([
          { name: 'ocf_a', active: false, feedback: false },
        ])
        expect(await readLogicalSlots(connection, version)).toEqual([])
        if (version >= OLDEST_WITH_FAILOVER) expect(await dropStaleLogicalSlots(connection)).toEqual([])
        const site = { instance: instanceOf(standby) } as Site
        const values = { logical_slots: 'failover' } as Context['values']
        expect(await refuseLogicalSlots(connection, site, values)).toMatch(/^logical_slots: .* it is replica/)
        if (version >= 11) await advanceSlot(connection, 'ocf_a', redo)
        expect(await dropSlots(connection, ['ocf_a'])).toEqual(['ocf_a'])
      })
      const variables = { ...standby.params, pgdb: database, CRM_meta_on_node: 'node1' }
      const facts = await gatherOwnFacts('pgsql', {
        ...Object.fromEntries(
          Object.entries(variables).map(([name, value]) => [`OCF_RESKEY_${name}`, value]),
        ),
        OCF_RESOURCE_INSTANCE: 'pgsql',
      })
      expect(withoutControlData(facts.unknown)).toEqual([])
      expect(facts.sql?.inRecovery).toBe(true)
    }
    await within(standby, 'app', (connection) =>
      promoteServer(instanceOf(standby), version, connection, deadline()),
    )
    const settings = { host: standby.directory, port: '5432', user: 'postgres' }
    const promoted = await askUpstream(
      instanceOf(primary),
      settings,
      '/usr/bin/psql',
      primary.directory,
      deadline(),
    )
    expect([promoted.timeline, promoted.history.map(({ timeline }) => timeline)]).toEqual([2, [1]])
    unharmed()
  })
})

test('no statement of the product was left out', () => {
  const { statements, named } = readProductSql()
  expect(statements.length).toBeGreaterThan(25)
  const seen = [...new Set(logged.map(({ text }) => withoutBlanks(text)))]
  const missing = statements.filter((statement) => !seen.some((text) => isStatement(statement, text)))
  const never = missing.map(({ where, pieces }) => `${where.replace(/:\d+$/, '')}: ${pieces.join(' … ')}`)
  expect([...never].sort()).toEqual([
    // Advice for a person.
    "cli/doctor/checks/replication.ts: select pg_create_physical_replication_slot(' … ', true)",
    // For versions before 9.6.
    "cli/switchover/watch-server.ts: select case when pg_is_in_recovery() then null else '' end as written",
  ])
  // What is asked by a name: the text that it stands for is among the statements above.
  expect([...named].sort()).toEqual([
    'agents/pgsql/monitor-server.ts: values.monitor_sql',
    'cli/doctor/own/server.ts: ROWS.hba',
    'cli/doctor/own/server.ts: ROWS.ownCommits',
    'cli/doctor/own/server.ts: ROWS.settings',
    'cli/doctor/own/server.ts: ROWS.standbys',
    'cli/doctor/own/server.ts: slots(version, recovers)',
    'cli/doctor/own/server.ts: sql',
    'cli/drill/schema.ts: sql',
    'cli/nodes/own-facts.ts: STANDBYS',
    'cli/nodes/own-facts.ts: ownState(version)',
    'cli/switchover/watch-server.ts: sql',
  ])
})
