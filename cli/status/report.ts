/** The state of the cluster as `status` tells it, from one look and what the nodes say of themselves. */
import { attributeNames } from '../../agents/pgsql/names'
import { type Primitive } from '../../lib/cluster/configuration'
import { sameNode } from '../../lib/cluster/snapshot'
import { changeUnderWay, type ResourceStatus } from '../../lib/cluster/status'
import { writeLsn } from '../../lib/postgres/lsn'
import { databasesOf, type ClusterView } from '../cluster/view'
import { type NodeFacts, type StandbyFacts } from '../nodes/facts'
import { type Gathered } from '../nodes/gather'
import { describeRisk, type Risk } from './risk'
import { isFencingEnabled } from '../../lib/cluster/fencing'

export interface MemberReport {
  readonly node: string
  /** `online`, `standby`, `maintenance`, `pending`, `UNCLEAN`, `offline`. */
  readonly state: string
  /** `primary`, `standby`, `stopped`; `promoting`, … while the cluster is at it. */
  readonly role: string
  /** Its stop has failed without fencing: the cluster does not monitor it, and moves nothing until a person has looked. */
  readonly blocked: boolean
  /** The node attributes, as crm_mon shows them. */
  readonly status: string | null
  readonly dataStatus: string | null
  readonly score: string | null
  readonly refused: string | null
  readonly waiting: string | null
  readonly rejoin: string | null
  readonly timeline: number | null
  /** As PostgreSQL writes it: `0/3000148`. */
  readonly lsn: string | null
  readonly lagBytes: number | null
  readonly lagSeconds: number | null
  readonly syncState: string | null
  /** The lock file is there. */
  readonly locked: boolean | null
  /** What could not be found out, and why. */
  readonly unknown: readonly string[]
}

export interface DatabaseReport {
  readonly resource: string
  readonly agent: string
  readonly clone: string | null
  readonly mode: string | null
  readonly primary: string | null
  readonly members: readonly MemberReport[]
  /** Whether a failover now would lose commits. */
  readonly risk: Risk
}

export interface AddressReport {
  readonly resource: string
  readonly address: string
  readonly node: string | null
}

export interface FailureReport {
  readonly resource: string
  readonly action: string
  readonly node: string
  readonly result: string
  readonly reason: string
}

export interface StatusReport {
  readonly asked: string
  readonly quorate: boolean
  readonly maintenance: boolean
  readonly fencing: boolean
  readonly dc: string | null
  readonly nodes: readonly { readonly node: string; readonly state: string }[]
  readonly databases: readonly DatabaseReport[]
  readonly addresses: readonly AddressReport[]
  readonly failures: readonly FailureReport[]
  /** What the cluster is about to do, in its order. */
  readonly upcoming: readonly string[]
}

const isTrue = (text: string | undefined): boolean => /^(?:true|yes|on|y|1)$/i.test(text ?? '')

function stateOf({ status }: ClusterView, name: string): string {
  const node = status.nodes.find((one) => sameNode(one.name, name))
  if (node === undefined) return 'unknown'
  if (node.unclean) return 'UNCLEAN'
  if (node.pending) return 'pending'
  if (!node.online) return 'offline'
  return node.standby ? 'standby' : node.maintenance ? 'maintenance' : 'online'
}

const ROLES: Readonly<Record<string, string | undefined>> = {
  Promoted: 'primary',
  Unpromoted: 'standby',
  Started: 'running',
  Stopped: 'stopped',
}

function roleOf(instance: ResourceStatus | undefined): string {
  if (instance === undefined) return 'stopped'
  return changeUnderWay(instance)?.toLowerCase() ?? ROLES[instance.role] ?? instance.role.toLowerCase()
}

/** A node's attribute: crm_mon tells those of nodes that are there, the CIB the lasting ones of the others too. */
function attributeOf({ status, snapshot }: ClusterView, node: string, name: string): string | null {
  const shown = status.nodes.find((one) => sameNode(one.name, node))?.attributes[name]
  return shown ?? snapshot.nodes.find((one) => sameNode(one.name, node))?.permanent[name] ?? null
}

/** A standby as its primary sees it, by the name under which it connects. */
export function asSeenByPrimary(primary: NodeFacts | undefined, node: string): StandbyFacts | undefined {
  return primary?.sql?.standbys.find(({ applicationName }) => applicationName === node.toLowerCase())
}

function lagOf(primary: NodeFacts | undefined, own: NodeFacts | undefined, node: string) {
  const seen = asSeenByPrimary(primary, node)
  if (seen) {
    const { replayLag, replayLagSeconds } = seen
    return { bytes: replayLag, seconds: replayLag === 0 ? 0 : replayLagSeconds }
  }
  const [end, mine] = [primary?.sql?.position, own?.sql?.replayed ?? own?.sql?.position]
  const bytes = end && mine ? Math.max(0, Number(BigInt(`0x${end}`) - BigInt(`0x${mine}`))) : null
  return { bytes, seconds: bytes === 0 ? 0 : (own?.sql?.replayAge ?? null) }
}

function reportMember(
  view: ClusterView,
  { id }: Primitive,
  node: string,
  gathered: Gathered | undefined,
  primary: NodeFacts | undefined,
): MemberReport {
  const names = attributeNames(id)
  const own = gathered?.facts
  const [instance] = view.status.instancesOn(id, node)
  const role = roleOf(instance)
  const isPrimary = role === 'primary'
  const lag = isPrimary ? { bytes: null, seconds: null } : lagOf(primary, own, node)
  const attribute = (name: string): string | null => attributeOf(view, node, name)
  // That a server which does not run says nothing is no news.
  const unknown = gathered === undefined ? [] : gathered.facts ? gathered.facts.unknown : [gathered.why]
  const position = own?.sql ? own.sql.position : (own?.control?.checkpoint ?? null)
  return {
    node,
    state: stateOf(view, node),
    role,
    blocked: view.status.isBlocked(id, node),
    status: attribute(names.status),
    dataStatus: attribute(names.dataStatus),
    score: attribute(`master-${id}`),
    refused: attribute(names.refused),
    waiting: attribute(names.waiting),
    rejoin: attribute(names.rejoin),
    timeline: own?.sql?.timeline ?? own?.control?.timeline ?? null,
    lsn: position === null ? null : writeLsn(position),
    lagBytes: own?.sql || asSeenByPrimary(primary, node) ? lag.bytes : null,
    lagSeconds: own?.sql || asSeenByPrimary(primary, node) ? lag.seconds : null,
    syncState: isPrimary ? null : (asSeenByPrimary(primary, node)?.syncState ?? null),
    locked: own ? own.lock !== null : null,
    unknown,
  }
}

function nodesOf(view: ClusterView, { parameters }: Primitive): readonly string[] {
  const listed = (parameters['node_list'] ?? '').split(/\s+/).filter(Boolean)
  const known = view.status.nodes.map(({ name }) => name)
  return listed.length === 0
    ? known
    : listed.map((name) => known.find((other) => sameNode(other, name)) ?? name)
}

/** The nodes that can be asked about a database. */
export function membersToAsk(view: ClusterView, database: Primitive): readonly string[] {
  return nodesOf(view, database).filter((name) =>
    view.status.nodes.some((node) => sameNode(node.name, name) && node.online),
  )
}

function reportDatabase(
  view: ClusterView,
  database: Primitive,
  gathered: readonly Gathered[],
): DatabaseReport {
  const { id, agent, clone, parameters } = database
  const [promoted] = view.status.promoted(id)
  const primary = gathered.find(({ node }) => promoted !== undefined && sameNode(node, promoted))?.facts
  const members = nodesOf(view, database).map((node) =>
    reportMember(
      view,
      database,
      node,
      gathered.find((one) => sameNode(one.node, node)),
      primary,
    ),
  )
  const mode = parameters['rep_mode'] ?? null
  return {
    resource: id,
    agent,
    clone: clone?.id ?? null,
    mode,
    primary: promoted ?? null,
    members,
    risk: describeRisk({ resource: id, mode, members, maintenance: isInMaintenance(view) }),
  }
}

function isInMaintenance({ configuration }: ClusterView): boolean {
  return isTrue(configuration.properties['maintenance-mode'])
}

/**
 * @param gathered - what the nodes say, by the id of the database
 * @param upcoming - what the cluster is about to do
 */
export function makeReport(
  view: ClusterView,
  gathered: Readonly<Record<string, readonly Gathered[]>>,
  upcoming: readonly string[],
): StatusReport {
  const { status, configuration } = view
  return {
    asked: view.local,
    quorate: status.quorate,
    maintenance: isInMaintenance(view),
    fencing: isFencingEnabled(configuration.properties),
    dc: status.dc ?? null,
    nodes: status.nodes.map(({ name }) => ({ node: name, state: stateOf(view, name) })),
    databases: databasesOf(configuration).map((database) =>
      reportDatabase(view, database, gathered[database.id] ?? []),
    ),
    addresses: configuration.primitives
      .filter(({ agent }) => /:IPaddr2?$/.test(agent))
      .map(({ id, parameters }) => ({
        resource: id,
        address: parameters['ip'] ?? '',
        node: status.nodeOf(id) ?? null,
      })),
    failures: status.failures.map(({ resource, task, node, exitStatus, status: how, exitReason }) => ({
      resource,
      action: task,
      node,
      result: how === 'complete' ? exitStatus : how,
      reason: unescapeXml(exitReason),
    })),
    upcoming,
  }
}

/** crm_mon of pacemaker 2.1 escapes some characters of a reason twice. */
function unescapeXml(text: string): string {
  return text.replaceAll('&apos;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
