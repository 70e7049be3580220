/** What the cluster says of itself: `crm_mon -Afr1 --output-as=xml`, as plain objects. */
import { sameNode } from './snapshot'
import { attribute, childrenOf, type Element, nameOf, parseOutput } from './tree'

export interface NodeStatus {
  readonly name: string
  /** A full member of the cluster. */
  readonly online: boolean
  readonly standby: boolean
  readonly maintenance: boolean
  readonly pending: boolean
  readonly unclean: boolean
  readonly isDc: boolean
  /** `pgsql-status`, `master-pgsql`, …; pacemaker tells those of online nodes only. */
  readonly attributes: Readonly<Record<string, string>>
}

export type Role = 'Started' | 'Stopped' | 'Promoted' | 'Unpromoted' | (string & {})

/** One resource on one node, or a stopped one (of a clone: one of its stopped instances). */
export interface ResourceStatus {
  readonly id: string
  readonly agent: string
  readonly role: Role
  readonly node: string | undefined
  readonly active: boolean
  readonly failed: boolean
  readonly blocked: boolean
  readonly managed: boolean
  readonly orphaned: boolean
  /** Action in progress, e.g. `Promoting`. */
  readonly pending: string | undefined
}

/**
 * What is being done to a resource that may change where and how it runs. A recurring monitor that has just begun is
 * shown as an action in progress, too, until its first answer.
 */
export function changeUnderWay({ pending }: ResourceStatus): string | undefined {
  return pending === 'Monitoring' ? undefined : pending
}

/** A failed action, as in crm_mon's last section. */
export interface FailedAction {
  readonly resource: string
  readonly task: string
  readonly intervalMs: number
  readonly node: string
  readonly exitCode: number
  /** The exit code in a word or two: `not running`. */
  readonly exitStatus: string
  readonly exitReason: string
  /** `complete`, `Timed Out`, … */
  readonly status: string
}

export interface FailCount {
  readonly resource: string
  readonly node: string
  /** Infinity for pacemaker's INFINITY. */
  readonly count: number
}

/** A snapshot of the cluster as one node sees it. */
export class ClusterStatus {
  constructor(
    /** The node that was asked. */
    readonly from: string,
    readonly dc: string | undefined,
    readonly quorate: boolean,
    readonly nodes: readonly NodeStatus[],
    readonly resources: readonly ResourceStatus[],
    readonly failures: readonly FailedAction[],
    readonly failCounts: readonly FailCount[],
  ) {}

  /** Names of the nodes that are online. */
  get online(): readonly string[] {
    return this.nodes.filter(({ online }) => online).map(({ name }) => name)
  }

  /** A node attribute, or undefined if it is not set. */
  attribute(node: string, name: string): string | undefined {
    return this.nodes.find((found) => found.name === node)?.attributes[name]
  }

  /** Where a resource runs, in any role, and is not still on its way to it; the first such node. */
  nodeOf(resource: string): string | undefined {
    const settled: readonly string[] = ['Started', 'Promoted', 'Unpromoted']
    return this.instances(resource).find(({ active, role }) => active && settled.includes(role))?.node
  }

  /** Where a resource is promoted. */
  promoted(resource: string): readonly string[] {
    return this.instances(resource).flatMap(({ role, node }) => (role === 'Promoted' && node ? [node] : []))
  }

  /** A resource's role on a node; Stopped if it is not active there. */
  role(resource: string, node: string): Role {
    return this.instances(resource).find((instance) => instance.node === node)?.role ?? 'Stopped'
  }

  /** The instances of a resource on a node, whose name may be written in another case. */
  instancesOn(resource: string, node: string): readonly ResourceStatus[] {
    return this.instances(resource).filter((one) => one.node !== undefined && sameNode(one.node, node))
  }

  /** Whether a stop of a resource has failed on a node, where the cluster leaves it alone since then. */
  isBlocked(resource: string, node: string): boolean {
    return this.instancesOn(resource, node).some(({ blocked }) => blocked)
  }

  /** Every instance of a resource. */
  instances(resource: string): readonly ResourceStatus[] {
    return this.resources.filter(({ id }) => id === resource)
  }
}

/**
 * What a failed action returned, in the words of pacemaker 2.1. Each generation has words of its own (`unknown error`,
 * `error`, `Error occurred`); whoever reads what the tool prints, or its JSON, is to find the same ones.
 */
const RESULTS: Readonly<Record<number, string | undefined>> = {
  1: 'error',
  2: 'invalid parameter',
  3: 'unimplemented feature',
  4: 'insufficient privileges',
  5: 'not installed',
  6: 'not configured',
  7: 'not running',
  8: 'promoted',
  9: 'promoted (failed)',
  190: 'degraded',
  191: 'promoted (degraded)',
}

/**
 * Reads crm_mon's XML.
 *
 * @throws Error for anything else
 */
export function parseStatus(from: string, xml: string): ClusterStatus {
  const result = parseOutput(xml).find((element) => nameOf(element) === 'pacemaker-result')
  if (result === undefined) throw new Error('it is not its XML')
  const summary = child(result, 'summary')
  const attributes = new Map(
    children(child(result, 'node_attributes'), 'node').map((node) => [
      text(node, 'name'),
      Object.fromEntries(
        children(node, 'attribute').map((each) => [text(each, 'name'), text(each, 'value')]),
      ),
    ]),
  )
  const dc = child(summary, 'current_dc')
  return new ClusterStatus(
    from,
    flag(dc, 'present') ? text(dc, 'name') : undefined,
    flag(dc, 'with_quorum'),
    children(child(result, 'nodes'), 'node').map((node) => ({
      name: text(node, 'name'),
      online: flag(node, 'online') && !flag(node, 'pending'),
      standby: flag(node, 'standby'),
      maintenance: flag(node, 'maintenance'),
      pending: flag(node, 'pending'),
      unclean: flag(node, 'unclean'),
      isDc: flag(node, 'is_dc'),
      attributes: attributes.get(text(node, 'name')) ?? {},
    })),
    allResources(child(result, 'resources')),
    children(child(result, 'failures'), 'failure').map((failure) => ({
      // The operation's key is RESOURCE_TASK_INTERVAL; a resource's id may hold underscores itself.
      resource: text(failure, 'op_key').replace(/_[^_]+_\d+$/, ''),
      task: text(failure, 'task'),
      intervalMs: Number(text(failure, 'interval')),
      node: text(failure, 'node'),
      exitCode: Number(text(failure, 'exitcode')),
      exitStatus: RESULTS[Number(text(failure, 'exitcode'))] ?? text(failure, 'exitstatus'),
      exitReason: text(failure, 'exitreason'),
      // Pacemaker 3.0 says that it is done.
      status: text(failure, 'status').replace(/^Done$/, 'complete'),
    })),
    children(child(result, 'node_history'), 'node').flatMap((node) =>
      children(node, 'resource_history').flatMap((history) => {
        const count = text(history, 'fail-count')
        if (count === '' || count === '0') return []
        return [
          {
            resource: text(history, 'id'),
            node: text(node, 'name'),
            count: count === 'INFINITY' || count === '1000000' ? Infinity : Number(count),
          },
        ]
      }),
    ),
  )
}

/** Resources by themselves, in groups, in clones, and in groups in clones. */
function allResources(parent: Element | undefined): ResourceStatus[] {
  const nested = ['group', 'clone'].flatMap((name) => children(parent, name).flatMap(allResources))
  return [...children(parent, 'resource').map(readResource), ...nested]
}

function readResource(resource: Element): ResourceStatus {
  const node = children(resource, 'node')[0]
  const role = text(resource, 'role')
  return {
    id: text(resource, 'id').replace(/:\d+$/, ''),
    agent: text(resource, 'resource_agent').replace('::', ':'),
    role: { Master: 'Promoted', Slave: 'Unpromoted' }[role] ?? role,
    node: node && text(node, 'name'),
    active: flag(resource, 'active'),
    failed: flag(resource, 'failed'),
    blocked: flag(resource, 'blocked'),
    managed: flag(resource, 'managed'),
    // Newer versions of pacemaker say that it was removed.
    orphaned: flag(resource, 'orphaned') || flag(resource, 'removed'),
    pending: text(resource, 'pending') || undefined,
  }
}

function children(parent: Element | undefined, name: string): readonly Element[] {
  return parent === undefined ? [] : childrenOf(parent, name)
}

function child(parent: Element | undefined, name: string): Element | undefined {
  return children(parent, name)[0]
}

function text(element: Element | undefined, name: string): string {
  return (element && attribute(element, name)) ?? ''
}

function flag(element: Element | undefined, name: string): boolean {
  return text(element, name) === 'true'
}
