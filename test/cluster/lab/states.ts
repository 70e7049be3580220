/** States of the document's cluster that many tests wait for. */
import { type ClusterStatus } from '../../../lib/cluster/status'
import { type LabNode } from './node'

export type Condition = (status: ClusterStatus) => boolean

/** The score of a primary, whatever the number of its promotion. */
export const PRIMARY_SCORE = /^1\d{3,5}$/

/** Whether an attribute is as a table has it: a text, a pattern, or not set. */
export const isAs = (value: string | undefined, wanted: string | RegExp | undefined): boolean =>
  wanted instanceof RegExp ? value !== undefined && wanted.test(value) : value === wanted

/** It is the primary, and clients reach it. */
export const serves =
  (node: LabNode): Condition =>
  (status) =>
    status.attribute(node.name, 'pgsql-status') === 'PRI' &&
    status.promoted('pgsql').includes(node.name) &&
    status.nodeOf('vip-master') === node.name

/** Commits on the one wait for the other, which may be promoted, and no rejoin is under way or has failed. */
export const isInSync =
  (primary: LabNode, standby: LabNode): Condition =>
  (status) =>
    serves(primary)(status) &&
    status.attribute(standby.name, 'pgsql-status') === 'HS:sync' &&
    status.attribute(standby.name, 'pgsql-data-status') === 'STREAMING|SYNC' &&
    status.attribute(standby.name, 'master-pgsql') === '100' &&
    status.attribute(standby.name, 'pgsql-rejoin') === undefined
