/**
 * The README without the tool: PostgreSQL and pacemaker are configured by hand, a primary dies, and what it left is given
 * up for a new copy. The configuration, the commands, and what is said to be shown are taken from it.
 *
 * @systems debian12 debian13
 */
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import {
  commandsIn,
  expectLines,
  forPostgres,
  readmeBlock as blockOf,
} from '../../unit/support/readme-blocks'
import { type ClusterStatus, Lab, type LabNode } from '../lab'

const MINUTE = 60_000

jest.setTimeout(3 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
}, MINUTE)

afterAll(() => lab.destroy(), MINUTE)

/** A block of the README, with the PostgreSQL that the nodes have. */
const readmeBlock = (name: string): string => forPostgres(node1.postgres.version, blockOf(name))

const PASSWORD = 'it is secret'

const type = (node: LabNode, command: string): Promise<string> =>
  node.must(['bash', '-e', '-c', `cd /run; ${command}`], { timeoutMs: MINUTE })

const serves = (node: LabNode) => (now: ClusterStatus) =>
  now.attribute(node.name, 'pgsql-status') === 'PRI' &&
  now.promoted('pgsql').includes(node.name) &&
  ['vip-master', 'vip-rep'].every((vip) => now.nodeOf(vip) === node.name)

const inSync = (standby: LabNode): Promise<ClusterStatus> =>
  lab.waitFor(
    `${standby.name} is in sync`,
    (now) =>
      now.attribute(standby.name, 'pgsql-data-status') === 'STREAMING|SYNC' &&
      now.nodeOf('vip-slave') === standby.name,
    { timeoutMs: MINUTE },
  )

const showsAll = async (): Promise<string> => node2.must(['crm_mon', '-Afr1'])

test('PostgreSQL and the cluster, configured by hand', async () => {
  await node1.initdb()
  const settings = readmeBlock('configure-1/1')
  const lines = readmeBlock('configure-1/2')
  for (const node of [node1, node2]) {
    // The machine's own is not to be touched.
    await node.must(['mount', '-t', 'tmpfs', 'none', '/etc/postgresql'])
    const config = `/etc/postgresql/${node.postgres.version}/main/postgresql.conf`
    await node.must(['install', '-d', '-o', 'postgres', dirname(config)])
    await node.writeFile(config, `data_directory = '${node.pgData}'\n${settings}\narchive_mode = off\n`, {
      user: 'postgres',
    })
    await node.writeFile('/var/lib/postgresql/.pgpass', `*:*:*:postgres:${PASSWORD}\n`, { user: 'postgres' })
    await node.must(['chmod', '600', '/var/lib/postgresql/.pgpass'])
  }
  await node1.writeFile(`${node1.pgData}/pg_hba.conf`, `${lines}\nhost all all 192.168.100.0/24 trust\n`, {
    user: 'postgres',
  })
  await node1.boot()
  await lab.waitOnline(['node1'])
  await node1.writeFile('/run/pgsql.crm', readmeBlock('configure-1/3'))
  expect(await type(node1, 'crm configure load update pgsql.crm 2>&1')).not.toMatch(/error/i)
  await lab.waitFor('node1 is the primary', serves(node1), { timeoutMs: MINUTE })
  await node1.sql(`alter role postgres password '${PASSWORD}'`)

  const [copy = '', start = ''] = commandsIn(readmeBlock('configure-1/4'))
  await type(node2, copy)
  // These nodes have no systemd.
  expect(start).toBe('systemctl start pacemaker')
  await node2.boot()
  await inSync(node2)
  expect(await node2.sql('show wal_keep_size')).toBe('1GB')
})

test('rules and meta attributes that the README adds are taken', async () => {
  for (const rules of [
    readmeBlock('how-far-a-standby-is-behind/1'),
    readmeBlock('without-a-person-rejoinrewind/3'),
  ]) {
    await node1.writeFile('/run/more.crm', `${rules}\n`)
    expect(await type(node1, 'crm configure load update more.crm 2>&1')).not.toMatch(/error/i)
  }
  const shown = await type(node1, 'crm configure show')
  expect(shown).toContain('pgsql-lag gt 16777216')
  expect(shown).toContain('failure-timeout=20s')
  await type(node1, 'crm configure delete readers; crm resource meta msPostgresql delete failure-timeout')
  await inSync(node2)
})

test('the primary dies, and is given a new copy', async () => {
  const load = await lab.startWriteLoad()
  await load.waitForMore(50)
  node1.killPostgres()
  await lab.waitFor('node2 is the primary', serves(node2), { timeoutMs: MINUTE })
  await load.waitForMore(50)
  await load.stop()
  expect(await load.lostRows(node2)).toEqual([])
  await node2.must(['crm_resource', '--wait', '--timeout', '30'])
  // A monitor that was under way when it died says so.
  const shown = (await showsAll()).replace(/('not running') \(.* ended while it was asked.*\)(?= at )/, '$1')
  expectLines(shown, readmeBlock('fail-over/1'))
  for (const command of commandsIn(readmeBlock('bring-the-old-primary-back/2'))) await type(node1, command)
  const status = await inSync(node1)
  expect(status.failures).toEqual([])
})
