/** Why the replay of a standby stands still: loaded only then. */
import { ExitCode, messageOf } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { describeLow, lowInServer } from '../../lib/postgres/required-settings'
import { type Context } from './agent'
import { knowsDegraded } from './degraded'
import { type Site } from './site'

/**
 * Says it, where a setting is lower than the primary's; somebody who has paused the replay himself knows.
 *
 * @param exit - of the monitor, where nothing is wrong
 */
export async function explainPause(
  { deadline, env, log }: Context,
  { instance }: Site,
  connection: Connection,
  exit: ExitCode,
): Promise<ExitCode> {
  try {
    const low = await lowInServer(instance, connection, deadline)
    if (low.length === 0) {
      log.info('the replay of this standby is paused (pg_wal_replay_pause)')
      return exit
    }
    const reason = `replay is paused: ${describeLow(low)}: raise that in ${instance.configFile} and restart; a failover would take longer`
    if (knowsDegraded(env.featureSet)) {
      log.exitReason(reason)
      return ExitCode.DEGRADED
    }
    log.warning(reason)
  } catch (error) {
    log.warning(`why the replay of this standby is paused is not known: ${messageOf(error)}`)
  }
  return exit
}
