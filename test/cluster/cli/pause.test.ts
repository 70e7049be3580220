/**
 * `ocf-ts pause` and `resume`: hands off, and on again only where what runs is what the cluster believes.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { Lab, type LabNode, makeDocumentCluster, monotonicMs } from '../lab'

const MINUTE = 60_000

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab)
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

const started = (node: LabNode): Promise<string> => node.sql('select pg_postmaster_start_time()')

const pgCtl = (node: LabNode, ...args: readonly string[]): Promise<string> =>
  node.must([`${node.pgBin}/pg_ctl`, '-D', node.pgData, '-w', ...args], { user: 'postgres' })

interface Answer {
  readonly paused: boolean
  readonly differences: readonly { readonly text: string; readonly advice: string }[]
  readonly upcoming: readonly string[]
  readonly troubles?: readonly string[]
}

async function resume(
  node: LabNode,
  ...flags: readonly string[]
): Promise<Answer & { readonly code: number | null }> {
  const { code, stdout, stderr } = await node.run(['ocf-ts', 'resume', '--json', ...flags])
  if (stdout === '') throw new Error(stderr)
  return { ...(JSON.parse(stdout) as Answer), code }
}

test('paused and resumed: nothing is restarted, and everything is watched again', async () => {
  const before = await Promise.all([started(node1), started(node2)])
  expect(await node1.must(['ocf-ts', 'pause'])).toMatch(/^the cluster is paused: it starts, stops /)
  const paused = await lab.status()
  expect(paused.instances('pgsql').map(({ managed }) => managed)).toEqual([false, false])
  // Nothing that is done from now on is counted as a failure.
  const recurring = /operation_key="pgsql_monitor_[1-9]/
  expect(await node1.must(['cibadmin', '--query', '--scope', 'status'])).not.toMatch(recurring)
  expect(await node2.must(['ocf-ts', 'pause'])).toMatch(/^the cluster is paused already/)

  const text = await node2.must(['ocf-ts', 'resume'])
  expect(text).toMatch(/^the cluster is resumed: it watches everything again, and has changed nothing$/m)
  expect(await Promise.all([started(node1), started(node2)])).toEqual(before)
  const status = await lab.status()
  expect(status.promoted('pgsql')).toEqual(['node1'])
  expect(status.failures).toEqual([])
  expect(await node2.must(['ocf-ts', 'resume'])).toBe('the cluster is not paused: nothing to do\n')

  // It really watches: a server that dies is noticed within its monitor's interval.
  const killed = monotonicMs()
  node2.killPostgres()
  await lab.waitFor('the failure is noticed', ({ failures }) => failures.length > 0)
  expect(monotonicMs() - killed).toBeLessThan(20_000)
  await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
  await lab.waitFor(
    'node2 is in sync',
    (now) => now.attribute('node2', 'pgsql-data-status') === 'STREAMING|SYNC' && now.failures.length === 0,
  )
  await node1.must(['crm_resource', '--wait', '--timeout', '60'])
})

test('a server that was stopped by hand, and an address on two nodes: refused until it is as it was', async () => {
  await node1.must(['ocf-ts', 'pause'])
  const address = ['ip', 'address', 'add', '192.168.100.163/24', 'dev', 'eth0']
  await node2.must(address)
  await pgCtl(node1, '-m', 'fast', 'stop')
  const refused = await resume(node2)
  expect(refused).toMatchObject({ code: 3, paused: true })
  expect(refused.differences.map(({ text }) => text)).toEqual([
    'the cluster believes pgsql a primary on node1, and it is stopped',
    'the cluster believes vip-master (192.168.100.163) on node1, and node1 and node2 have it',
  ])
  expect(refused.differences[0]?.advice).toMatch(/^start it there as a primary, or 'ocf-ts resume --refresh'/)
  const { stderr, code } = await node1.run(['ocf-ts', 'resume'])
  expect(code).toBe(3)
  expect(stderr).toMatch(
    /^- the cluster believes pgsql a primary on node1, and it is stopped\n {4}do: start it/,
  )

  await node2.must(address.map((word) => (word === 'add' ? 'delete' : word)))
  await pgCtl(node1, '-l', '/var/log/postgresql/by-hand.log', '-o', '-p 5432', 'start')
  expect(await resume(node1)).toMatchObject({ code: 0, paused: false, differences: [], troubles: [] })
  const status = await lab.status()
  expect(status.promoted('pgsql')).toEqual(['node1'])
  expect(status.failures).toEqual([])
})

test('--refresh: the cluster sees what was changed, and says what it would do; --force lets it', async () => {
  await node1.must(['ocf-ts', 'pause'])
  await pgCtl(node2, '-m', 'fast', 'stop')
  const before = await started(node1)
  const refreshed = await resume(node1, '--refresh')
  expect(refreshed).toMatchObject({ code: 3, paused: true, differences: [] })
  expect(refreshed.upcoming.join('\n')).toMatch(/^start pgsql(?::\d)? on node2$/m)
  expect(await started(node1)).toBe(before)
  expect((await lab.status()).role('pgsql', 'node2')).toBe('Stopped')

  expect(await resume(node1, '--force')).toMatchObject({ code: 0, paused: false, troubles: [] })
  expect(await started(node1)).toBe(before)
  await lab.waitFor(
    'node2 is in sync',
    (now) => now.attribute('node2', 'pgsql-data-status') === 'STREAMING|SYNC',
  )
})
