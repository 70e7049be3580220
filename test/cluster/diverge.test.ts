/** A standby that cannot follow its primary says why, by its own monitor; one that only waits is left alone. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster, until, vipRep } from './lab'
import { expectLines, readmeBlock } from '../unit/support/readme-blocks'

const MINUTE = 60_000
const INTERVAL = '3s'
const LOG = '/var/log/pacemaker/pacemaker.log'
/** It is there while a standby receives nothing. */
const NOTE = '/var/lib/pgsql/tmp/follow.json'

let lab: Lab
let node1: LabNode
let node2: LabNode
/** Where the log of node2 ended when the test began. */
let logStart = 0

beforeAll(async () => {
  lab = await Lab.create()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab, {
    initdb: { settings: { wal_keep_size: '0', min_wal_size: '32MB', max_wal_size: '32MB' } },
  })
  const monitor = `<op id="pgsql-monitor-7s" interval="${INTERVAL}"/>`
  await node1.must(['cibadmin', '--modify', '--xml-text', monitor])
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

const logText = async (): Promise<string> => (await node2.must(['cat', LOG])).slice(logStart)

beforeEach(async () => {
  await until('a monitor has seen node2 receive', async () => (await node2.run(['ls', NOTE])).code !== 0)
  logStart = 0
  logStart = (await logText()).length
}, MINUTE)

const isInSync = (status: ClusterStatus): boolean =>
  status.attribute('node1', 'pgsql-status') === 'PRI' &&
  status.attribute('node2', 'pgsql-status') === 'HS:sync' &&
  status.attribute('node2', 'pgsql-data-status') === 'STREAMING|SYNC' &&
  status.attribute('node2', 'master-pgsql') === '100'

/** The attribute comes by another way than the failure, and one failure may take another's place. */
const failed =
  (task: string, dataStatus: string, reason: string | RegExp) =>
  (status: ClusterStatus): boolean =>
    status.attribute('node2', 'pgsql-data-status') === dataStatus &&
    status.failures.some(
      ({ node, exitReason, ...failure }) =>
        failure.task === task &&
        node === 'node2' &&
        (typeof reason === 'string' ? reason === exitReason : reason.test(exitReason)),
    )

/** How many monitors saw that the standby receives nothing before the one that asked why. */
async function looks(): Promise<number> {
  return (await logText()).split('a reason is looked for at the next monitor').length - 1
}

/** How the primary lets standbys in from now on, and that the one it has must come in again. */
async function admit(method: string): Promise<void> {
  await node1.must([
    'sed',
    '-i',
    `s/^host *replication.*/host replication postgres 192.168.2.0\\/24 ${method}/`,
    `${node1.pgData}/pg_hba.conf`,
  ])
  await node1.sql('select pg_reload_conf()')
  await until('the primary has read its pg_hba.conf', async () => {
    const rules = await node1.sql(
      `select auth_method from pg_hba_file_rules where 'replication' = any (database) and address like '192.168.2.%'`,
    )
    return rules === method
  })
  await node1.sql('select pg_terminate_backend(pid) from pg_stat_replication')
}

const cleanUp = (): Promise<string> => node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])

/** What the README says to do. */
async function takeBaseBackup(): Promise<void> {
  await node2.baseBackup(vipRep)
  await cleanUp()
  const status = await lab.waitFor('node2 is in sync again', isInSync)
  expect(status.failures).toEqual([])
}

test(
  'the primary cannot be reached: the standby is left alone',
  async () => {
    await node2.cutOff(['eth2'])
    await node2.must(['pkill', '-f', 'postgres: walreceiver'])
    await until('a monitor has asked', async () => (await logText()).includes('which does not say why'), {
      timeoutMs: 40_000,
    })
    const during = await lab.status()
    await node2.heal(['eth2'])
    expect(during.failures).toEqual([])
    expect(during.role('pgsql', 'node2')).toBe('Unpromoted')
    expect(during.attribute('node2', 'pgsql-data-status')).not.toMatch(/^DISCONNECT\|/)
    const status = await lab.waitFor('node2 is in sync', isInSync)
    expect(status.failures).toEqual([])
  },
  2 * MINUTE,
)

test(
  'a wrong password: the standby goes on, degraded, until the password is right',
  async () => {
    const keep = async (password: string): Promise<void> => {
      await node2.writeFile('/var/lib/postgresql/.pgpass', `*:*:*:postgres:${password}\n`, {
        user: 'postgres',
      })
      await node2.must(['chmod', '600', '/var/lib/postgresql/.pgpass'])
    }
    await keep('wrong')
    await node1.sql(`alter role postgres password 'right'`)
    await admit('scram-sha-256')
    const status = await lab.waitFor(
      'node2 says so',
      failed(
        'monitor',
        'DISCONNECT|REFUSED',
        'cannot follow: the primary does not take the password of postgres: see ~postgres/.pgpass here',
      ),
    )
    expect(status.failures).toMatchObject([{ node: 'node2', exitCode: 190 }])
    expect(status.role('pgsql', 'node2')).toBe('Unpromoted')
    expect(status.failCounts).toEqual([])
    expect(await looks()).toBe(1)
    await keep('right')
    await lab.waitFor('node2 is in sync', isInSync)
    await cleanUp()
    await admit('trust')
    const fixed = await lab.waitFor('node2 is in sync', isInSync)
    expect(fixed.failures).toEqual([])
  },
  2 * MINUTE,
)

test(
  'a standby that is not let in until the WAL it needs is gone',
  async () => {
    const [file = ''] = (await node1.sql('select pg_walfile_name(pg_current_wal_lsn())')).split('\n')
    await admit('reject')
    await lab.waitFor(
      'node2 says that it is not let in',
      failed(
        'monitor',
        'DISCONNECT|REFUSED',
        'cannot follow: the primary lacks postgres for replication in its pg_hba.conf: add this node there',
      ),
    )
    await node1.sql('create table filler as select 1 as id')
    await until('the primary has removed that WAL', async () => {
      await node1.sql('insert into filler select 1; select pg_switch_wal()')
      await node1.sql('checkpoint')
      return (await node1.sql(`select count(*) from pg_ls_waldir() where name = '${file}'`)) === '0'
    })
    await admit('trust')
    const missing =
      /^neither the primary nor restore_command has the next WAL \(0\/[0-9A-F]+, timeline \d+\): take a base backup$/
    await lab.waitFor('node2 says what it lacks', failed('monitor', 'DISCONNECT|WAL_REMOVED', missing))
    await lab.waitFor('it serves no more', (now) => now.role('pgsql', 'node2') === 'Stopped')

    await cleanUp()
    await lab.waitFor('the start finds the same', failed('start', 'DISCONNECT|WAL_REMOVED', missing))
    await takeBaseBackup()
  },
  2 * MINUTE,
)

/** Somebody promotes node2's standby behind the cluster's back, and makes a standby of it again. */
async function turnAside(): Promise<void> {
  const maintenance = async (on: boolean): Promise<void> => {
    await node1.must(['crm_attribute', '--name', 'maintenance-mode', '--update', String(on)])
    // A monitor that still ran would find a second primary.
    if (on) await node1.must(['crm_resource', '--wait'])
  }
  const pgCtl = (...args: string[]) =>
    node2.must(
      [`${node2.pgBin}/pg_ctl`, '-D', node2.pgData, '-w', '-l', '/var/log/postgresql/by-hand', ...args],
      {
        user: 'postgres',
      },
    )
  await maintenance(true)
  await pgCtl('promote')
  await pgCtl('-m', 'fast', 'stop')
  await node2.writeFile(`${node2.pgData}/standby.signal`, '', { user: 'postgres' })
  await pgCtl('start')
  await maintenance(false)
}

const forked = /^is on timeline \d+, which the primary \(on \d+\) does not come from: take a base backup$/

test(
  'a standby that was promoted by hand and turned back',
  async () => {
    await turnAside()
    await lab.waitFor('node2 says that it has diverged', failed('monitor', 'DISCONNECT|FORKED', forked))
    // The first monitor may have come while it still replayed what its archive has.
    expect(await looks()).toBeLessThanOrEqual(2)
    await lab.waitFor('it serves no more', (now) => now.role('pgsql', 'node2') === 'Stopped')
    expectLines(await node1.must(['crm_mon', '-Afr1']), readmeBlock('when-a-standby-cannot-follow/1'))
    await cleanUp()
    await lab.waitFor('the start finds the same', failed('start', 'DISCONNECT|FORKED', forked))
    // Its archive is its own: there, the timeline of its promotion would be found again.
    await node2.must(['find', '/var/lib/postgresql/archive', '-mindepth', '1', '-delete'])
    await takeBaseBackup()
  },
  2 * MINUTE,
)

test(
  'a failure that the cluster has forgotten before it acted on it is reported again',
  async () => {
    const meta = (...args: string[]) => node1.must(['crm_resource', '--resource', 'pgsql', '--meta', ...args])
    const set = (name: string, value: string) => meta('--set-parameter', name, '--parameter-value', value)
    await set('failure-timeout', '3s')
    await set('is-managed', 'false')
    await turnAside()
    await lab.waitFor('node2 says that it has diverged', failed('monitor', 'DISCONNECT|FORKED', forked))
    await lab.waitFor('the cluster has forgotten it', (now) => now.failures.length === 0, {
      timeoutMs: MINUTE,
    })
    await set('is-managed', 'true')
    await lab.waitFor('node2 is stopped all the same', (now) => now.role('pgsql', 'node2') === 'Stopped', {
      timeoutMs: 2 * MINUTE,
    })
    await meta('--delete-parameter', 'failure-timeout')
    await meta('--delete-parameter', 'is-managed')
    await node2.must(['find', '/var/lib/postgresql/archive', '-mindepth', '1', '-delete'])
    await takeBaseBackup()
  },
  5 * MINUTE,
)

test(
  'the data of another cluster: shown with rejoin=manual, refused otherwise',
  async () => {
    const rejoin = (value: string) =>
      node1.must([
        'crm_resource',
        '--resource',
        'pgsql',
        '--set-parameter',
        'rejoin',
        '--parameter-value',
        value,
      ])
    await rejoin('manual')
    await node1.must(['crm', '-w', 'node', 'standby', 'node2'])
    await node2.initdb()
    await node1.must(['crm', 'node', 'online', 'node2'])
    const shown = await lab.waitFor(
      'node2 says that it is of another cluster',
      (now) => now.attribute('node2', 'pgsql-data-status') === 'DISCONNECT|OTHER_DATABASE',
    )
    expect(shown.failures).toEqual([])
    expect(shown.role('pgsql', 'node2')).toBe('Unpromoted')
    expect(await looks()).toBe(1)
    await rejoin('safe')
    const other =
      'pgdata holds another database than the primary (system identifiers differ): take a base backup'
    await lab.waitFor('its monitor fails', failed('monitor', 'DISCONNECT|OTHER_DATABASE', other))
    await lab.waitFor('it serves no more', (now) => now.role('pgsql', 'node2') === 'Stopped')
    await takeBaseBackup()
  },
  2 * MINUTE,
)
