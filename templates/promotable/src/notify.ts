import { ExitCode } from 'ocf-ts'
import { type Context } from './agent'

/** Pacemaker tells every node before and after each change of the clone's members; nothing else has to be done here. */
export function notify({ env, log, explain }: Context): ExitCode {
  const { notification, members } = env
  explain?.observed({ notification, members })
  if (notification?.type === 'post' && notification.operation === 'promote') {
    log.info(`promoted is now ${members.promoting.join(', ') || 'nobody'}`)
  }
  return ExitCode.SUCCESS
}
