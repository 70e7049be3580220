/** The files that make this node's server a standby, and take it out of synchronous replication. */
import { changeConfigFile, withIncludes } from '../../lib/postgres/config-file'
import { type MajorVersion, usesStandbySignal } from '../../lib/postgres/instance'
import {
  conninfoText,
  type RecoverySettings,
  recoverySettingsText,
} from '../../lib/postgres/recovery-settings'
import { removeOwned, writeOwned } from '../../lib/system/owned-files'
import { asUser } from '../../lib/system/as-user'
import { type Values } from './agent'
import { makeTmpdir } from './make-tmpdir'
import { applicationName, isReplicated, type Site } from './site'
import { slotName } from './slot-names'
import { repModeText } from './steps'
import { standbySetting } from './sync-policy'

function recoverySettings(site: Site, values: Values): RecoverySettings {
  return {
    slot: site.slotPrefix === '' ? '' : slotName(site.slotPrefix, site.node),
    primaryHost: values.master_ip,
    primaryPort: values.pgport,
    user: values.repuser,
    applicationName: applicationName(site.node),
    conninfoOptions: values.primary_conninfo_opt,
    restoreCommand: values.restore_command,
    archiveCleanupCommand: values.archive_cleanup_command,
    recoveryEndCommand: values.recovery_end_command,
    ...(site.logicalSlots && { slotDatabase: 'postgres' }),
  }
}

/** The connection string with which this node reaches the primary. */
export function primaryConninfo(site: Site, values: Values): string {
  return conninfoText(recoverySettings(site, values))
}

/**
 * Text of the settings with which this node follows the primary.
 *
 * @param heldOff - it is to follow none: see hold-off.ts
 */
export function standbySettings(
  site: Site,
  values: Values,
  version: MajorVersion,
  { heldOff = false }: { readonly heldOff?: boolean } = {},
): string {
  return recoverySettingsText(recoverySettings(site, values), version, { heldOff })
}

/** Writes them all, so that the server comes up as a standby the next time it is started. */
export function writeStandbySettings(site: Site, values: Values, version: MajorVersion): void {
  const { instance, files } = site
  const { owner, dataDirectory, configFile } = instance
  const signals = usesStandbySignal(version)
  const settings = standbySettings(site, values, version)
  const included = [...(isReplicated(site) ? [files.repMode] : []), ...(signals ? [files.recovery] : [])]
  makeTmpdir(site)
  asUser(owner, () => {
    if (isReplicated(site)) {
      removeOwned(owner, files.election)
      removeOwned(owner, files.follow)
      writeOwned(owner, files.repMode, repModeText(standbySetting(site.mode)))
    }
    if (signals) writeOwned(owner, files.recovery, settings)
  })
  changeConfigFile(owner, configFile, (text) => withIncludes(text, included))
  if (signals) writeOwned(owner, `${dataDirectory}/standby.signal`, '')
  else writeOwned(owner, `${dataDirectory}/recovery.conf`, settings)
}
