/** All that the checks look at. */
import { type Configuration, type Primitive } from '../../lib/cluster/configuration'
import { hasFencingDevice, isFencingEnabled } from '../../lib/cluster/fencing'
import { sameNode } from '../../lib/cluster/snapshot'
import { type ClusterStatus } from '../../lib/cluster/status'
import { databasesOf } from '../cluster/view'
import { type DatabaseFacts, type DoctorFacts, type Reached } from './facts'

/** A node that was asked. */
export interface ExaminedNode {
  readonly name: string
  /** Nothing where it did not answer; then `why`. */
  readonly facts: DoctorFacts | undefined
  readonly why: string | undefined
  /** By this node's clock, in milliseconds since 1970. */
  readonly asked: { readonly sent: number; readonly received: number }
  /** How PostgreSQL's port answers to it on the others. */
  readonly reached: readonly Reached[]
}

export interface Examination {
  /** The node that the doctor runs on. */
  readonly local: string
  /** From the live cluster; where pacemaker runs on no node that answers, from this node's disk. */
  readonly configuration: Configuration | undefined
  /** As this node sees it, or another one where pacemaker does not run here; nothing where it runs nowhere. */
  readonly status: ClusterStatus | undefined
  /** The nodes of the cluster, and where there is none this one. */
  readonly nodes: readonly ExaminedNode[]
}

/** A node that answered. */
export interface KnownNode extends ExaminedNode {
  readonly facts: DoctorFacts
}

export function knownNodes({ nodes }: Examination): readonly KnownNode[] {
  return nodes.filter((node): node is KnownNode => node.facts !== undefined)
}

export function databases({ configuration }: Examination): readonly Primitive[] {
  return configuration ? databasesOf(configuration) : []
}

/** A database on a node. */
export interface Seat {
  readonly node: string
  readonly database: Primitive
  readonly facts: DatabaseFacts
}

/** Every database on every node that answered. */
export function seats(examination: Examination): readonly Seat[] {
  return databases(examination).flatMap((database) =>
    knownNodes(examination).flatMap(({ name, facts }) =>
      facts.databases
        .filter(({ resource }) => resource === database.id)
        .map((own) => ({ node: name, database, facts: own })),
    ),
  )
}

/** The node on which a database is promoted, as the cluster sees it. */
export function promotedOn({ status }: Examination, { id }: Primitive): string | undefined {
  return status?.promoted(id)[0]
}

/** The primary of a database, where its node answered. */
export function primarySeat(examination: Examination, database: Primitive): Seat | undefined {
  const node = promotedOn(examination, database)
  if (node === undefined) return undefined
  return seats(examination).find((seat) => seat.database.id === database.id && sameNode(seat.node, node))
}

/** It is streaming replication, as the configuration says. */
export function isReplicated({ parameters }: Primitive): boolean {
  return ['sync', 'async'].includes(parameters['rep_mode'] ?? '')
}

/** The databases that are streaming replication. */
export const replicated = (examination: Examination): readonly Primitive[] =>
  databases(examination).filter(isReplicated)

/** The seats of a database that are not its primary. */
export function standbySeats(examination: Examination, database: Primitive): readonly Seat[] {
  const primary = promotedOn(examination, database)
  return seats(examination).filter(
    (seat) => seat.database.id === database.id && !(primary !== undefined && sameNode(seat.node, primary)),
  )
}

export function isSynchronous({ parameters }: Primitive): boolean {
  return parameters['rep_mode'] === 'sync'
}

export function nodeList({ parameters }: Primitive): readonly string[] {
  return (parameters['node_list'] ?? '').split(/\s+/).filter(Boolean)
}

/** This project's own agent. */
export function isOurs({ agent }: Primitive): boolean {
  return agent.startsWith('ocf:ts:')
}

/** What pacemaker takes for true. */
export function isTrue(text: string | undefined): boolean {
  return /^(?:true|yes|on|y|1)$/i.test(text ?? '')
}

/** The addresses that move, with the resource each belongs to. */
export function virtualAddresses({
  configuration,
}: Pick<Examination, 'configuration'>): readonly { readonly resource: string; readonly address: string }[] {
  return (configuration?.primitives ?? [])
    .filter(({ agent }) => /:IPaddr2?$/.test(agent))
    .flatMap(({ id, parameters }) => {
      const { ip } = parameters
      return ip === undefined ? [] : [{ resource: id, address: ip }]
    })
}

/** Whether a lost node is fenced: that is switched on, and there is something that does it. */
export function isFenced({ configuration }: Examination): boolean {
  return (
    configuration !== undefined &&
    isFencingEnabled(configuration.properties) &&
    hasFencingDevice(configuration)
  )
}

/** The nodes that have corosync; nothing where none has (heartbeat). */
export function withCorosync(examination: Examination) {
  const found = knownNodes(examination).flatMap(({ name, facts: { corosync } }) =>
    corosync === null ? [] : [{ name, corosync }],
  )
  return found.length === 0 ? undefined : found
}
