/** The document's cluster, made by the document's steps (chapters 4.6 to 5.1). */
import { type Provider } from './crm-text'
import type { Lab } from './lab'
import { type InitdbOptions, preparedInitdb } from './postgres'
import type { ClusterStatus } from '../../../lib/cluster/status'

export interface DocumentClusterOptions {
  /** Default: ts. */
  readonly provider?: Provider
  /** Parameters of `pgsql` to change or add; null leaves one of the document's out. */
  readonly pgsqlParams?: Readonly<Record<string, string | null>>
  readonly initdb?: InitdbOptions
  /** What the first standby becomes. Default: HS:sync, and then the address of the readers moves to it. */
  readonly reading?: string
  /** Told of every step as it begins. */
  readonly onStep?: (text: string) => void
}

export interface DocumentCluster {
  /** What crmsh said to the configuration; empty when all is well. */
  readonly configureOutput: string
  readonly status: ClusterStatus
}

/** The address that standbys replicate from, wherever the primary is. */
export const vipRep = '192.168.2.3'

/**
 * From bare nodes to replication: the first node becomes the primary, the others are copied from it and join
 * as standbys. Resolves when the second node is HS:sync and every other one replicates.
 */
export async function makeDocumentCluster(
  lab: Lab,
  options: DocumentClusterOptions = {},
): Promise<DocumentCluster> {
  const { provider = 'ts', reading = 'HS:sync', onStep = () => undefined } = options
  const [primary, ...standbys] = lab.nodes
  if (!primary) throw new Error('the lab has no nodes')

  onStep(`initialise the database on ${primary.name}`)
  await preparedInitdb(primary, lab.record.root ?? '/', options.initdb)
  onStep(`start the cluster on ${primary.name}`)
  await primary.boot()
  await lab.waitOnline([primary.name])
  onStep('load pgsql.crm')
  const configureOutput = await lab.configure(lab.crmText({ provider, ...pick(options) }))
  onStep(`wait until ${primary.name} is primary`)
  let status = await lab.waitFor(
    `${primary.name} is PRI and holds the addresses`,
    (now) =>
      now.attribute(primary.name, 'pgsql-status') === 'PRI' &&
      ['vip-master', 'vip-rep'].every((vip) => now.nodeOf(vip) === primary.name),
    { timeoutMs: 120_000 },
  )
  for (const standby of standbys) {
    onStep(`copy the database to ${standby.name}`)
    await standby.baseBackup(vipRep)
    onStep(`start the cluster on ${standby.name}`)
    await standby.boot()
    onStep(`wait until ${standby.name} replicates`)
    const wanted = standby === standbys[0] ? [reading] : ['HS:sync', 'HS:potential', 'HS:async']
    status = await lab.waitFor(
      `${standby.name} is ${wanted.join(' or ')}`,
      (now) => wanted.includes(now.attribute(standby.name, 'pgsql-status') ?? ''),
      { timeoutMs: 120_000 },
    )
  }
  if (standbys.length > 0 && reading === 'HS:sync') {
    onStep('wait for the address of the readers')
    status = await lab.waitFor(
      'vip-slave is on a synchronous standby',
      (now) => now.attribute(now.nodeOf('vip-slave') ?? '', 'pgsql-status') === 'HS:sync',
    )
  }
  return { configureOutput, status }
}

function pick({ pgsqlParams }: DocumentClusterOptions): Pick<DocumentClusterOptions, 'pgsqlParams'> {
  return pgsqlParams ? { pgsqlParams } : {}
}
