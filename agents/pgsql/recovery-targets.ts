/** What a point-in-time restore has left in a server's configuration: a standby would end its recovery there. */
import { findSetting, readConfigFile } from '../../lib/postgres/config-file'
import { type Instance } from '../../lib/postgres/instance'
import { RECOVERY_TARGETS } from '../../lib/postgres/recovery-settings'
import { quoteShell } from '../../lib/postgres/settings-text'

/** A setting that the agent makes, and a file that is read after the agent's own makes, too. */
export interface Leftover {
  readonly name: string
  readonly file: string
  readonly line: number
}

/** What a standby of the cluster has in their place. */
const VALUES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(RECOVERY_TARGETS.map((name) => [name, ''])),
  recovery_target_timeline: 'latest',
}

/**
 * Recovery targets in postgresql.auto.conf, which counts for more than every other file. What stands in others is
 * overridden by the agent's own file.
 */
export function findLeftovers({ owner, dataDirectory }: Instance): readonly Leftover[] {
  const file = `${dataDirectory}/postgresql.auto.conf`
  const text = readConfigFile(owner, file) ?? ''
  return Object.entries(VALUES).flatMap(([name, value]) => {
    const found = findSetting(text, name)
    return found === undefined || found.value === value ? [] : [{ name, file, line: found.line }]
  })
}

/** The instance, started without them: what stands on the command line counts for more than all files. */
export function withoutTargets(instance: Instance, leftovers: readonly Leftover[]): Instance {
  const options = leftovers.map(({ name }) => `-c ${quoteShell(`${name}=${VALUES[name] ?? ''}`)}`)
  return { ...instance, startOptions: [instance.startOptions, ...options].join(' ').trim() }
}
