/** How soon a primary that was killed is a synchronous standby, without a person: with rejoin=rewind. */
import { type DocumentClusterOptions, type Lab, monotonicMs } from '../../../test/cluster/lab'
import { findParts, isInSync } from '../replication'
import { killAtPhase, type KillRound, type Options, roundTeller } from './outage'
import { playRound } from './round'

/** How long the cluster remembers a failure: without it, migration-threshold=1 keeps the node out until a person cleans up. */
const FAILURE_TIMEOUT = '20s'

export type RejoinRound = KillRound & {
  /** From the kill until the old primary is a synchronous standby. */
  readonly returnMs: number
}

export const REJOIN_CLUSTER: DocumentClusterOptions = {
  initdb: { checksums: true },
  pgsqlParams: { rejoin: 'rewind' },
}

/** Kills the primary again and again, and does nothing else. */
export async function measureRejoins(lab: Lab, { rounds, onStep }: Options): Promise<readonly RejoinRound[]> {
  const [first] = lab.nodes
  for (const node of lab.nodes) {
    // As pg_rewind, repuser reads a database of the primary.
    await node.must(['tee', '--append', `${node.pgData}/pg_hba.conf`], {
      user: 'postgres',
      input: 'host postgres postgres 192.168.2.0/24 trust\n',
    })
    await node.sql('select pg_reload_conf()')
  }
  const meta = ['crm_resource', '--resource', 'msPostgresql', '--meta']
  await first?.must([
    ...meta,
    ...['--set-parameter', 'failure-timeout', '--parameter-value', FAILURE_TIMEOUT],
  ])
  const results: RejoinRound[] = []
  let [primary, standby] = await findParts(lab)
  for (let index = 0; index < rounds; index += 1) {
    const tell = roundTeller(onStep, index, rounds)
    const phase = (index + 0.5) / rounds
    const old = primary
    const trouble = () => {
      tell(`kill -9 on ${old}`)
      return killAtPhase(lab, old, phase)
    }
    const [round, { atMs, periodMs }] = await playRound(lab, {
      primary,
      standby,
      next: standby,
      trouble,
      tell,
    })
    ;[primary, standby] = [standby, primary]
    tell(`wait until ${old} is back`)
    await lab.waitFor(`${old} is in sync with ${primary}`, isInSync(primary, old), { timeoutMs: 180_000 })
    results.push({ ...round, phase, periodMs, returnMs: monotonicMs() - atMs })
  }
  return results
}
