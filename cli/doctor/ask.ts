/** Collecting what the checks look at: from this node, and from every other one at the same time. */
import { hostname } from 'node:os'
import { type Configuration, readConfiguration } from '../../lib/cluster/configuration'
import { sameNode } from '../../lib/cluster/snapshot'
import { parseStatus } from '../../lib/cluster/status'
import { Deadline, messageOf } from '../../lib/ocf'
import { type ClusterView, databasesOf, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { askTool } from '../nodes/answer'
import { runOn } from '../nodes/shell'
import { type ExaminedNode, type Examination, isReplicated, virtualAddresses } from './examination'
import { type DoctorFacts } from './facts'
import { doctorFactsForm, reachedForm } from './facts-form'
import { readOwnCib } from './own/cib'
import { gatherDoctorFacts } from './own/gather'
import { ownHaCf } from './own/heartbeat'
import { reach } from './reach'
import { replicationAddress } from './replication-address'

const FACTS_MS = 20_000
const REACH_MS = 10_000
const VIEW_MS = 10_000

async function askNode(local: string, name: string): Promise<ExaminedNode> {
  const sent = Date.now()
  const told = (facts: DoctorFacts | undefined, why: string | undefined): ExaminedNode => ({
    name,
    facts,
    why,
    asked: { sent, received: Date.now() },
    reached: [],
  })
  try {
    const facts = sameNode(name, local)
      ? await gatherDoctorFacts()
      : await askTool({ local }, name, {
          args: ['doctor-facts'],
          form: doctorFactsForm,
          timeoutMs: FACTS_MS,
        })
    return told(facts, undefined)
  } catch (error) {
    return told(undefined, messageOf(error))
  }
}

/** The ports at which a node's standby would look for a primary, now or after the next failover. */
export function portsToReach(
  configuration: Configuration | undefined,
  nodes: readonly ExaminedNode[],
  from: string,
): readonly string[] {
  const moving = virtualAddresses({ configuration }).map(({ address }) => address)
  return (configuration ? databasesOf(configuration) : []).filter(isReplicated).flatMap((database) => {
    const { master_ip: masterIp } = database.parameters
    if (masterIp === undefined) return []
    return nodes.flatMap(({ name, facts }) => {
      const own = facts?.databases.find(({ resource }) => resource === database.id)
      if (name === from || own?.node.server !== 'running') return []
      const address = replicationAddress(facts?.interfaces ?? [], masterIp, moving)
      return address === undefined ? [] : [`${address}:${own.server?.settings['port'] ?? '5432'}`]
    })
  })
}

async function askReach(local: string, node: ExaminedNode, ports: readonly string[]): Promise<ExaminedNode> {
  if (node.facts === undefined || ports.length === 0) return node
  try {
    const reached = sameNode(node.name, local)
      ? await reach(ports)
      : await askTool({ local }, node.name, {
          args: ['doctor-reach', ...ports],
          form: reachedForm,
          timeoutMs: REACH_MS,
        })
    return { ...node, reached }
  } catch (error) {
    const unknown = [...node.facts.unknown, `ports of the other nodes: ${messageOf(error)}`]
    return { ...node, facts: { ...node.facts, unknown } }
  }
}

/** What the cluster says, live. */
type Live = Pick<ClusterView, 'configuration' | 'status'>

async function viewOf(): Promise<ClusterView | undefined> {
  try {
    return await lookAtCluster()
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}

/** Where pacemaker does not run here, what it says on the first other node on which it does. */
async function viewFrom(local: string, nodes: readonly ExaminedNode[]): Promise<Live | undefined> {
  const other = nodes.find(({ name, facts }) => !sameNode(name, local) && facts?.pacemaker === true)?.name
  if (other === undefined) return undefined
  const ask = async (...argv: readonly [string, ...string[]]): Promise<string | undefined> => {
    const { code, stdout } = await runOn({ local }, other, argv, VIEW_MS)
    return code === 0 ? stdout : undefined
  }
  try {
    const [xml, mon] = await Promise.all([
      ask('cibadmin', '--query'),
      ask('crm_mon', '-Afr1', '--output-as=xml'),
    ])
    if (xml === undefined || mon === undefined) return undefined
    return { configuration: readConfiguration(xml), status: parseStatus(other, mon) }
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}

/** The nodes that there are, from the cluster or, where heartbeat has none, from ha.cf; this one in any case. */
function nodeNames(configuration: Configuration | undefined, local: string): readonly string[] {
  const heartbeats = (ownHaCf() ?? [])
    .filter(([name]) => name === 'node')
    .flatMap(([, value]) => value.split(/\s+/))
  const names = configuration?.nodes.length ? configuration.nodes : heartbeats
  return names.some((name) => sameNode(name, local)) ? names : [local, ...names]
}

/**
 * Asks everybody. A node that does not answer holds up nobody.
 *
 * @throws CommandError UNREACHABLE where there is no cluster
 */
export async function examine(): Promise<Examination> {
  const view = await viewOf()
  const { xml } = view ?? (await readOwnCib(new Deadline(5000)))
  const stored = view?.configuration ?? (xml === undefined ? undefined : readConfiguration(xml))
  if (stored === undefined && ownHaCf() === undefined) {
    throw new CommandError(
      Exit.UNREACHABLE,
      "there is no cluster on this node: neither a configuration of pacemaker's nor one of heartbeat's",
      'run it on a node of the cluster, as root',
    )
  }
  const local = view?.local ?? hostname()
  const names = nodeNames(stored, local)
  const asked = await Promise.all(names.map((name) => askNode(local, name)))
  const live = view ?? (await viewFrom(local, asked))
  const configuration = live?.configuration ?? stored
  const nodes = await Promise.all(
    asked.map((node) => askReach(local, node, portsToReach(configuration, asked, node.name))),
  )
  return { local, configuration, status: live?.status, nodes }
}
