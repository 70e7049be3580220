/**
 * The primary's node sleeps, as a virtual machine does during a snapshot or a migration, and goes on as if nothing had
 * been: the node that the majority has promoted meanwhile stays the primary, and nothing that it acknowledged is lost.
 *
 * @systems debian12 debian13
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ClusterStatus, Lab, type LabNode, makeDocumentCluster, serves, type WriteLoad } from './lab'
import { resume, suspend } from './lab/sleep'

const MINUTE = 60_000

let lab: Lab
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create({ nodes: ['node1', 'node2', 'node3'] })
  await makeDocumentCluster(lab, { initdb: { checksums: true }, pgsqlParams: { rejoin: 'rewind' } })
  for (const node of lab.nodes) {
    await node.must(['tee', '--append', `${node.pgData}/pg_hba.conf`], {
      user: 'postgres',
      input: 'host postgres postgres 192.168.2.0/24 trust\n',
    })
    await node.sql('select pg_reload_conf()')
  }
  const text = lab.crmText({ provider: 'ts', pgsqlParams: { rejoin: 'rewind' } })
  await lab.configure(
    text
      .replace('no-quorum-policy="ignore"', 'no-quorum-policy="stop" cluster-recheck-interval="10s"')
      .replace('migration-threshold="1"', 'migration-threshold="1" failure-timeout="10s"'),
  )
}, 6 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

const primaryOf = (status: ClusterStatus): LabNode | undefined =>
  lab.nodes.find((node) => serves(node)(status))

/** One primary, and both of the others stream, without a failure that is remembered. */
const isHealthy = (status: ClusterStatus): boolean => {
  const primary = primaryOf(status)
  const streaming = lab.nodes.filter(
    ({ name }) => status.attribute(name, 'pgsql-data-status')?.startsWith('STREAMING|') === true,
  )
  return (
    primary !== undefined &&
    status.promoted('pgsql').length === 1 &&
    streaming.length === lab.nodes.length - 1 &&
    streaming.some(({ name }) => status.attribute(name, 'master-pgsql') === '100') &&
    status.failCounts.length === 0
  )
}

const promotion = (status: ClusterStatus, { name }: LabNode): number =>
  Number(/^\d+/.exec(status.attribute(name, 'pgsql-promotion') ?? '0')?.[0])

test.each([0, 8])(
  'it wakes %d seconds after another node serves',
  async (seconds) => {
    const before = await lab.waitFor('the cluster is healthy', isHealthy, { timeoutMs: MINUTE })
    const sleeper = primaryOf(before)
    const witness = lab.nodes.find((node) => node !== sleeper)
    if (sleeper === undefined || witness === undefined) throw new Error('there is no primary')
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    await suspend(sleeper)
    const serving = await lab.waitFor(
      'another node serves',
      (status) => ![undefined, sleeper].includes(primaryOf(status)),
      { from: witness.name },
    )
    const promoted = primaryOf(serving)
    // How long it goes on serving before the sleeper wakes is what is tested.
    await sleep(seconds * 1000)
    await resume(sleeper)

    const after = await lab.waitFor('the cluster is healthy again', isHealthy, {
      timeoutMs: 2 * MINUTE,
      from: witness.name,
    })
    // What the majority decided holds.
    expect(primaryOf(after)?.name).toBe(promoted?.name)
    await load.waitForMore(50)
    await load.stop()
    for (const node of lab.nodes) {
      if (node !== sleeper) expect([node.name, await load.lostRows(node)]).toEqual([node.name, []])
    }
    const [was, is] = [promotion(after, sleeper), promotion(after, promoted ?? sleeper)]
    expect(is).toBeGreaterThan(was)
    for (const { name } of lab.nodes) {
      expect(after.attribute(name, 'pgsql-epoch')).toBe(`${is} ${promoted?.name ?? ''}`)
    }
    expect(after.resources.filter(({ blocked }) => blocked)).toEqual([])
  },
  5 * MINUTE,
)
