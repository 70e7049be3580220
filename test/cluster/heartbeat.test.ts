/** Heartbeat 3 with haresources: a PostgreSQL on a shared disk and its address, on one of two nodes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  clStatus,
  debianPostgres,
  heartbeatBinds,
  heartbeatFiles,
  installedVersion,
  Lab,
  type LabNode,
  monotonicMs,
  startHeartbeat,
  stopHeartbeat,
  tail,
  until,
} from './lab'
import { pgUser } from './lab/postgres'
import { readmeBlock } from '../unit/support/readme-blocks'

const MINUTE = 60_000
const vip = '192.168.100.90'
/** What the nodes share, and where heartbeat mounts it. */
const disk = '/srv/disk'
const { bin: pgBin, data: pgData } = debianPostgres(installedVersion())
const mountPoint = pgData.replace(/\/main$/, '')
const ocfTs = '/etc/ha.d/resource.d/ocf-ts'

/** As the README has it, with what these nodes have. */
const inOurs = (text: string, changes: readonly (readonly [string, string])[]): string =>
  changes.reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`the README has no ${from} in\n${now}`)
    return now.replaceAll(from, to)
  }, text)

const haresources = `${inOurs(readmeBlock('under-heartbeat/1'), [
  ['/dev/sdb1', disk],
  ['/var/lib/postgresql/15', mountPoint],
  ['::ext4', '::none::bind'],
  ['192.168.100.163', vip],
])}\n`
const db = `${inOurs(readmeBlock('under-heartbeat/2'), [
  ['/usr/lib/postgresql/15/bin', pgBin],
  ['/var/lib/postgresql/15/main', pgData],
  ['/etc/postgresql/15/main/postgresql.conf', `${pgData}/postgresql.conf`],
  ['-c work_mem=16MB', '-c work_mem=5MB -c "application_name=under heartbeat"'],
])}\n`

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({
    files: [
      ...heartbeatFiles({ nodes: ['node1', 'node2'], haresources, autoFailback: false }),
      { target: '/etc/ha.d/conf/OCF/pgsql/db', content: db },
    ],
    binds: heartbeatBinds,
    sharedDirectories: [disk],
  })
  node1 = lab.node('node1')
  node2 = lab.node('node2')
  for (const node of lab.nodes) await node.must(['install', '-d', '-o', pgUser, '-g', pgUser, mountPoint])
  await node1.must(['mount', '--bind', disk, mountPoint])
  await node1.initdb()
  await node1.must(['umount', mountPoint])
  await Promise.all(lab.nodes.map(startHeartbeat))
}, 2 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

/** Runs SQL through the virtual address, from outside the cluster. */
async function sql(query: string): Promise<string> {
  const argv = [`${pgBin}/psql`, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', pgUser, '-h', vip, '-c', query]
  const { code, stdout, stderr } = await lab.runClient(argv, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', PGCONNECT_TIMEOUT: '2', PGDATABASE: 'postgres' },
    timeoutMs: 5000,
  })
  if (code !== 0) throw new Error(stderr)
  return stdout.trim()
}

/** What of the resources is on a node. */
async function holds(node: LabNode): Promise<readonly string[]> {
  if (!node.isOn) return []
  const addresses = await node.must(['ip', '-br', 'address', 'show', 'dev', 'eth0'])
  const mounts = await node.must(['findmnt', '--list', '--noheadings', '--output', 'TARGET'])
  return [
    ...(mounts.split(/\s+/).includes(mountPoint) ? ['disk'] : []),
    ...(node.processes().some(({ command }) => command === 'postgres') ? ['postgres'] : []),
    ...(addresses.includes(`${vip}/24`) ? ['address'] : []),
  ]
}

const everything = ['disk', 'postgres', 'address']

/**
 * Waits until everything is on one node, nothing on the other, the database answers where clients look for it, and
 * heartbeat has nothing more to do. Returns the milliseconds until the database answered.
 */
async function waitUntilOn(to: LabNode, from: LabNode): Promise<number> {
  const start = monotonicMs()
  const options = { timeoutMs: MINUTE }
  try {
    await until('the database answers at its address', async () => (await sql('select 1')) === '1', options)
    const ms = monotonicMs() - start
    await until(
      `everything is on ${to.name}, nothing on ${from.name}`,
      async () =>
        JSON.stringify([await holds(to), await holds(from)]) === JSON.stringify([everything, []]) &&
        (await resourcesAreStable(to)),
      options,
    )
    return ms
  } catch (error) {
    const logs = lab.nodes.map(({ name, logs: { heartbeat } }) => `--- ${name}\n${tail(heartbeat, 60)}`)
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs.join('\n')}`)
  }
}

async function resourcesAreStable(node: LabNode): Promise<boolean> {
  return ['all', 'local', 'foreign'].includes(await clStatus(node, 'rscstatus'))
}

/** What the agents wrote where a heartbeat administrator looks. */
function logOfAgents(node: LabNode): readonly string[] {
  const lines = tail(node.logs.heartbeat, 2000).split('\n')
  return lines.filter((line) => /(pgsql|IPaddr2|ocf-ts)\(\w+\)\[\d+\]:/.test(line))
}

async function callByHand(
  node: LabNode,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await node.run([ocfTs, ...args], { env })
  return { code, stdout: stdout.trim(), stderr }
}

test(
  'heartbeat mounts the disk, starts PostgreSQL with the parameters of its file, and adds the address',
  async () => {
    await waitUntilOn(node1, node2)
    await sql('create table kept (id int); insert into kept values (1)')
    expect(await sql("select current_setting('work_mem')")).toBe('5MB')
    expect(logOfAgents(node1).filter((line) => !line.includes('INFO: '))).toEqual([])
    expect(logOfAgents(node1).some((line) => /IPaddr2\(vip\).* INFO: ip -4 address add /.test(line))).toBe(
      true,
    )
  },
  2 * MINUTE,
)

test(
  'status says in heartbeat’s words what runs where',
  async () => {
    const address = ['IPaddr2', 'vip', `ip=${vip}`, 'cidr_netmask=24', 'nic=eth0', 'status']
    for (const args of [['pgsql', 'db', 'status'], address]) {
      expect(await callByHand(node1, args)).toEqual({ code: 0, stdout: 'running', stderr: '' })
      expect(await callByHand(node2, args)).toEqual({ code: 3, stdout: 'stopped', stderr: '' })
    }
    // A server that does not answer holds its data all the same: the other node must not start one.
    const [, pid = ''] = /^(\d+)\n/.exec(await node1.must(['cat', `${pgData}/postmaster.pid`])) ?? []
    await node1.must(['kill', '-STOP', pid])
    try {
      expect(await callByHand(node1, ['pgsql', 'db', 'status'])).toMatchObject({ code: 0, stdout: 'running' })
    } finally {
      await node1.must(['kill', '-CONT', pid])
    }
    // An agent that cannot tell, and has no action `status`.
    const agent = '/run/ocf/resource.d/ts/unsure'
    await node2.must(['mkdir', '-p', '/run/ocf/resource.d/ts'])
    await node2.must(['ln', '-s', '/usr/lib/ocf/lib', '/run/ocf/lib'])
    await node2.writeFile(
      agent,
      '#!/bin/sh\n[ "$1" != methods ] || exec echo monitor\n[ "$1" = monitor ] && exit 1\n',
    )
    await node2.must(['chmod', '755', agent])
    expect(await callByHand(node2, ['unsure', 'x', 'status'], { OCF_ROOT: '/run/ocf' })).toMatchObject({
      code: 4,
      stdout: 'perhaps running',
    })
  },
  MINUTE,
)

test(
  'what is wrong on the line is refused in words',
  async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await callByHand(node2, args)
      expect({ args, code: code !== 0, stdout }).toEqual({ args, code: true, stdout: '' })
      return stderr
    }
    expect(await refused('pgsql', 'start')).toContain(
      "'pgsql start' is not enough: write ocf-ts::AGENT::NAME",
    )
    expect(await refused('nosuch', 'x', 'start')).toContain(
      'there is no agent /usr/lib/ocf/resource.d/ts/nosuch',
    )
    expect(await refused('../ts/pgsql', 'x', 'start')).toContain("'../ts/pgsql' is not the name of an agent")
    expect(await refused('pgsql', 'pgdata=/x', 'start')).toContain(
      "'pgdata=/x' cannot be the name of a resource",
    )
    expect(await refused('pgsql', 'x', 'pgdata', 'start')).toContain("'pgdata' is not a parameter")
    expect(await refused('IPaddr2', 'x', 'ip=192.168.100.91', 'cidr_netmsk=24', 'nic=none', 'start')).toMatch(
      /WARN: IPaddr2 has no parameter 'cidr_netmsk'[^]*ERROR: .*none/,
    )
    const replicated = ['rep_mode=sync', 'node_list=node1', 'master_ip=192.168.2.3']
    expect(await refused('pgsql', 'db', ...replicated, 'start')).toContain(
      "rep_mode: 'sync' needs a promotable clone",
    )
  },
  MINUTE,
)

test(
  'node1 loses its power: node2 takes everything, past the postmaster.pid that the dead server left',
  async () => {
    await node1.powerOff()
    expect(await node2.must(['cat', `${disk}/main/postmaster.pid`])).toContain(pgData)
    const ms = await waitUntilOn(node2, node1)
    expect(ms).toBeLessThan(20_000)
    expect(await sql('select id from kept')).toBe('1')
    expect(logOfAgents(node2).filter((line) => line.includes('ERROR'))).toEqual([])
  },
  2 * MINUTE,
)

test(
  'node1 comes back: it joins, and leaves everything where it is (auto_failback off)',
  async () => {
    const started = await sql('select pg_postmaster_start_time()')
    await node1.powerOn()
    await startHeartbeat(node1)
    await until(
      'the nodes know each other, and neither has anything more to do',
      async () =>
        (await clStatus(node1, 'nodestatus', 'node2')) === 'active' &&
        (await clStatus(node2, 'nodestatus', 'node1')) === 'active' &&
        (await clStatus(node1, 'rscstatus')) === 'none' &&
        (await clStatus(node2, 'rscstatus')) === 'all',
      { timeoutMs: MINUTE },
    )
    await waitUntilOn(node2, node1)
    expect(await sql('select pg_postmaster_start_time()')).toBe(started)
  },
  2 * MINUTE,
)

test(
  'planned: node1 takes over, node2 stops PostgreSQL cleanly',
  async () => {
    await sql('insert into kept values (2)')
    await node1.must(['/usr/share/heartbeat/hb_takeover', 'all'])
    await until('node2 has given everything up', async () => (await holds(node2)).length === 0)
    await waitUntilOn(node1, node2)
    expect(await sql('select count(*) from kept')).toBe('2')
    expect(tail(node1.logs.postgres, 20)).toContain('database system was shut down at')
    expect(tail(node1.logs.postgres, 20)).not.toContain('automatic recovery')
  },
  2 * MINUTE,
)

test(
  'planned: node1 goes to standby, and when heartbeat stops on node2, node1 takes everything again',
  async () => {
    await node1.must(['/usr/share/heartbeat/hb_standby', 'all'])
    await until('node1 has given everything up', async () => (await holds(node1)).length === 0)
    await waitUntilOn(node2, node1)
    await stopHeartbeat(node2)
    await waitUntilOn(node1, node2)
    expect(await sql('select count(*) from kept')).toBe('2')
    for (const node of lab.nodes) {
      expect(logOfAgents(node).filter((line) => /ERROR|WARN/.test(line))).toEqual([])
    }
  },
  2 * MINUTE,
)
