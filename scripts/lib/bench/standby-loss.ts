/** How long writes stand still when a standby dies, of three nodes of which any standby may acknowledge a commit. */
import { type ClusterStatus, type DocumentClusterOptions, type Lab } from '../../../test/cluster/lab'
import { waitIdle } from './calm'
import { type Options, roundTeller } from './outage'

export interface StandbyLoss {
  readonly standby: string
  /** The longest time without an acknowledged row. */
  readonly outageMs: number
  readonly acknowledged: number
}

export const QUORUM_NODES = ['node1', 'node2', 'node3']
export const QUORUM_CLUSTER: DocumentClusterOptions = { pgsqlParams: { sync_method: 'quorum' } }

const streams =
  (...nodes: readonly string[]) =>
  (status: ClusterStatus): boolean =>
    nodes.every((node) => status.attribute(node, 'pgsql-data-status') === 'STREAMING|QUORUM')

/** Kills one standby after the other, again and again. */
export async function measureStandbyLosses(
  lab: Lab,
  { rounds, onStep }: Options,
): Promise<readonly StandbyLoss[]> {
  const [primary = '', ...standbys] = QUORUM_NODES
  const results: StandbyLoss[] = []
  for (let index = 0; index < rounds; index += 1) {
    const tell = roundTeller(onStep, index, rounds)
    const standby = standbys[index % standbys.length] ?? ''
    tell('wait until the cluster is calm')
    await lab.waitFor('both standbys stream', streams(...standbys), { timeoutMs: 120_000 })
    await waitIdle(lab)
    tell('write')
    const load = await lab.startWriteLoad()
    try {
      await load.waitForMore(100)
      tell(`kill -9 on ${standby}`)
      lab.node(standby).killPostgres()
      await lab.waitFor(
        `${standby} has failed and is stopped`,
        (now) =>
          now.failures.some(({ node }) => node === standby) &&
          now.attribute(standby, 'pgsql-status') === 'STOP',
      )
      await load.waitForMore(100)
      const { outage, acknowledged } = await load.stop()
      results.push({ standby, outageMs: outage.ms, acknowledged: acknowledged.length })
      const lost = await load.lostRows(lab.node(primary))
      if (lost.length > 0) throw new Error(`ROWS WERE LOST on ${primary}: ${lost.join(' ')}`)
    } finally {
      await load.stop()
    }
    await lab.node(primary).must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
  }
  return results
}
