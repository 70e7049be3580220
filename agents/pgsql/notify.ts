import { ExitCode } from '../../lib/ocf'
import { type Context } from './agent'

/**
 * What other members of the clone do concerns this one at three moments only. One failover brings up to eight
 * notifications to every node: for all others nothing is loaded and nothing is started.
 */
export async function notify(context: Context): Promise<ExitCode> {
  const { env, values } = context
  const { notification, members, node = '' } = env
  if (values.rep_mode === 'none' || notification?.type !== 'post') return ExitCode.SUCCESS
  const isHere = (nodes: readonly string[]): boolean =>
    nodes.some((name) => name.toLowerCase() === node.toLowerCase())
  switch (notification.operation) {
    case 'promote':
      return (await import('./after-promote')).afterPromote(context, isHere(members.promoting))
    case 'demote':
      if (isHere(members.demoting) || isHere(members.promoted)) return ExitCode.SUCCESS
      return (await import('./after-demote')).afterDemote(context)
    case 'start':
    case 'stop':
      if (!isHere(members.promoted)) return ExitCode.SUCCESS
      return (await import('./after-standby-change')).afterStandbyChange(context)
  }
}
