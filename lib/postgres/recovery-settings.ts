/** The settings that make a server a standby of the cluster's primary. */
import { type MajorVersion, usesStandbySignal } from './instance'
import { quoteConninfo, quoteSetting } from './settings-text'

export interface RecoverySettings {
  /** Address of the primary, which moves with it. */
  readonly primaryHost: string
  readonly primaryPort: number
  readonly user: string
  /** The name under which the standby shows in pg_stat_replication. */
  readonly applicationName: string
  /** More of a connection string, as the operator wrote it. */
  readonly conninfoOptions: string
  /** The replication slot on the primary; empty for none. */
  readonly slot: string
  /** Commands are left out when they are empty. */
  readonly restoreCommand: string
  readonly archiveCleanupCommand: string
  readonly recoveryEndCommand: string
  /** The database through which the standby copies the primary's logical slots, from version 17 on. Default: it does not. */
  readonly slotDatabase?: string
}

/** Settings each of which ends a recovery at some point (PostgreSQL manual, "Recovery Target"). */
export const RECOVERY_TARGETS = [
  'recovery_target',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_xid',
] as const

/** The connection string of a standby (PostgreSQL manual, "primary_conninfo"). */
export function conninfoText(settings: RecoverySettings): string {
  return [
    `host=${quoteConninfo(settings.primaryHost)}`,
    `port=${settings.primaryPort}`,
    `user=${quoteConninfo(settings.user)}`,
    `application_name=${quoteConninfo(settings.applicationName)}`,
    // Before the operator's own, of which the last counts.
    ...(settings.slotDatabase === undefined ? [] : [`dbname=${quoteConninfo(settings.slotDatabase)}`]),
    settings.conninfoOptions,
  ]
    .join(' ')
    .trim()
}

/**
 * Text of the recovery settings (PostgreSQL manual, "Standby Server Operation").
 *
 * @param heldOff - a standby that connects to no primary: `primary_conninfo` is empty
 */
export function recoverySettingsText(
  settings: RecoverySettings,
  version: MajorVersion,
  { heldOff = false }: { readonly heldOff?: boolean } = {},
): string {
  const lines = {
    ...(!usesStandbySignal(version) && { standby_mode: 'on' }),
    ...(!heldOff && { primary_conninfo: conninfoText(settings) }),
    primary_slot_name: settings.slot,
    ...(settings.slotDatabase !== undefined && { sync_replication_slots: 'on', hot_standby_feedback: 'on' }),
    recovery_target_timeline: 'latest',
    restore_command: settings.restoreCommand,
    archive_cleanup_command: settings.archiveCleanupCommand,
    recovery_end_command: settings.recoveryEndCommand,
  }
  const text = Object.entries(lines)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} = ${quoteSetting(value)}\n`)
    .join('')
    // In recovery.conf they would be none; in the server's configuration, a restore may have left them.
    .concat(usesStandbySignal(version) ? RECOVERY_TARGETS.map((name) => `${name} = ''\n`).join('') : '')
  return heldOff ? `primary_conninfo = ''\n${text}` : text
}
