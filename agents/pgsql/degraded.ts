/** Telling the cluster that the database runs, and worse than it should. */
import { ExitCode } from '../../lib/ocf'
import { type Context } from './agent'

/**
 * Whether pacemaker takes 190 and 191 for what they are, and not for failures: from 2.0 on. Where nobody says what it
 * is, it may be older.
 *
 * @param featureSet - as pacemaker says it: `3.16.1`
 */
export function knowsDegraded(featureSet: string | undefined): boolean {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(featureSet ?? '') ?? []).map(Number)
  return major > 3 || (major === 3 && minor >= 1)
}

/**
 * The exit code of a monitor that has found something worse than it should be.
 *
 * @param exit - the exit code without that
 * @param why - what is worse; nothing where all is well
 */
export function withDegraded(
  { values, env, log }: Context,
  exit: ExitCode,
  why: string | undefined,
): ExitCode {
  if (why === undefined || !values.report_degraded || !knowsDegraded(env.featureSet)) return exit
  log.exitReason(why)
  return exit === ExitCode.RUNNING_PROMOTED ? ExitCode.DEGRADED_PROMOTED : ExitCode.DEGRADED
}
