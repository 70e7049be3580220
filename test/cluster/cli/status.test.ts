/**
 * `ocf-ts status`: what it tells, from any node, of a cluster that is well and of one that is not.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type StatusReport } from '../../../cli/status/report'
import { Lab, type LabNode, makeDocumentCluster } from '../lab'

const MINUTE = 60_000

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  // A change of the count afterwards would be the last that pacemaker's history has of the primary, not its promotion.
  await makeDocumentCluster(lab, { pgsqlParams: { xlog_check_count: '1' } })
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

async function report(node: LabNode): Promise<StatusReport & { readonly code: number | null }> {
  const { code, stdout, stderr } = await node.run(['ocf-ts', 'status', '--json'])
  if (stdout === '') throw new Error(stderr)
  return { ...(JSON.parse(stdout) as StatusReport), code }
}

test('a cluster that is well, from either node', async () => {
  for (const node of [node1, node2]) {
    const told = await report(node)
    expect(told).toMatchObject({
      code: 0,
      asked: node.name,
      quorate: true,
      maintenance: false,
      fencing: false,
      nodes: [
        { node: 'node1', state: 'online' },
        { node: 'node2', state: 'online' },
      ],
      databases: [
        {
          resource: 'pgsql',
          agent: 'ocf:ts:pgsql',
          clone: 'msPostgresql',
          mode: 'sync',
          primary: 'node1',
          risk: { level: 'none' },
          members: [
            { node: 'node1', role: 'primary', status: 'PRI', score: '1001', locked: true, unknown: [] },
            {
              node: 'node2',
              role: 'standby',
              status: 'HS:sync',
              dataStatus: 'STREAMING|SYNC',
              syncState: 'sync',
              lagBytes: 0,
              lagSeconds: 0,
              score: '100',
              locked: false,
              unknown: [],
            },
          ],
        },
      ],
      addresses: [
        { resource: 'vip-slave', address: '192.168.100.164', node: 'node2' },
        { resource: 'vip-master', address: '192.168.100.163', node: 'node1' },
        { resource: 'vip-rep', address: '192.168.2.3', node: 'node1' },
      ],
      failures: [],
      upcoming: [],
    })
    const [first, second] = told.databases[0]?.members ?? []
    expect(second?.timeline).toBe(first?.timeline)
    for (const member of [first, second]) expect(member?.lsn).toMatch(/^0\/[0-9A-F]+$/)
  }
})

test('plain text in a pipe, colours in a terminal, redrawn by --watch', async () => {
  const plain = await node1.must(['ocf-ts', 'status'])
  expect(plain).toMatch(/^node2 +standby +HS:sync +STREAMING\|SYNC +2 +0\/[0-9A-F]+ +0 +sync +100$/m)
  expect(plain).toContain(
    'pgsql: a failover now would lose no commit: node2 has every one that was acknowledged',
  )
  expect(plain).not.toMatch(/\x1b/)

  const inTerminal = (command: string) =>
    node1.run(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
      env: { TERM: 'xterm' },
    })
  expect((await inTerminal('ocf-ts status')).stdout).toContain('\x1b[32mprimary\x1b[39m')
  const watched = await inTerminal('timeout --foreground --signal=INT 8 ocf-ts status --watch 0.5')
  expect(watched.stdout.split('\x1b[H').length).toBeGreaterThan(2)
  expect(watched.stdout).toMatch(/\x1b\[\?1049h[^]*\x1b\[\?1049l/)
})

test('the same for Prometheus, on standard output and as a file', async () => {
  const standby = await node2.must(['ocf-ts', 'metrics'])
  expect(standby).toContain('ocf_ts_server_role{resource="pgsql",node="node1",role="primary"} 1\n')
  expect(standby).toContain('ocf_ts_database_failover_risk{resource="pgsql",risk="none"} 1\n')
  const file = '/run/root/ocf-ts.prom'
  expect(await node1.must(['ocf-ts', 'metrics', '--textfile', file])).toBe('')
  const primary = await node1.must(['cat', file])
  expect(primary).toMatch(/^ocf_ts_server_lag_bytes\{resource="pgsql",node="node2"\} \d+$/m)
  expect(primary).toMatch(/^ocf_ts_database_last_promotion_timestamp_seconds\{resource="pgsql"\} \d{10}$/m)
  expect(await node1.must(['sh', '-c', `ls ${file}*`])).toBe(`${file}\n`)
  expect((await node1.run(['ocf-ts', 'metrics', '--textfile', '/nowhere/x.prom'])).code).toBe(1)
})

test('a standby that hangs behind, and one that is away', async () => {
  await node2.sql('select pg_wal_replay_pause()')
  await node1.sql('create table filler as select generate_series(1, 20000) as id')
  const behind = await report(node2)
  const [, standby] = behind.databases[0]?.members ?? []
  expect(standby?.lagBytes).toBeGreaterThan(500_000)
  expect(standby?.lagSeconds).toBeGreaterThan(0)
  expect(behind.databases[0]?.risk.level).toBe('none')
  await node2.sql('select pg_wal_replay_resume()')

  await node2.powerOff()
  await lab.waitFor('node1 goes on alone', (status) => !status.online.includes('node2'), { from: 'node1' })
  const alone = await report(node1)
  expect(alone).toMatchObject({
    code: 1,
    nodes: [
      { node: 'node1', state: 'online' },
      { node: 'node2', state: 'offline' },
    ],
  })
  const [database] = alone.databases
  expect(database?.primary).toBe('node1')
  expect(database?.risk).toEqual({
    level: 'no failover',
    text: 'a failover now would find nobody to take over: node2 is offline',
  })
  expect(database?.members[1]).toMatchObject({ node: 'node2', state: 'offline', lsn: null, locked: null })

  await node2.powerOn()
  await node2.boot()
  await lab.waitFor(
    'node2 is in sync again',
    (status) => status.attribute('node2', 'pgsql-data-status') === 'STREAMING|SYNC',
  )
})

test('a failure with its reason, a lock, and a primary that has nobody to take over', async () => {
  await node1.sql('create table if not exists unsent (id int)')
  await node1.must(['crm_resource', '--ban', '--resource', 'msPostgresql', '--node', 'node2'])
  await lab.waitFor('node2 is stopped', (status) => status.role('pgsql', 'node2') === 'Stopped')
  await node2.writeFile(`${node2.pgData}/PG_VERSION`, '42\n')
  await node1.must(['crm_resource', '--clear', '--resource', 'msPostgresql'])
  await lab.waitFor('its start fails', ({ failures }) => failures.some(({ task }) => task === 'start'))
  const told = await report(node2)
  expect(told.code).toBe(1)
  const text = (await node2.run(['ocf-ts', 'status'])).stdout
  expect(text).toMatch(/failed actions .*\n +pgsql start on node2: error: PostgreSQL did not start: /)
  expect(text).toMatch(/PostgreSQL is stopped on node2/)
})

test('without a cluster it says what to do', async () => {
  await node2.stopCluster()
  const { code, stderr } = await node2.run(['ocf-ts', 'status'])
  expect(code).toBe(4)
  expect(stderr).toMatch(/^ocf-ts: pacemaker does not answer on this node/)
  expect(stderr).toContain('do: ')
})
