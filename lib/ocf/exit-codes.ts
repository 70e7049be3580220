/**
 * Exit codes of the OCF Resource Agent API 1.1, section "Exit Codes".
 * The names are the standard's, without the `OCF_` prefix.
 */
export const ExitCode = {
  /** The action succeeded; for monitor: the resource runs (unpromoted, where it has roles). */
  SUCCESS: 0,
  /** A failure that none of the other codes describes better; also "cannot tell whether it runs". */
  ERR_GENERIC: 1,
  /** A parameter is wrong on this host. */
  ERR_ARGS: 2,
  /** The agent has no such action. */
  ERR_UNIMPLEMENTED: 3,
  /** The agent may not do what it has to. */
  ERR_PERM: 4,
  /** Software that the resource needs is not installed on this host. */
  ERR_INSTALLED: 5,
  /** A parameter is wrong wherever the resource is tried. */
  ERR_CONFIGURED: 6,
  /** Safely known not to run. */
  NOT_RUNNING: 7,
  /** Runs in the promoted role. */
  RUNNING_PROMOTED: 8,
  /** Failed in the promoted role. */
  FAILED_PROMOTED: 9,
  /** Runs, but worse than it should. */
  DEGRADED: 190,
  /** Runs in the promoted role, but worse than it should. */
  DEGRADED_PROMOTED: 191,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** What a person reads for a code: `not running (7)`. */
export function describeExitCode(code: number): string {
  const names: Record<number, string> = {
    0: 'success',
    1: 'error',
    2: 'wrong on this host',
    3: 'no such action',
    4: 'permission denied',
    5: 'not installed',
    6: 'wrong configuration',
    7: 'not running',
    8: 'running, promoted',
    9: 'failed, promoted',
    190: 'running, degraded',
    191: 'running, promoted, degraded',
  }
  return `${names[code] ?? 'unknown'} (${code})`
}
