/** Whether a cluster is as it should be: one primary that serves, and all other nodes streaming from it. */
import { type ClusterStatus } from '../../../lib/cluster/status'
import { type StormOptions } from './options'

export type Health =
  | { readonly healthy: true; readonly primary: string; readonly standbys: readonly string[] }
  /** What is amiss: the first thing that was found. */
  | { readonly healthy: false; readonly why: string }

const FIRST = [
  ['HS:sync', 'STREAMING|SYNC'],
  ['HS:potential', 'STREAMING|POTENTIAL'],
] as const

/** What a node says of itself, and what the primary says of it, where all is well. */
const STANDBYS: Readonly<Record<StormOptions['mode'], readonly (readonly [string, string])[]>> = {
  sync: FIRST,
  strict: FIRST,
  quorum: [['HS:sync', 'STREAMING|QUORUM']],
  async: [['HS:async', 'STREAMING|ASYNC']],
}

export function assess(status: ClusterStatus, nodes: readonly string[], mode: StormOptions['mode']): Health {
  const amiss = (why: string): Health => ({ healthy: false, why })
  const absent = nodes.filter((node) => !status.online.includes(node))
  if (absent.length > 0) return amiss(`${absent.join(' and ')} not online`)
  if (!status.quorate) return amiss('no quorum')
  for (const { id, node = 'nowhere', blocked, managed, failed } of status.resources) {
    if (blocked) return amiss(`${id} on ${node} is blocked`)
    if (!managed) return amiss(`${id} on ${node} is not managed`)
    if (failed) return amiss(`${id} on ${node} has failed`)
  }
  const promoted = status.promoted('pgsql')
  const [primary] = promoted
  if (primary === undefined || promoted.length > 1)
    return amiss(`primaries: ${promoted.join(', ') || 'none'}`)
  if (status.attribute(primary, 'pgsql-status') !== 'PRI') return amiss(`${primary} is not PRI`)
  if (status.attribute(primary, 'pgsql-data-status') !== 'LATEST') return amiss(`${primary} is not LATEST`)
  for (const address of ['vip-master', 'vip-rep']) {
    if (status.nodeOf(address) !== primary) return amiss(`${address} is not on ${primary}`)
  }
  if (status.nodeOf('vip-slave') === undefined) return amiss('vip-slave is nowhere')
  const waiting = status.attribute(primary, 'pgsql-waiting')
  if (waiting !== undefined) return amiss(waiting)
  const standbys = nodes.filter((node) => node !== primary)
  const parts = STANDBYS[mode]
  for (const standby of standbys) {
    const [says, data] = ['pgsql-status', 'pgsql-data-status'].map((name) => status.attribute(standby, name))
    if (!parts.some((part) => part[0] === says && part[1] === data)) {
      return amiss(`${standby} is ${says ?? 'silent'}, ${data ?? 'unknown'}`)
    }
    // What it said of itself before it was switched off still stands while it starts.
    const role = status.role('pgsql', standby)
    if (role !== 'Unpromoted') return amiss(`pgsql is ${role} on ${standby}`)
    const rejoin = status.attribute(standby, 'pgsql-rejoin')
    if (rejoin !== undefined) return amiss(`${standby} rejoins: ${rejoin}`)
  }
  const inSync = standbys.filter((node) => status.attribute(node, 'pgsql-status') === 'HS:sync')
  if ((mode === 'sync' || mode === 'strict') && inSync.length !== 1) {
    return amiss(`in sync: ${inSync.join(', ') || 'nobody'}`)
  }
  return { healthy: true, primary, standbys }
}

/** All that helps to see why a cluster stands still, one line a node. */
export function describe(status: ClusterStatus): readonly string[] {
  const resources = status.resources
    .filter(({ active, blocked, failed }) => active || blocked || failed)
    .map(({ id, role, node = '-', blocked, failed }) =>
      [`${id} ${role} on ${node}`, ...(blocked ? ['BLOCKED'] : []), ...(failed ? ['FAILED'] : [])].join(' '),
    )
  return [
    `seen from ${status.from}, DC ${status.dc ?? 'none'}, ${status.quorate ? 'quorum' : 'no quorum'}`,
    ...status.nodes.map(({ name, online, unclean, attributes }) => {
      const told = Object.entries(attributes)
        .filter(([key]) => /pgsql|ping/.test(key))
        .map(([key, value]) => `${key}=${value}`)
      return `${name}: ${online ? 'online' : unclean ? 'UNCLEAN' : 'offline'} ${told.join(' ')}`
    }),
    `resources: ${resources.join('; ')}`,
    ...status.failures.map(
      ({ resource, task, node, exitStatus, exitReason, status: how }) =>
        `failed: ${resource} ${task} on ${node}: ${exitStatus} (${how}): ${exitReason}`,
    ),
    ...status.failCounts.map(({ resource, node, count }) => `fail-count of ${resource} on ${node}: ${count}`),
  ]
}
