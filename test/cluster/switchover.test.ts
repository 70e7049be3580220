/**
 * The primary is moved on purpose, with a clean shutdown (`stop_escalate` above 0); and the parameters of the
 * replication that the document does not use. Told in order on one cluster: each test goes on from where the one before
 * it ended.
 *
 * @systems debian12 debian13
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster, vipRep, type WriteLoad } from './lab'
import { monotonicMs, until } from './lab/wait'

const MINUTE = 60_000

let lab: Lab
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  await makeDocumentCluster(lab, {
    pgsqlParams: {
      node_list: 'NODE2  Node1',
      stop_escalate: '20',
      stop_escalate_in_slave: '20',
      xlog_check_count: '2',
      check_wal_receiver: 'true',
    },
  })
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

/** What pacemaker and the agents have logged on a node. */
function logOf(node: string): string {
  return readFileSync(lab.node(node).logs.pacemaker, 'utf8')
}

function isInSync(primary: string, standby: string) {
  return (status: ClusterStatus): boolean =>
    status.attribute(primary, 'pgsql-status') === 'PRI' &&
    status.attribute(standby, 'pgsql-status') === 'HS:sync' &&
    status.nodeOf('vip-master') === primary
}

test(
  'the whole cluster is stopped and started: the node that was primary last is elected, and nobody has to remove a lock',
  async () => {
    const [node1, node2] = [lab.node('node1'), lab.node('node2')]
    await node2.stopCluster()
    await lab.waitFor('node1 knows that it is alone', (now) => now.nodeOf('vip-slave') === 'node1', {
      from: 'node1',
    })
    await node1.stopCluster()
    const before = logOf('node1').length
    expect((await node1.run(['ls', '/var/lib/pgsql/tmp/PGSQL.lock'])).code).not.toBe(0)
    await lab.boot()
    const status = await lab.waitFor(
      'node1 is the primary again, and node2 in sync',
      isInSync('node1', 'node2'),
      {
        timeoutMs: 2 * MINUTE,
      },
    )
    expect(status.failures).toEqual([])
    // xlog_check_count monitors saw the same; check_wal_receiver told that nothing was received meanwhile.
    const said = logOf('node1').slice(before)
    expect(said).toMatch(/there is no primary: seen 1 of 2 times: node1 [0-9A-F]{16}/)
    expect(said).not.toMatch(/seen 2 of/)
    expect(said).toMatch(/no node has newer data than this one: it may be promoted/)
    expect(said).toMatch(/set node attribute pgsql-receiver-status of node1 to ERROR/)
    await lab.waitFor(
      'both say what they receive',
      (now) =>
        now.attribute('node1', 'pgsql-receiver-status') === 'normal (master)' &&
        now.attribute('node2', 'pgsql-receiver-status') === 'normal',
    )
  },
  3 * MINUTE,
)

/**
 * As after a switchover there and back: the standby sends to a node that followed it once, and that answers no more.
 *
 * @returns the process that sends
 */
async function loseFollower(standby: LabNode, follower: string): Promise<string> {
  const directory = '/var/lib/postgresql/received'
  await standby.must(['mkdir', directory], { user: 'postgres' })
  const receive = `PGAPPNAME=${follower} exec ${standby.pgBin}/pg_receivewal -h ${standby.addresses.eth2} -D ${directory}`
  await standby.must(['bash', '-c', `(${receive}) </dev/null >/dev/null 2>&1 &`], { user: 'postgres' })
  let sender = ''
  await until('the standby sends to it', async () => {
    sender = await standby.sql(
      `select pid from pg_stat_replication where application_name = '${follower}' and state = 'streaming'`,
    )
    return sender !== ''
  })
  expect(standby.signal('pg_receivewal', 'SIGSTOP')).toBe(1)
  // More than the two sockets hold: what sends cannot even say goodbye.
  await lab
    .node('node1')
    .sql(
      `select pg_logical_emit_message(false, 'filler', repeat('x', 32 * 1024 * 1024)); select pg_switch_wal()`,
    )
  const stuck = `select pg_last_wal_receive_lsn() - sent_lsn > 1024 * 1024 from pg_stat_replication where pid = ${sender}`
  await until('what sends to it is stuck', async () => (await standby.sql(stuck)) === 't')
  return sender
}

/** What the agent answers as pacemaker asks for it, also where that was planned before a promotion. */
async function recurringMonitor(node: LabNode, planned: 'of the primary' | 'of a standby'): Promise<number> {
  const parameters = {
    pgdata: node.pgData,
    pgctl: `${node.pgBin}/pg_ctl`,
    rep_mode: 'sync',
    node_list: 'node1 node2',
    master_ip: vipRep,
    stop_escalate: '20',
    crm_feature_set: '3.16.1',
    CRM_meta_on_node: node.name,
    CRM_meta_promoted_max: '1',
    CRM_meta_notify: 'true',
    CRM_meta_interval: '7000',
    CRM_meta_timeout: '30000',
    ...(planned === 'of the primary' && { CRM_meta_op_target_rc: '8' }),
  }
  const texts = Object.entries(parameters).map(([name, value]) => [`OCF_RESKEY_${name}`, value] as const)
  const env = { OCF_ROOT: '/usr/lib/ocf', OCF_RESOURCE_INSTANCE: 'pgsql', ...Object.fromEntries(texts) }
  return (await node.run(['/usr/lib/ocf/resource.d/ts/pgsql', 'monitor'], { env })).code
}

test(
  'a primary that is only demoted goes on as a standby of the new one, and nothing is shown as failed; its archive hangs',
  async () => {
    const lost = await loseFollower(lab.node('node2'), 'node1')
    const reloaded = async (change: string): Promise<void> => {
      await lab.node('node1').sql(`alter system ${change}`)
      await lab.node('node1').sql('select pg_reload_conf()')
    }
    await reloaded(`set archive_command = 'sleep 600'`)
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    const node = lab.node('node1')
    await node.must(['crm_resource', '--ban', '--resource', 'msPostgresql', '--promoted', '--node', 'node1'])
    const status = await lab.waitFor('node2 is the primary and node1 in sync', isInSync('node2', 'node1'), {
      timeoutMs: MINUTE,
    })
    expect(await recurringMonitor(lab.node('node2'), 'of the primary')).toBe(8)
    expect(await recurringMonitor(lab.node('node2'), 'of a standby')).toBe(0)
    await load.waitForMore(50)
    await load.stop()
    expect(await load.lostRows(lab.node('node2'))).toEqual([])
    expect(status.failures).toEqual([])
    expect(await node.sql('select pg_is_in_recovery()')).toBe('t')
    expect(logOf('node1')).toMatch(/the shutdown is complete, and archive_command has not ended/)
    await reloaded('reset archive_command')
    // While it still had the address, node2 connected to it, or it to itself.
    expect(await node.sql('select application_name from pg_stat_replication')).toBe('')
    // What node1 is not: it would have been waited for.
    expect(await lab.node('node2').sql(`select count(*) from pg_stat_activity where pid = ${lost}`)).toBe('0')
    expect(logOf('node2')).toMatch(/ended what was left of a connection of node1 to this node/)
    lab.node('node2').signal('pg_receivewal', 'SIGKILL')
    await node.must(['crm_resource', '--clear', '--resource', 'msPostgresql'])
  },
  2 * MINUTE,
)

test(
  'a node that goes to standby hands over to the other, and stops cleanly',
  async () => {
    load = await lab.startWriteLoad()
    await load.waitForMore(100)
    await lab.node('node2').must(['crm', 'node', 'standby', 'node2'])
    const status = await lab.waitFor(
      'node1 is the primary',
      (now) => now.attribute('node1', 'pgsql-status') === 'PRI' && now.nodeOf('vip-master') === 'node1',
      { timeoutMs: MINUTE },
    )
    await load.waitForMore(50)
    const { outage } = await load.stop()
    expect(outage.ms).toBeLessThan(15_000)
    expect(await load.lostRows(lab.node('node1'))).toEqual([])
    expect(status.failures).toEqual([])
    const state = await lab
      .node('node2')
      .must([`${lab.node('node2').pgBin}/pg_controldata`, lab.node('node2').pgData])
    expect(state).toMatch(/Database cluster state: +shut down\n/)
  },
  2 * MINUTE,
)

test(
  'restart_on_promote: the standby is restarted as the primary, and the timeline stays the same',
  async () => {
    const node = lab.node('node1')
    const timeline = () => node.sql('checkpoint; select timeline_id from pg_control_checkpoint()')
    const before = await timeline()
    // It is no parameter that can be reloaded: the resource starts again, as a standby, and is promoted.
    await node.must(['crm_resource', '-r', 'pgsql', '-p', 'restart_on_promote', '-v', 'true'])
    await until('node1 was restarted as the primary', () =>
      logOf('node1').includes('PostgreSQL is restarted as the primary'),
    )
    const status = await lab.waitFor(
      'node1 serves again',
      (now) => now.attribute('node1', 'pgsql-status') === 'PRI' && now.nodeOf('vip-master') === 'node1',
    )
    expect(status.failures).toEqual([])
    expect(await node.sql('select pg_is_in_recovery()')).toBe('f')
    expect(await timeline()).toBe(before)
  },
  2 * MINUTE,
)

test(
  'external_standby_node_list: commits wait for a standby outside the cluster while it streams, without a restart',
  async () => {
    const [node1, node2] = [lab.node('node1'), lab.node('node2')]
    await node2.baseBackup(vipRep)
    await node2.removeLock()
    await node1.must(['crm', 'node', 'online', 'node2'])
    await lab.waitFor('node2 is in sync', isInSync('node1', 'node2'), { timeoutMs: MINUTE })
    const names = () => node1.sql('show synchronous_standby_names')
    const started = () => node1.sql('select pg_postmaster_start_time()')
    const before = await started()

    // Another site's, on the machine of node2.
    const data = '/var/lib/postgresql/dr1'
    const user = 'postgres'
    const options = `-p 5433 -c unix_socket_directories=/var/lib/postgresql -c logging_collector=off`
    const pgCtl = [`${node2.pgBin}/pg_ctl`, '-D', data, '-w']
    await node2.must(
      [`${node2.pgBin}/pg_basebackup`, '-h', vipRep, '-U', user, '-D', data, '-c', 'fast', '--no-password'],
      { user },
    )
    await node2.must(['tee', '-a', `${data}/postgresql.auto.conf`], {
      user,
      input: `primary_conninfo = 'host=${vipRep} user=${user} application_name=dr1'\n`,
    })
    await node2.must(['touch', `${data}/standby.signal`], { user })
    await node2.must([...pgCtl, '-o', options, '-l', `${data}.log`, 'start'], { user })
    expect(await names()).toBe('"node2"')

    await node1.must(['crm_resource', '-r', 'pgsql', '-p', 'external_standby_node_list', '-v', 'dr1'])
    await until('commits wait for both', async () => (await names()) === 'FIRST 2 ("node2", "dr1")')
    expect(await started()).toBe(before)
    const receiver = `pgrep -P $(head -n 1 ${data}/postmaster.pid) -f walreceiver`
    await node2.must(['bash', '-c', `kill -STOP $(${receiver})`])
    const psql = [`${node1.pgBin}/psql`, '-X', '-h', '/var/run/postgresql', '-d', 'postgres']
    // Interrupted, psql takes its commit back from waiting.
    const impatient = ['timeout', '--signal=INT', '2', ...psql, '-c', 'create table waited_for ()']
    const { stderr } = await node1.run(impatient, { user })
    expect(stderr).toContain('canceling wait for synchronous replication')

    await node2.must(['bash', '-c', `kill -CONT $(${receiver})`])
    await node2.must([...pgCtl, '-m', 'immediate', 'stop'], { user })
    await until('commits wait for node2 alone', async () => (await names()) === '"node2"')
    await node1.sql('create table not_waited_for ()')
    expect((await lab.status('node1')).failures).toEqual([])
  },
  2 * MINUTE,
)

test(
  'crm_attr_timeout: an attribute that is not taken is given up after that long, and the reason says which',
  async () => {
    const node = lab.node('node2')
    const parameters = {
      pgdata: node.pgData,
      rep_mode: 'sync',
      node_list: 'node1 node2',
      master_ip: vipRep,
      CRM_meta_on_node: 'node2',
      CRM_meta_promoted_max: '1',
      CRM_meta_timeout: '30000',
      // After a promotion elsewhere, what the standby has said in an election is deleted.
      CRM_meta_notify_type: 'post',
      CRM_meta_notify_operation: 'promote',
      CRM_meta_notify_promote_uname: 'node1',
    }
    const notify = async (seconds: string) => {
      const texts = Object.entries({ ...parameters, crm_attr_timeout: seconds })
      const env = Object.fromEntries(texts.map(([name, value]) => [`OCF_RESKEY_${name}`, value]))
      const begun = monotonicMs()
      const result = await node.run(['/usr/lib/ocf/resource.d/ts/pgsql', 'notify'], {
        env: { OCF_ROOT: '/usr/lib/ocf', OCF_RESOURCE_INSTANCE: 'pgsql', ...env },
      })
      return { ...result, took: (monotonicMs() - begun) / 1000 }
    }
    await node.must(['attrd_updater', '--name=pgsql-master-baseline', '--update=0000000000000001'])
    await lab.waitFor(
      'node2 has a baseline',
      (now) => now.attribute('node2', 'pgsql-master-baseline') !== undefined,
      { from: 'node2' },
    )
    expect(node.signal('pacemaker-attrd', 'SIGSTOP')).toBe(1)
    try {
      for (const seconds of [1, 3]) {
        const { code, stderr, took } = await notify(String(seconds))
        expect(code).toBe(1)
        expect(stderr).toMatch(
          /ocf-exit-reason:attrd_updater --node=node2 --name=pgsql-master-baseline --delete did not end in time/,
        )
        expect(took).toBeGreaterThanOrEqual(seconds)
        expect(took).toBeLessThan(seconds + 3)
      }
    } finally {
      node.signal('pacemaker-attrd', 'SIGCONT')
    }
    expect((await notify('5')).code).toBe(0)
    await lab.waitFor(
      'the baseline is gone',
      (now) => now.attribute('node2', 'pgsql-master-baseline') === undefined,
    )
  },
  MINUTE,
)
