/**
 * How far a standby is behind, for rules and for promotions, and what is worse than it should be: told in order on one
 * cluster, each test goes on from where the one before it ended.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster } from './lab'
import { expectLines, readmeBlock } from '../unit/support/readme-blocks'

const MINUTE = 60_000
const MB = 1024 * 1024

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab, {
    pgsqlParams: { rep_mode: 'async', max_lag: '16MB', report_degraded: 'true' },
    reading: 'HS:async',
  })
  // So that no trouble of the receiver's ends its connection while it is stopped.
  await node1.sql("alter system set wal_sender_timeout = '0'")
  await node1.sql('select pg_reload_conf()')
  const rules =
    'rule -inf: pgsql-lag gt 16777216 rule 200: pgsql-status eq HS:async rule 100: pgsql-status eq PRI'
  await node1.must(['crm', 'configure', 'delete', 'rsc_location-1'])
  await node1.must(['crm', 'configure', ...`location readers vip-slave ${rules}`.split(' ')])
  await node1.sql('create table filler (x text)')
}, 4 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

const says =
  (name: string, value: string) =>
  (status: ClusterStatus): boolean =>
    status.attribute('node2', name) === value

/** Writes at least so many megabytes of WAL. */
const write = (megabytes: number): Promise<string> =>
  node1.sql(`insert into filler select repeat('x', 1000) from generate_series(1, ${megabytes * 1000})`)

const signalReceiver = (signal: string): Promise<string> =>
  node2.must(['pkill', `-${signal}`, '-f', 'postgres: walreceiver'])

/** Pacemaker shows the last thing that was not as it should be until somebody has it forgotten. */
async function forget(): Promise<void> {
  await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
  await lab.waitFor('nothing is shown', ({ failures }) => failures.length === 0)
}

test(
  'a standby that keeps up has no lag, and the readers',
  async () => {
    const status = await lab.waitFor(
      'node2 keeps up',
      (now) => says('pgsql-lag', '0')(now) && now.nodeOf('vip-slave') === 'node2',
    )
    expect(status.attribute('node1', 'pgsql-lag')).toBeUndefined()
    expect(status.attribute('node2', 'master-pgsql')).toBe('100')
  },
  MINUTE,
)

test(
  'readers leave one that replays nothing; it may still be promoted, because it has everything',
  async () => {
    await node2.sql('select pg_wal_replay_pause()')
    await write(20)
    const status = await lab.waitFor(
      'the readers have left',
      (now) => says('pgsql-lag', String(32 * MB))(now) && now.nodeOf('vip-slave') === 'node1',
    )
    expect(status.attribute('node2', 'pgsql-data-status')).toBe('STREAMING|ASYNC')
    expect(status.attribute('node2', 'master-pgsql')).toBe('100')
    await node2.sql('select pg_wal_replay_resume()')
    await lab.waitFor(
      'the readers are back',
      (now) => says('pgsql-lag', '0')(now) && now.nodeOf('vip-slave') === 'node2',
    )
  },
  2 * MINUTE,
)

test(
  'one that receives nothing may not be promoted, and is shown as degraded, and that is all that happens',
  async () => {
    await signalReceiver('STOP')
    await write(20)
    await lab.waitFor(
      'node2 lags',
      (now) =>
        says('pgsql-data-status', 'LAGGING|ASYNC')(now) &&
        now.attribute('node2', 'master-pgsql') === '-INFINITY',
    )
    const status = await lab.waitFor('crm_mon shows it', ({ failures }) => failures.length > 0)
    expect(status.failures).toMatchObject([
      {
        node: 'node2',
        task: 'monitor',
        exitCode: 190,
        exitReason: 'more than max_lag behind the primary: may not be promoted',
      },
    ])
    expect(status.failCounts).toEqual([])
    expect(status.role('pgsql', 'node2')).toBe('Unpromoted')
    node1.killPostgres()
    await lab.waitFor('node1 is stopped', (now) => now.attribute('node1', 'pgsql-status') === 'STOP')
    const after = await lab.waitFor('node2 is alone', says('pgsql-status', 'HS:alone'))
    expect(after.promoted('pgsql')).toEqual([])
  },
  2 * MINUTE,
)

test(
  'the primary is back, and so is the standby',
  async () => {
    await signalReceiver('CONT')
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    await lab.waitFor(
      'node1 is the primary and node2 keeps up',
      (now) =>
        now.attribute('node1', 'pgsql-status') === 'PRI' &&
        says('pgsql-data-status', 'STREAMING|ASYNC')(now) &&
        says('pgsql-lag', '0')(now),
      { timeoutMs: MINUTE },
    )
    await forget()
  },
  3 * MINUTE,
)

test(
  'a synchronous primary without its standby is shown as degraded, and nothing happens to it',
  async () => {
    await node1.must(['crm', 'resource', 'param', 'pgsql', 'set', 'rep_mode', 'sync'])
    await lab.waitFor('node2 is in sync', (now) => says('pgsql-data-status', 'STREAMING|SYNC')(now), {
      timeoutMs: 2 * MINUTE,
    })
    await lab.waitFor('node1 serves', (now) => now.nodeOf('vip-master') === 'node1')
    const started = await node1.sql('select pg_postmaster_start_time()')
    await forget()
    await node2.stopCluster()
    const status = await lab.waitFor('crm_mon shows it', ({ failures }) => failures.length > 0)
    expect(status.failures).toMatchObject([
      {
        node: 'node1',
        task: 'monitor',
        exitCode: 191,
        exitReason: 'no standby is synchronous: commits are on this node alone',
      },
    ])
    expectLines(await node1.must(['crm_mon', '-Afr1']), readmeBlock('how-far-a-standby-is-behind/2'))
    expect(status.failCounts).toEqual([])
    expect(status.promoted('pgsql')).toEqual(['node1'])
    await node2.boot()
    const after = await lab.waitFor('all is well', says('pgsql-data-status', 'STREAMING|SYNC'), {
      timeoutMs: MINUTE,
    })
    expect(after.promoted('pgsql')).toEqual(['node1'])
    expect(await node1.sql('select pg_postmaster_start_time()')).toBe(started)
    await forget()
  },
  4 * MINUTE,
)
