/**
 * The cluster that a storm plays on: the document's, of three nodes, and so that nobody has to do anything after a
 * fault.
 *
 * - `no-quorum-policy=stop`: a majority decides.
 * - `migration-threshold=1`, the document's: a failure moves the primary. (With 0 or more than 1 it would be recovered
 *   where it is, and most faults would never come to an election.)
 * - `failure-timeout=20s` for everything: it is what `crm resource cleanup` is for a person. A failed start (that waits
 *   for a rejoin, or for a primary) is tried again by it. Longer than a failover takes, as the README asks.
 * - `cluster-recheck-interval=30s`: what pacemaker does not look at by itself, it looks at then.
 * - A failed stop blocks the resource (`on-fail=block`, the document's) where there is no fencing: nothing else is safe.
 *   So without fencing no agent is killed that stops something. With fencing the node is fenced.
 * - The interval of the primary's monitor (2 s) and of the standby's (7 s), the timeouts (60 s): the document's.
 */
import { type DocumentClusterOptions, type Lab, makeDocumentCluster } from '../../../test/cluster/lab'
import { fenceConfiguration } from './fence-agent'
import { type StormOptions } from './options'
import { HBA } from './writers'

const FAILURE_TIMEOUT = '20s'
const RECHECK_INTERVAL = '30s'

const MODES: Readonly<Record<StormOptions['mode'], Readonly<Record<string, string>>>> = {
  sync: {},
  async: { rep_mode: 'async' },
  quorum: { sync_method: 'quorum' },
  strict: { sync_policy: 'strict' },
}

/** From bare nodes to a cluster in which all nodes stream. Returns what crmsh said to the configuration. */
export async function makeStormCluster(
  lab: Lab,
  { mode, rejoin, fence }: StormOptions,
  onStep: (text: string) => void,
): Promise<void> {
  const pgsqlParams = { ...MODES[mode], rejoin, rejoin_keep: '1' }
  const document: DocumentClusterOptions = {
    pgsqlParams,
    ...(mode === 'async' ? { reading: 'HS:async' } : {}),
    initdb: {
      checksums: true,
      // The disk is small; connections that wait for a standby pile up.
      settings: {
        wal_keep_size: '256MB',
        max_wal_size: '256MB',
        max_connections: '200',
        log_checkpoints: 'on',
      },
    },
    onStep,
  }
  await makeDocumentCluster(lab, document)
  onStep('let the writers and pg_rewind in')
  for (const node of lab.nodes) {
    const hba = `${node.pgData}/pg_hba.conf`
    const lines = await node.must(['cat', hba])
    const rewind = 'host postgres postgres 192.168.2.0/24 trust\n'
    await node.writeFile(hba, `${HBA}${lines}${rewind}`, { user: 'postgres' })
    await node.sql('select pg_reload_conf()')
  }
  // First the devices: without one pacemaker starts nothing where fencing is on.
  if (fence) await lab.configure(fenceConfiguration(lab.record.nodes))
  onStep('load what lets the cluster do without a person')
  await lab.configure(unattended(lab.crmText({ provider: 'ts', pgsqlParams }), fence))
}

/** The document's configuration with the values above. */
export function unattended(text: string, fence: boolean): string {
  const changed = text
    .replace(
      'no-quorum-policy="ignore"',
      `no-quorum-policy="stop" cluster-recheck-interval="${RECHECK_INTERVAL}"`,
    )
    .replace('migration-threshold="1"', `migration-threshold="1" failure-timeout="${FAILURE_TIMEOUT}"`)
  return fence
    ? changed
        .replace('stonith-enabled="false"', 'stonith-enabled="true"')
        .replaceAll('on-fail="block"', 'on-fail="fence"')
    : changed
}
