/**
 * From two bare nodes to a cluster in sync, with the tool alone: init, configure, clone.
 *
 * @systems debian12 debian13
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Lab, type LabNode } from '../lab'
import { until } from '../lab/wait'
import { semanticsOf } from '../../root/support/semantics'
import { type InitReport } from '../../../cli/init/make'

const MINUTE = 60_000

jest.setTimeout(5 * MINUTE)

const PLAN = '/run/root/plan.yaml'

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await node1.initdb({ settings: { listen_addresses: 'localhost', wal_keep_size: '0' } })
  await node1.writeFile(`${node1.pgData}/pg_hba.conf`, 'local all all peer\n', { user: 'postgres' })
  const plan = `
nodes: [node1, node2]
writer: 192.168.100.163/24,eth0
replication: 192.168.2.3/24,eth2
reader: 192.168.100.164/24,eth0
ping: 192.168.100.1
pgsql:
  pgctl: ${node1.pgBin}/pg_ctl
  pgdata: ${node1.pgData}
  restore_command: cp /var/lib/postgresql/archive/%f %p
`
  for (const node of [node1, node2]) await node.writeFile(PLAN, plan)
  await lab.boot()
}, 2 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

const tool = (node: LabNode, ...args: string[]) => node.run(['ocf-ts', ...args], { timeoutMs: 3 * MINUTE })

async function initReport(node: LabNode, ...args: string[]): Promise<InitReport & { readonly code: number }> {
  const { code, stdout, stderr } = await tool(node, 'init', '--json', ...args)
  if (stdout === '') throw new Error(stderr)
  return { ...(JSON.parse(stdout) as InitReport), code }
}

const inSync = () =>
  lab.waitFor(
    'node2 is in sync',
    (now) =>
      now.attribute('node1', 'pgsql-status') === 'PRI' &&
      now.attribute('node2', 'pgsql-status') === 'HS:sync' &&
      now.attribute('node2', 'pgsql-data-status') === 'STREAMING|SYNC',
  )

test('init, from another node, of a server that is not there to be asked', async () => {
  const unplanned = await tool(node2, 'init', 'node1', '--check')
  expect(unplanned.code).toBe(2)
  expect(unplanned.stderr).toContain('the cluster has no resource of the agent pgsql')

  const plan = ['node1', '--file', PLAN, '--auth', 'trust']
  const before = await initReport(node2, ...plan, '--check')
  expect(before).toMatchObject({ code: 1, server: 'stopped', made: [] })
  const lacking = before.findings.filter(({ state }) => state !== 'ok').map(({ name }) => name)
  expect(lacking).toEqual([
    'max_wal_senders',
    'wal_keep_size',
    'listen_addresses',
    'pg_hba.conf',
    'pg_hba.conf',
  ])
  expect(await initReport(node2, ...plan, '--yes')).toMatchObject({ code: 0 })
  expect(await initReport(node1, ...plan, '--yes')).toMatchObject({ code: 0, made: [] })

  const empty = await tool(node1, 'init', 'node2', '--file', PLAN, '--check')
  expect(empty.code).toBe(1)
  expect(empty.stderr).toContain('node-init on node2 failed: pgdata: ')
  expect(empty.stderr).toContain('holds no database (no PG_VERSION)')
})

test('configure --apply, all of it or nothing', async () => {
  const strange = await tool(node1, 'configure', '--file', PLAN, '--nodes', 'node1 node9', '--apply')
  expect(strange.code).toBe(3)
  expect(strange.stderr).toContain(
    "nodes: 'node9' is no node of this cluster: nothing was changed\n  do: its nodes are node1 node2",
  )
  const unfenced = await tool(node1, 'configure', '--file', PLAN, '--fencing', 'stonith', '--apply')
  expect(unfenced.code).toBe(3)
  expect(unfenced.stderr).toContain('fencing: the cluster has no fencing device yet')
  expect(await node1.must(['cibadmin', '--query', '--scope', 'resources'])).not.toContain('primitive')

  const applied = await tool(node1, 'configure', '--file', PLAN, '--apply')
  expect(applied.stderr).toContain('warning: two nodes and no fencing')
  expect(applied.stderr).toContain(
    'loaded into the cluster: pgsql, vip-master, vip-rep, vip-slave, pingCheck',
  )
  expect({ code: applied.code, stdout: applied.stdout }).toEqual({ code: 0, stdout: '' })
  await lab.waitFor(
    'node1 is primary and has the addresses; node2 says what it lacks',
    (now) =>
      now.attribute('node1', 'pgsql-status') === 'PRI' &&
      ['vip-master', 'vip-rep', 'vip-slave'].every((vip) => now.nodeOf(vip) === 'node1') &&
      now.failures.some(
        ({ node, exitReason }) => node === 'node2' && exitReason.includes('holds no database'),
      ),
    { timeoutMs: MINUTE },
  )

  const epoch = async () => /epoch="\d+" num_updates/.exec(await node1.must(['cibadmin', '--query']))?.[0]
  const before = await epoch()
  const again = await tool(node1, 'configure', '--file', PLAN, '--apply')
  expect(again.code).toBe(3)
  expect(again.stderr).toMatch(
    /^ocf-ts: the cluster has these already: .*, pgsql, .* and 10 constraints; nothing was changed$/m,
  )
  expect(await epoch()).toBe(before)
  const primary = 'select pg_postmaster_start_time(), pg_is_in_recovery()'
  const running = await node1.sql(primary)
  // What is the same is not changed; what is not is, and a parameter that can be reloaded restarts nothing; pcs means
  // the same as crmsh.
  const replaced = await tool(
    node1,
    'configure',
    '--file',
    PLAN,
    '--rejoin',
    'basebackup',
    '--apply',
    '--replace',
  )
  expect(replaced.code).toBe(0)
  expect(replaced.stderr).toMatch(/^replaced: .*, pgsql, .* and 10 constraints$/m)
  expect(await node1.must(['crm_resource', '--resource', 'pgsql', '--get-parameter', 'rejoin'])).toBe(
    'basebackup\n',
  )
  const resources = () => node1.must(['cibadmin', '--query', '--scope', 'resources'])
  const byCrm = semanticsOf(`<cib><configuration>${await resources()}</configuration></cib>`)
  const byPcs = await tool(
    ...([node1, 'configure', '--file', PLAN, '--rejoin', 'basebackup'] as const),
    ...['--format', 'pcs', '--apply', '--replace'],
  )
  expect({ code: byPcs.code, warnings: byPcs.stderr.match(/deprecat.*/gi) }).toEqual({
    code: 0,
    warnings: null,
  })
  expect(semanticsOf(`<cib><configuration>${await resources()}</configuration></cib>`)).toEqual(byCrm)
  await node1.must(['crm_resource', '--wait'])
  await lab.waitFor('node1 is monitored as the primary', (now) => now.promoted('pgsql').includes('node1'))
  expect(await node1.sql(primary)).toBe(running)
})

test('clone --start: a standby that there was not', async () => {
  const primary = await tool(node1, 'clone', 'node1')
  expect(primary.code).toBe(3)
  expect(primary.stderr).toContain('node1 is the primary: nothing was changed')
  const unknown = await tool(node1, 'clone', 'node3')
  expect(unknown.code).toBe(3)
  expect(unknown.stderr).toContain("'node3' is not in node_list of pgsql (node1 node2): nothing was changed")

  await node1.sql('create table t as select generate_series(1, 1000) as id')
  const cloned = await tool(node1, 'clone', 'node2', '--start')
  expect(cloned.stderr).toMatch(/^node2: asks 192\.168\.2\.3 for a base backup$/m)
  expect(cloned.stderr).toMatch(/^node2: 100 % of \d+ MB$/m)
  expect(cloned.stdout).toMatch(/^node2 follows the primary: HS:(?:sync|async|potential)$/m)
  expect(cloned.code).toBe(0)
  await inSync()
  expect(await node2.sql('select count(*) from t')).toBe('1000')
  expect(await node2.must(['stat', '-c', '%U:%G %a', node2.pgData])).toBe('postgres:postgres 700\n')
  expect(await initReport(node1, 'node2', '--check')).toMatchObject({ code: 0, server: 'running' })
})

test('init does not restart a server behind the back of the cluster', async () => {
  await node1.must([
    'crm_resource',
    '--resource',
    'pgsql',
    '--set-parameter',
    'rejoin',
    '--parameter-value',
    'rewind',
  ])
  await node1.must(['crm_resource', '--wait'])
  const started = await node1.sql('select pg_postmaster_start_time()')
  const { code, stdout, stderr } = await tool(node2, 'init', 'node1', '--auth', 'trust', '--yes', '--restart')
  expect(stdout).toMatch(/^made: wal_log_hints=on in .*postgresql\.auto\.conf$/m)
  expect(stdout).toContain('left on node1: wal_log_hints\n')
  expect(stderr).toContain(
    'wal_log_hints: take effect when PostgreSQL is restarted, and the cluster manages it on node1:',
  )
  expect(code).toBe(1)
  expect(await node1.sql('select pg_postmaster_start_time()')).toBe(started)
})

test('clone --replace: what is there is not lost; a server that runs is left alone', async () => {
  const running = await tool(node2, 'clone', 'node2', '--replace')
  expect(running.code).toBe(3)
  expect(running.stderr).toContain('the cluster runs pgsql on node2 (Unpromoted): nothing was changed')

  await node1.must(['crm_standby', '--node', 'node2', '--update', 'on'])
  await lab.waitFor('node2 is stopped', (now) => now.role('pgsql', 'node2') === 'Stopped')
  const full = await tool(node2, 'clone', 'node2')
  expect(full.code).toBe(3)
  expect(full.stderr).toContain(`${node2.pgData} of node2 is not empty: nothing was changed`)

  await node2.writeFile(`${node2.pgData}/own.conf`, '# of node2\n', { user: 'postgres' })
  const away = await tool(node2, 'clone', 'node2', '--replace', '--from', '192.168.2.77')
  expect(away.code).toBe(1)
  const siblings = () => readdirSync(dirname(node2.onDisk(node2.pgData)))
  expect(siblings()).toEqual(['main'])

  // Who wanted it goes away in the middle: it is ended, and cleared up.
  const slow = ['timeout', '--signal=TERM', '3', 'ocf-ts', 'clone', 'node2', '--replace', '--max-rate', '400']
  expect((await node1.run(slow)).code).toBe(124)
  await until('nothing is left of it', () => {
    const left = node2.processes().some(({ command }) => command === 'pg_basebackup')
    return !left && siblings().join() === 'main'
  })
  expect((await node2.must(['ls', '-A', '/var/lib/pgsql/tmp'])).split('\n')).not.toContain(
    'rejoin.service.conf',
  )

  const command = 'ocf-ts clone node2 --replace --max-rate 8000 --json </dev/null'
  const { code, stdout } = await node2.run(
    ['script', '--quiet', '--return', '--command', command, '/dev/null'],
    {
      env: { TERM: 'xterm' },
      timeoutMs: MINUTE,
    },
  )
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/node2: copies .*█.* % of \d+ MB/),
  })
  expect(stdout).toContain('to start it: crm_resource --cleanup --resource pgsql --node node2')
  const aside = siblings().find((name) => name.startsWith('main.replaced-')) ?? ''
  expect(siblings()).toEqual(['main', aside])
  for (const name of ['main', aside]) {
    expect(existsSync(`${dirname(node2.onDisk(node2.pgData))}/${name}/own.conf`)).toBe(true)
  }
  await node1.must(['crm_standby', '--node', 'node2', '--delete'])
  await inSync()
})
