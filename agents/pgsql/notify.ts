import { ExitCode } from '../../lib/ocf'
import { type Context } from './agent'

/**
 * What other members of the clone do concerns this one at a few moments only. One failover brings up to eight
 * notifications to every node: for all others nothing is loaded and nothing is started.
 */
export async function notify(context: Context): Promise<ExitCode> {
  const { env, values } = context
  const { notification, members, node = '' } = env
  const replicated = values.rep_mode === 'sync' || values.rep_mode === 'async'
  if (!replicated || notification === undefined) return ExitCode.SUCCESS
  const isHere = (nodes: readonly string[]): boolean =>
    nodes.some((name) => name.toLowerCase() === node.toLowerCase())
  if (notification.type === 'pre') {
    // Of two nodes, the one that is promoted is the only one left.
    if (notification.operation !== 'promote' || values.node_list.length < 3) return ExitCode.SUCCESS
    const [promoting] = members.promoting
    if (promoting === undefined) return ExitCode.SUCCESS
    return (await import('./before-promote')).beforePromote(context, promoting)
  }
  switch (notification.operation) {
    case 'promote':
      // What there is to do on the new primary, its promotion has done.
      if (isHere(members.promoting)) return ExitCode.SUCCESS
      return (await import('./after-promote')).afterPromote(context)
    case 'demote':
      if (isHere(members.demoting) || isHere(members.promoted)) return ExitCode.SUCCESS
      // Of two that were promoted the other one stays.
      if (!members.promoted.every((name) => members.demoting.includes(name))) return ExitCode.SUCCESS
      return (await import('./after-demote')).afterDemote(context, {
        returns: members.promoting.some((name) => members.demoting.includes(name)),
      })
    case 'start':
    case 'stop':
      // One that has been demoted before, in the same transition, is no primary any more.
      if (!isHere(members.promoted) || isHere(members.demoting)) return ExitCode.SUCCESS
      return (await import('./after-standby-change')).afterStandbyChange(context)
  }
}
