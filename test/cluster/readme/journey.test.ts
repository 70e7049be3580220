/**
 * The README, typed by somebody who has nothing else: from two bare nodes to a cluster, looked at, changed, repaired, and
 * a failover rehearsed. Its commands and what it says they print are taken from it. One story, on one cluster.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import {
  commandsIn,
  expectLines,
  expectPrinted,
  forPostgres,
  readmeBlock as blockOf,
  sessionsIn,
} from '../../unit/support/readme-blocks'
import { Lab, type LabNode } from '../lab'
import { startSshd } from '../lab/ssh'
import { rehearse, type Typed } from './rehearse'

const MINUTE = 60_000

jest.setTimeout(3 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  // As Debian makes one: nobody has prepared it for replication.
  await node1.initdb({ settings: { listen_addresses: 'localhost', wal_keep_size: '0' } })
  await node1.writeFile(`${node1.pgData}/pg_hba.conf`, 'local all all peer\n', { user: 'postgres' })
}, 2 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

/** A block of the README, with the PostgreSQL that the nodes have. */
const readmeBlock = (name: string): string => forPostgres(node1.postgres.version, blockOf(name))

/** This database was made by initdb, which puts the configuration into the data directory. */
const CONFIG_LINE = /^ {2}config: .*\n/m

/** Types a command line; what it prints, on both outputs, as it would stand in a terminal. */
async function type(node: LabNode, command: string, wanted = 0): Promise<string> {
  const { code, printed } = await tryTo(node, command)
  if (code !== wanted)
    throw new Error(`exit code ${String(code)} instead of ${wanted} from ${command}\n${printed}`)
  return printed
}

async function tryTo(node: LabNode, command: string): Promise<Typed> {
  const { code, stdout } = await node.run(['bash', '-c', `cd ~ && { ${command}\n} 2>&1`], {
    timeoutMs: 2 * MINUTE,
  })
  // This machine may have a PostgreSQL beside Debian's, and a node's root is at home elsewhere.
  const printed = stdout.replaceAll(', /usr/local/bin/pg_ctl', '').replaceAll('/run/root', '/root')
  return { code, printed }
}

/** Types what a block shows, and expects what it shows of the answer. */
async function replay(node: LabNode, block: string, wanted = 0): Promise<void> {
  for (const { command, output } of sessionsIn(block))
    expectPrinted(await type(node, command, wanted), output)
}

const inSync = (standby: LabNode) =>
  lab.waitFor(
    `${standby.name} is in sync`,
    (now) =>
      now.attribute(standby.name, 'pgsql-status') === 'HS:sync' &&
      now.attribute(standby.name, 'pgsql-data-status') === 'STREAMING|SYNC' &&
      now.attribute(standby.name, 'master-pgsql') === '100' &&
      now.nodeOf('vip-slave') === standby.name,
    { timeoutMs: MINUTE },
  )

test('two machines become a cluster', async () => {
  const [install = ''] = commandsIn(readmeBlock('where-there-is-no-cluster-yet/1'))
  // Node.js may be another than Debian's here.
  const packages = install.replace('apt-get install --yes --no-install-recommends ', '').split(' ')
  expect(packages).toContain('pacemaker')
  await node1.must(['dpkg', '--status', ...packages.filter((name) => name !== 'nodejs')])

  const configuration = readmeBlock('where-there-is-no-cluster-yet/3')
  for (const node of [node1, node2]) {
    await node.writeFile('/etc/corosync/corosync.conf', `${configuration}\n`)
    await startSshd(node)
  }
  const [key = '', copy = '', start = '', list = ''] = commandsIn(
    readmeBlock('where-there-is-no-cluster-yet/4'),
  )
  await type(node1, key)
  await type(node1, copy)
  // These nodes have no systemd.
  expect(start).toBe('systemctl start corosync pacemaker')
  await lab.boot()
  expect((await type(node1, list)).split('\n')).toEqual(['1 node1 member', '2 node2 member', ''])
})

test('installed: crmsh knows the agents', async () => {
  const [, , list = '', info = ''] = commandsIn(readmeBlock('install/1'))
  expect((await type(node1, list)).trim().split(/\s+/)).toEqual(['IPaddr2', 'pgsql', 'ping'])
  expect(await type(node1, info)).toContain('rep_mode')
})

test('from bare nodes to a cluster', async () => {
  await replay(node1, readmeBlock('configure/3'), 2)
  // What a person answers to the first command's questions.
  const answers = readmeBlock('configure/1')
  expect(answers).toMatch(CONFIG_LINE)
  await node1.writeFile('/run/answers.yaml', answers.replace(CONFIG_LINE, ''))
  const [configure = '', init = '', apply = ''] = commandsIn(
    readmeBlock('from-bare-nodes-to-a-cluster-with-ocf-ts/1'),
  )
  expect(await type(node1, `${configure} --file /run/answers.yaml`)).toContain('primitive pgsql ocf:ts:pgsql')
  await replay(node1, readmeBlock('init/1'))
  expect(await type(node1, `${init} --auth trust --yes`)).toContain(
    'node1 has all that the replication needs',
  )

  const [crm = '', pcs = '', loads = ''] = commandsIn(readmeBlock('configure/2'))
  await type(node1, crm)
  await type(node1, pcs)
  expect(await type(node1, 'cat pgsql.crm')).toContain('primitive pgsql ocf:ts:pgsql')
  expect(await type(node1, 'cat pgsql.sh')).toContain('ocf:ts:pgsql')
  expect(loads).toBe(apply)
  await type(node1, apply)
  await lab.waitFor('node1 is primary', (now) => now.nodeOf('vip-rep') === 'node1', { timeoutMs: MINUTE })
  await replay(node1, readmeBlock('clone/1'))
  await inSync(node2)
})

test('how things are', async () => {
  await replay(node1, readmeBlock('how-things-are-ocf-ts-status/1'))
  const [{ command, output } = { command: '', output: '' }] = sessionsIn(readmeBlock('configure-1/5'))
  expectLines(await type(node1, command), output)
  const [metrics = ''] = commandsIn(readmeBlock('for-prometheus-ocf-ts-metrics/1'))
  await type(node1, `mkdir -p /run/textfiles`)
  const file = '/run/textfiles/ocf-ts.prom'
  await type(node1, metrics.replace('/var/lib/prometheus/node-exporter/ocf-ts.prom', file))
  expect(await type(node1, `cat ${file}`)).toContain('ocf_ts_database_failover_risk')
})

test('why it does that: the tool, and the agents by hand', async () => {
  const [monitor = '', start = ''] = commandsIn(readmeBlock('why-it-does-that-ocf-ts-debug/1'))
  expect(await type(node1, monitor, 8)).toContain('cibadmin')
  // It runs there, as a person who asks is told.
  expect(await type(node2, start, 1)).toContain('PostgreSQL already runs here as a primary')

  const [, ...commands] = commandsIn(readmeBlock('debug/1'))
  const codes = [0, 8, 0, 1, 0]
  expect(commands).toHaveLength(codes.length)
  for (const [index, command] of commands.entries()) {
    await type(node1, `cd /usr/lib/ocf/resource.d/ts && ${command}`, codes[index])
  }
})

test('the primary is moved', async () => {
  await replay(node1, readmeBlock('move-the-primary-ocf-ts-switchover/1'))
  await replay(node1, readmeBlock('move-the-primary-ocf-ts-switchover/2'), 3)
  await inSync(node1)
})

test('hands off, and on again', async () => {
  expect(await type(node1, 'ocf-ts pause')).toContain('the cluster is paused')
  await node1.must([`${node1.pgBin}/pg_ctl`, '-D', node1.pgData, '-w', '-m', 'fast', 'stop'], {
    user: 'postgres',
  })
  await replay(node1, readmeBlock('hands-off-ocf-ts-pause-and-ocf-ts-resume/1'), 3)
  await replay(node1, readmeBlock('hands-off-ocf-ts-pause-and-ocf-ts-resume/2'), 3)
  await type(node1, 'ocf-ts resume --force')
  await inSync(node1)
})

/** A row may or may not be under way when the primary ends: both is told as it should be. */
function withoutUnanswered(report: string): string {
  return report.replace(/; \d+ that had no answer .*/, '')
}

test('a failover is rehearsed, and what happened is told', async () => {
  const [kill = '', switchover = ''] = commandsIn(readmeBlock('rehearse-a-failover/2'))
  const printed = await rehearse(
    kill,
    (command) => tryTo(node1, command),
    (name) => inSync(lab.node(name)),
  )
  const usual = withoutUnanswered(printed)
    // A monitor that is under way when it dies has lost its connection.
    .replace(/(pgsql monitor on node\d failed) \(.*\)$/m, '$1 (not running)')
  expectLines(usual, readmeBlock('rehearse-a-failover/3'))
  const [{ command, output } = { command: '', output: '' }] = sessionsIn(
    readmeBlock('what-happened-ocf-ts-logs/1'),
  )
  expectLines(await type(node1, command), output)
  await inSync(node2)
  expect(withoutUnanswered(await type(node1, `${switchover} --yes`))).toMatch(
    /^rows: \d+ acknowledged, 0 lost$/m,
  )
})

test('what is wrong is found', async () => {
  // The standby.
  const other = (await lab.status()).nodeOf('vip-master') === 'node1' ? node2 : node1
  await other.must(['ip', 'address', 'add', '192.168.100.163/32', 'dev', 'eth0'])
  await node2.writeFile('/var/lib/postgresql/.pgpass', '*:*:*:*:secret\n', { user: 'postgres' })
  await node2.must(['chmod', '644', '/var/lib/postgresql/.pgpass'])
  await other.must(['sed', '-i', '/replication.*192[.]168[.]2[.]/d', `${other.pgData}/pg_hba.conf`])
  await other.sql('select pg_reload_conf()')
  const [{ command, output } = { command: '', output: '' }] = sessionsIn(
    readmeBlock('ocf-ts-doctor-what-is-wrong-and-what-will-be-at-the-next-failover/1'),
  )
  expectLines(await type(node1, command, 1), output)
})
