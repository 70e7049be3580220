/**
 * The life of a two-node pair on the versions of PostgreSQL that there are programs for: Debian's, and those that come
 * as npm packages (see test/postgres/versions.ts). One cluster serves them all, one after the other; for each
 * version it gets a new database and the resource's parameters are changed. Each test goes on from where the one
 * before it ended.
 */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  type ClusterStatus,
  debianPostgres,
  installedVersion,
  Lab,
  PRIMARY_SCORE,
  type LabNode,
  type PostgresInstallation,
  type WriteLoad,
} from './lab'
import { pgSocketDir } from './lab/postgres'
import { NPM_VERSIONS, npmPrograms } from '../postgres/versions'

const MINUTE = 60_000
const LSN = /^[0-9A-F]{16}$/

/** Where the nodes see an npm package's programs: the account postgres need not reach the checkout. */
const npmTarget = (version: number): string => `/usr/lib/postgresql/npm-${version}`

const debian = debianPostgres(installedVersion())
const installations: readonly (readonly [string, PostgresInstallation])[] = [
  ...NPM_VERSIONS.map(
    (version) =>
      [
        `PostgreSQL ${version}`,
        { version, bin: `${npmTarget(version)}/bin`, data: `/var/lib/postgresql/npm-${version}/main` },
      ] as const,
  ),
  [`PostgreSQL ${debian.version} of Debian`, debian],
]

let lab: Lab

beforeAll(async () => {
  const missing = NPM_VERSIONS.map(npmPrograms).filter((source) => !existsSync(`${source}/bin/postgres`))
  if (missing.length > 0) throw new Error(`run scripts/setup: there is no ${missing.join(', no ')}`)
  lab = await Lab.create({
    binds: NPM_VERSIONS.map((version) => ({ source: npmPrograms(version), target: npmTarget(version) })),
  })
  await lab.boot()
}, 2 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

type Attributes = Readonly<Record<string, string | RegExp | undefined>>

const PRIMARY: Attributes = {
  'master-pgsql': PRIMARY_SCORE,
  'pgsql-data-status': 'LATEST',
  'pgsql-master-baseline': LSN,
  'pgsql-status': 'PRI',
  'pgsql-xlog-loc': undefined,
}
const SYNC: Attributes = {
  'master-pgsql': '100',
  'pgsql-data-status': 'STREAMING|SYNC',
  'pgsql-master-baseline': undefined,
  'pgsql-status': 'HS:sync',
  'pgsql-xlog-loc': undefined,
}
const STOPPED: Attributes = {
  'master-pgsql': '-INFINITY',
  'pgsql-data-status': 'DISCONNECT',
  'pgsql-master-baseline': undefined,
  'pgsql-status': 'STOP',
  'pgsql-xlog-loc': undefined,
}

/** To be waited for: the daemon of the attributes writes each of them on its own, in no order. */
const shows =
  (node: LabNode, attributes: Attributes) =>
  (status: ClusterStatus): boolean =>
    Object.entries(attributes).every(([name, wanted]) => {
      const value = status.attribute(node.name, name)
      return wanted instanceof RegExp ? value !== undefined && wanted.test(value) : value === wanted
    })

const serves =
  (node: LabNode) =>
  (status: ClusterStatus): boolean =>
    shows(node, PRIMARY)(status) &&
    status.promoted('pgsql').includes(node.name) &&
    ['vip-master', 'vip-rep'].every((vip) => status.nodeOf(vip) === node.name)

const isInSync =
  (primary: LabNode, standby: LabNode) =>
  (status: ClusterStatus): boolean =>
    serves(primary)(status) && shows(standby, SYNC)(status)

async function setTargetRole(role: 'Stopped' | 'Started'): Promise<void> {
  const set = ['--set-parameter', 'target-role', '--parameter-value', role]
  await lab.nodes[0]?.must(['crm_resource', '--resource', 'msPostgresql', '--meta', ...set])
}

function serverProcesses(node: LabNode): readonly unknown[] {
  return node.processes().filter(({ command }) => command === 'postgres')
}

async function stopResource(): Promise<ClusterStatus> {
  await setTargetRole('Stopped')
  return lab.waitFor(
    'PostgreSQL has stopped everywhere',
    (status) =>
      status.instances('pgsql').every(({ active }) => !active) &&
      lab.nodes.every((node) => serverProcesses(node).length === 0),
  )
}

/** Whatever the version before left, a failure in the middle of it included, is gone. */
async function clearAway(): Promise<void> {
  const [node1] = lab.nodes
  if (
    node1 === undefined ||
    (await node1.run(['crm_resource', '--resource', 'msPostgresql', '-q'])).code !== 0
  )
    return
  await node1.run(['crm_resource', '--clear', '--resource', 'msPostgresql'])
  for (const node of lab.nodes) node.killPostgres()
  await stopResource()
  for (const node of lab.nodes) {
    await node.removeDatabase()
    const forget = ['crm_attribute', '--node', node.name, '--delete', '--name']
    await node1.must([...forget, 'pgsql-data-status', '--lifetime', 'forever'])
  }
  await node1.must(['crm_resource', '--cleanup'])
}

/** The document's configuration for a test in a hurry. */
function configuration(): string {
  return (
    lab
      .crmText({
        provider: 'ts',
        pgsqlParams: { stop_escalate: '20', stop_escalate_in_slave: '20', xlog_check_count: '1' },
      })
      .replace('op monitor timeout="60s" interval="7s"', 'op monitor timeout="10s" interval="3s"')
      // A server that hangs is given up shortly before the timeout.
      .replace('op monitor timeout="60s" interval="2s"', 'op monitor timeout="10s" interval="2s"')
  )
}

/** The timeline that a primary writes. */
async function timeline(node: LabNode): Promise<number> {
  return Number(`0x${await node.sql('select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)')}`)
}

describe.each(installations)('%s', (_name, installation) => {
  /** As the election and the failovers have it. */
  let primary: LabNode
  let standby: LabNode
  let load: WriteLoad | undefined
  let done = 0
  let begun = 0

  const swap = (): void => {
    ;[primary, standby] = [standby, primary]
  }

  /** One step of the life: after one that failed the others are not tried. */
  const step = (title: string, body: () => Promise<void>): void => {
    test(
      title,
      async () => {
        await body()
        done += 1
      },
      2 * MINUTE,
    )
  }

  /** Runs `disaster` under write load, waits until the standby serves, and checks that no acknowledged row is lost. */
  const failOver = async (disaster: () => Promise<void> | void): Promise<void> => {
    const before = await timeline(primary)
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await disaster()
    await lab.waitFor(`${standby.name} is the primary and has the addresses`, serves(standby))
    swap()
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(primary)).toEqual([])
    expect(await timeline(primary)).toBe(before + 1)
  }

  beforeAll(async () => {
    lab.usePostgres(installation)
    await clearAway()
    const [node1, node2] = lab.nodes
    if (node1 === undefined || node2 === undefined) throw new Error('the lab has no two nodes')
    // Where Debian's servers have it; the npm packages' own is in /tmp.
    await node1.initdb({ settings: { unix_socket_directories: pgSocketDir } })
    await node2.copyDatabase(node1)
    ;[primary, standby] = [node1, node2]
  }, 2 * MINUTE)

  beforeEach(() => {
    if (begun > done) throw new Error('a step before this one failed')
    begun += 1
  })

  afterAll(async () => {
    await load?.stop()
  }, MINUTE)

  step('both start as standbys, one is elected and promoted, the other follows synchronously', async () => {
    await lab.configure(configuration())
    await setTargetRole('Started')
    const [node1, node2] = [primary, standby]
    const status = await lab.waitFor(
      'one is the primary, and the other in sync',
      (now) => isInSync(node1, node2)(now) || isInSync(node2, node1)(now),
    )
    if (serves(node2)(status)) swap()
    expect(await primary.sql('show server_version')).toMatch(new RegExp(`^${installation.version}\\.`))
    expect(await primary.sql('show synchronous_standby_names')).toBe(`"${standby.name}"`)
    expect(await standby.sql('select pg_is_in_recovery()')).toBe('t')
    expect(await timeline(primary)).toBe(2)
    expect(status.failures).toEqual([])
  })

  step('the standby fails: sync goes off, and writes go on without it', async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    standby.killPostgres()
    await lab.waitFor('the standby is stopped and disconnected', shows(standby, STOPPED))
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(primary)).toEqual([])
    expect(await primary.sql('show synchronous_standby_names')).toBe('')
  })

  step('it is cleaned up: sync goes on again', async () => {
    await primary.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    const status = await lab.waitFor('both are in sync', isInSync(primary, standby))
    expect(await primary.sql('show synchronous_standby_names')).toBe(`"${standby.name}"`)
    expect(status.failures).toEqual([])
  })

  step('the primary is demoted, the standby promoted: the old one follows it to its timeline', async () => {
    const ban = ['crm_resource', '--resource', 'msPostgresql', '--promoted', '--node', primary.name]
    await failOver(async () => {
      await primary.must([...ban, '--ban'])
    })
    const status = await lab.waitFor('they are in sync in their new roles', isInSync(primary, standby))
    await primary.must(['crm_resource', '--clear', '--resource', 'msPostgresql'])
    expect(await standby.sql('select pg_is_in_recovery()')).toBe('t')
    expect(await primary.sql('show synchronous_standby_names')).toBe(`"${standby.name}"`)
    expect(status.failures).toEqual([])
  })

  step(
    'PostgreSQL hangs on the primary: it is killed, the other takes over, nothing is blocked',
    async () => {
      const hung = primary
      await failOver(() => void hung.killPostgres('SIGSTOP'))
      const status = await lab.waitFor(`${hung.name} says that it has stopped`, shows(hung, STOPPED))
      expect(serverProcesses(hung)).toEqual([])
      expect(status.resources.filter(({ blocked }) => blocked)).toEqual([])
      expect(status.failures).toEqual([
        expect.objectContaining({ resource: 'pgsql', task: 'monitor', node: hung.name }),
      ])
      expect(await primary.sql('show synchronous_standby_names')).toBe('')
    },
  )

  step('a clean stop of everything', async () => {
    await stopResource()
    await lab.waitFor('both say so', (now) =>
      lab.nodes.every((node) => shows(node, { 'pgsql-status': 'STOP', 'master-pgsql': '-INFINITY' })(now)),
    )
    for (const node of lab.nodes) expect(serverProcesses(node)).toEqual([])
    // It was alone: what it has nobody else can have gone on from.
    expect((await primary.run(['ls', '/var/lib/pgsql/tmp/PGSQL.lock'])).code).not.toBe(0)
    expect((await standby.run(['ls', '/var/lib/pgsql/tmp/PGSQL.lock'])).code).toBe(0)
  })

  step('the old primary comes back as a copy of the stopped one, which is elected again', async () => {
    await standby.copyDatabase(primary)
    await standby.removeLock()
    await primary.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    await setTargetRole('Started')
    const status = await lab.waitFor('both are in sync', isInSync(primary, standby))
    expect(status.failures).toEqual([])
  })

  step('the primary fails: it fails over to where it came from', async () => {
    const killed = primary
    await failOver(() => void killed.killPostgres())
    const status = await lab.waitFor(`${killed.name} says that it has stopped`, shows(killed, STOPPED))
    expect(status.failures).toEqual([
      expect.objectContaining({ resource: 'pgsql', task: 'monitor', node: killed.name, exitCode: 7 }),
    ])
  })
})
