/** The line of standard error from which pacemaker takes the exit reason (OCF 1.1, "ocf-exit-reason"). */

/** What the line begins with. */
export function reasonPrefix(env: Readonly<Record<string, string | undefined>>): string {
  return env['OCF_EXIT_REASON_PREFIX'] ?? 'ocf-exit-reason:'
}

/** The line without the prefix: pacemaker takes for the reason what follows the last one anywhere in standard error. */
export function withoutReasonPrefix(line: string, prefix: string): string {
  return prefix === '' || !line.includes(prefix) ? line : line.replaceAll(prefix, `${prefix.slice(0, -1)} :`)
}
