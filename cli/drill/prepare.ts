/** Everything that is looked at before a drill changes anything. */
import { type Primitive, readConfiguration } from '../../lib/cluster/configuration'
import { VERSION } from '../../lib/version'
import { chooseDatabase } from '../cluster/view'
import { clientVariables } from '../environment'
import { CommandError, Exit } from '../exit'
import { type DatabaseReport, type StatusReport } from '../status/report'
import { objectionsTo } from './checks'
import { Cluster } from './cluster'
import { type Fault, faultOn, prepareFault } from './fault'
import { type Kind } from './kinds'
import { probe } from './schema'
import { describeTarget, makeTarget, type Target } from './target'
import { writerAddresses } from './writer-address'

export interface DrillFlags {
  readonly kind: Kind
  readonly resource?: string
  /** Rows a second. */
  readonly rate: number
  readonly conninfo?: string
  /** Nodes to ask, from a machine that is none of the cluster's. */
  readonly via?: readonly string[]
  readonly yes?: true
  readonly force?: true
  /** Seconds. */
  readonly timeout: number
  /** Seconds. */
  readonly waitReturn: number
  /** The file; true for one of the date in this directory. */
  readonly report: string | boolean
  readonly json?: true
  readonly box?: true
  /** How the box takes a node's power. */
  readonly power?: readonly string[]
}

export interface Preparation {
  readonly cluster: Cluster
  readonly database: Primitive
  /** The whole cluster as it was. */
  readonly report: StatusReport
  readonly before: DatabaseReport
  readonly primary: string
  readonly target: Target
  /** The resource of the address that is written to, where it is one of the cluster's. */
  readonly address: string | undefined
  readonly fault: Fault
  readonly parameters: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  /** What `--force` overrode. */
  readonly objections: readonly string[]
}

/** What of the configuration decides how a failover goes. */
function parametersOf(
  { parameters, meta }: Primitive,
  target: Target,
  { rate, timeout, waitReturn }: DrillFlags,
): Record<string, string> {
  const configured = (from: Readonly<Record<string, string | undefined>>, names: readonly string[]) =>
    names.flatMap((name) => {
      const value = from[name]
      return value === undefined ? [] : [[name, value] as const]
    })
  return Object.fromEntries([
    ['written to', describeTarget(target)],
    ['rate', `${rate} rows a second`],
    ['waited for writes', `at the most ${timeout} s`],
    ['waited for the old primary', `at the most ${waitReturn} s`],
    ...configured(parameters, [
      ...['rep_mode', 'sync_policy', 'sync_standbys', 'sync_method', 'max_lag'],
      ...['rejoin', 'monitor_timeout', 'stop_escalate', 'restart_on_promote'],
    ]),
    ...configured(meta, ['migration-threshold', 'failure-timeout', 'resource-stickiness']),
  ])
}

function refuse(objections: readonly string[], advice: string): never {
  throw new CommandError(Exit.REFUSED, `no drill now: ${objections.join('; ')}`, advice)
}

/** @throws CommandError when there will be no drill, and why */
export async function prepare(flags: DrillFlags): Promise<Preparation> {
  const reached = await Cluster.reach(flags.via ?? [])
  const report = await reached.report()
  const xml = await reached.cib()
  const configuration = readConfiguration(xml)
  const database = chooseDatabase(configuration, flags.resource)
  const before = report.databases.find(({ resource }) => resource === database.id)
  if (before === undefined) throw new Error(`ocf-ts status does not know ${database.id}`)
  const { final, others } = objectionsTo(report, before)
  if (final.length > 0) refuse(final, `see 'ocf-ts status'`)
  if (others.length > 0 && !flags.force) refuse(others, `see 'ocf-ts status'; --force begins it all the same`)
  const primary = before.primary ?? ''
  const cluster = reached.avoiding(primary)

  const addresses = writerAddresses(xml, database)
  const port = database.parameters['pgport']
  const target = makeTarget(flags.conninfo, clientVariables(), addresses[0]?.address, port)
  const pacemaker = configuration.properties['dc-version']
  const context = { cluster, database, node: primary, cib: xml, power: flags.power ?? [] }
  const fault = prepareFault(flags.kind, context)
  const [{ version }] = await Promise.all([
    probe(target),
    flags.kind === 'kill' || flags.kind === 'freeze' ? faultOn(context, 'look') : undefined,
  ])
  return {
    cluster,
    database,
    report,
    before,
    primary,
    target,
    address: addresses.find(({ address }) => address === target.host)?.resource,
    fault,
    parameters: parametersOf(database, target, flags),
    versions: {
      'ocf-ts': VERSION,
      agent: database.agent,
      PostgreSQL: version,
      pacemaker: pacemaker ?? 'unknown',
      'messaging layer': configuration.properties['cluster-infrastructure'] ?? 'unknown',
      'Node.js': process.version,
    },
    objections: others,
  }
}
