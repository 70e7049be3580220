/**
 * `ocf-ts drill` on a real cluster: from a node and from a client, agreed to and interrupted.
 *
 * @systems debian12 debian13
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type DrillResult } from '../../../cli/drill/result'
import { type StatusReport } from '../../../cli/status/report'
import { Lab, type LabNode, makeDocumentCluster, until } from '../lab'
import { clientSsh } from '../lab/ssh'

const MINUTE = 60_000

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab, { pgsqlParams: { rejoin: 'basebackup', monitor_timeout: '5' } })
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

/** What a drill may leave in the cluster and the database: nothing. */
async function traces(): Promise<readonly string[]> {
  const status = JSON.parse((await node1.run(['ocf-ts', 'status', '--json'])).stdout) as StatusReport
  const [primary] = await parts()
  const cib = await node1.must(['cibadmin', '--query'])
  return [
    ...(cib.match(/<[^>]*(?:cli-ban|cli-prefer|name="standby")[^>]*>/g) ?? []),
    ...(await primary.sql("select nspname from pg_namespace where nspname like 'ocf_ts%'"))
      .split('\n')
      .filter(Boolean),
    ...status.failures.map(({ reason }) => reason),
  ]
}

const inTerminal = (node: LabNode, command: string, input: string) =>
  node.run(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
    env: { TERM: 'xterm' },
    input,
  })

test('it asks, and does nothing without the right answer', async () => {
  const alone = await node1.run(['ocf-ts', 'drill', '--no-report'])
  expect(alone.code).toBe(3)
  expect(alone.stderr).toContain(
    'This is a failover of pgsql: kill -9 of every process of PostgreSQL on node1.',
  )
  expect(alone.stderr).toContain('a failover now would lose no commit: node2 has every one')
  expect(alone.stderr).toMatch(/nobody is there to agree to it: nothing was changed\n +do: say --yes/)

  const wrong = await inTerminal(node1, 'ocf-ts drill --no-report', 'node1\r')
  expect(wrong.code).toBe(3)
  expect(wrong.stdout).toContain('Type the name of the resource, pgsql, to begin:')
  expect(wrong.stdout).toContain("'node1' is not 'pgsql': nothing was changed")
  expect(await traces()).toEqual([])

  const nowhere = await node1.run(['ocf-ts', 'drill', '--yes', '--report', '/nowhere/report.html'])
  expect(nowhere.code).toBe(2)
  expect(nowhere.stderr).toContain('--report: cannot write /nowhere/report.html')

  const power = await node1.run(['ocf-ts', 'drill', '--yes', '--no-report', '--kind', 'power'])
  expect(power.code).toBe(2)
  expect(power.stderr).toContain('a drill takes the power of a boxed node only')

  const nobody = await node1.run([
    'ocf-ts',
    'drill',
    '--yes',
    '--no-report',
    '--conninfo',
    'host=192.168.100.99',
  ])
  expect(nobody.code).toBe(4)
  expect(nobody.stderr).toContain('cannot write to postgres@192.168.100.99:5432/postgres')
})

test('interrupted after the fault, it takes back what it changed', async () => {
  const drill = node2.run(['ocf-ts', 'drill', '--yes', '--no-report', '--kind', 'standby'])
  const standby = (): Promise<string> => node1.must(['cibadmin', '--query', '--scope', 'nodes'])
  await until('node1 is put into standby mode', async () => /name="standby" value="on"/.test(await standby()))
  await node2.must(['bash', '-c', `kill -INT $(pgrep --oldest --full 'ocf-ts drill')`])
  const { code, stderr, stdout } = await drill
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('the drill was interrupted') })
  expect(stdout).toContain('node1 may run resources again (standby is off)')
  await lab.waitFor('both nodes have their part again', (status) =>
    ['node1', 'node2'].every((node) =>
      ['HS:sync', 'PRI'].includes(status.attribute(node, 'pgsql-status') ?? ''),
    ),
  )
  expect(await traces()).toEqual([])
})

/** Which node is the primary, and which is not. */
async function parts(): Promise<readonly [primary: LabNode, standby: LabNode]> {
  const status = await lab.status()
  return status.promoted('pgsql').includes('node1') ? [node1, node2] : [node2, node1]
}

test('interrupted while PostgreSQL is suspended, it lets it go on, and nobody fails over', async () => {
  const [primary, standby] = await parts()
  const states = async (): Promise<readonly string[]> =>
    (await primary.must(['ps', '-o', 'stat=', '-C', 'postgres'])).split('\n').filter(Boolean)
  const drill = standby.run(['ocf-ts', 'drill', '--yes', '--no-report', '--kind', 'freeze'])
  await until('PostgreSQL is suspended', async () => (await states()).every((state) => state.startsWith('T')))
  await standby.must(['bash', '-c', `kill -TERM $(pgrep --oldest --full 'ocf-ts drill')`])
  const { code, stdout } = await drill
  expect({ code, stdout }).toEqual({
    code: 1,
    stdout: expect.stringContaining(`what was still suspended on ${primary.name} goes on (SIGCONT)`),
  })
  expect((await states()).filter((state) => state.startsWith('T'))).toEqual([])
  expect((await parts())[0]).toBe(primary)
  expect(await traces()).toEqual([])
})

test('a switchover, from a node, told in JSON', async () => {
  const [old, next] = await parts()
  /** How often the cluster has stopped PostgreSQL there. */
  const stops = (): number =>
    readFileSync(old.logs.pacemaker, 'utf8').match(/Result of stop operation for pgsql on /g)?.length ?? 0
  const before = stops()
  const argv = ['ocf-ts', 'drill', '--yes', '--json', '--kind', 'switchover', '--rate', '50']
  const { code, stdout, stderr } = await next.run([...argv, '--report', '/run/root/report.html'], {
    timeoutMs: 2 * MINUTE,
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('switchover') })
  const result = JSON.parse(stdout) as DrillResult
  expect(result).toMatchObject({
    kind: 'switchover',
    resource: 'pgsql',
    oldPrimary: old.name,
    newPrimary: next.name,
    members: [
      {
        node: 'node1',
        before: old === node1 ? 'primary' : 'standby',
        after: old === node1 ? 'standby' : 'primary',
      },
      {
        node: 'node2',
        before: old === node2 ? 'primary' : 'standby',
        after: old === node2 ? 'standby' : 'primary',
      },
    ],
    writes: { lost: [], checked: true },
    outage: { ended: true },
    return: { how: 'by itself', reason: null },
    problems: [],
    did: expect.arrayContaining([
      `a constraint kept the primary role off ${old.name} (cli-ban-msPostgresql-on-${old.name})`,
    ]),
  })
  // Only its role was taken from it: the cluster did not stop it.
  expect(stops()).toBe(before)
  const times = Object.fromEntries(result.events.map(({ kind, atMs }) => [kind, atMs]))
  const order = ['fault', 'lost', 'promoted', 'moved', 'back'].map((kind) => times[kind])
  expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)))
  expect(times['write']).toBe(result.outage?.toMs)
  expect(result.writes.acknowledged).toBeGreaterThan(200)
  expect(result.outage?.ms).toBeGreaterThan(50)
  expect(result.outage?.ms).toBeLessThan(30_000)
  expect(await next.must(['cat', '/run/root/report.html'])).toContain('<h1>Failover drill of pgsql</h1>')
  expect(await traces()).toEqual([])
})

test('kill -9, from a machine that is none of the cluster’s', async () => {
  const addresses = lab.nodes.map((node) => ({ name: node.name, address: node.addresses.eth0 }))
  const argv = [
    'env',
    `OCF_TS_SSH=${clientSsh(lab.id, addresses)}`,
    process.execPath,
    'dist/bin/ocf-ts',
    'drill',
  ]
  const { code, stdout, stderr } = await lab.runClient(
    [...argv, '--yes', '--no-report', '--via', 'node1,node2'],
    {
      timeoutMs: 2 * MINUTE,
    },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) })
  expect(stdout).toMatch(
    /^(node[12]) took over; writes stood still for \S+ s; all \d+ acknowledged rows are there$/m,
  )
  expect(stdout).toMatch(/^ +\+0\.00 s {2}every process of PostgreSQL on node[12] was killed \(SIGKILL\)$/m)
  expect(stdout).toMatch(/^ +\+\S+ s {2}pgsql monitor on node[12] failed \(not running\)/m)
  expect(stdout).toMatch(
    /^return: node[12] was a standby again after \S+ s; it took a cleanup of the failure/m,
  )
  expect(await traces()).toEqual([])
})
