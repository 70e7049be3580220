/** The directories that a server needs and that are gone after a reboot, where they lie below /run. */
import { resolve } from 'node:path'
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { findSetting, readConfigFile } from '../../lib/postgres/config-file'
import { type Instance } from '../../lib/postgres/instance'
import { makeSharedDirectory, tryToMakeFile } from '../../lib/system/owned-files'

function makeSocketDirectory({ socketDirectory, owner }: Instance): void {
  try {
    makeSharedDirectory(owner, socketDirectory, 0o2775)
    tryToMakeFile(owner, socketDirectory)
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `socketdir: ${owner.name} cannot make files in ${socketDirectory}: let it, or set socketdir to another directory`,
      { detail: messageOf(error), cause: error },
    )
  }
}

/** Where statistics are kept before version 15; Debian's configurations have it in /run. */
function makeStatisticsDirectory({ dataDirectory, configFile, owner }: Instance): void {
  const setting = findSetting(readConfigFile(configFile) ?? '', 'stats_temp_directory')
  if (setting === undefined) return
  const path = resolve(dataDirectory, setting.value)
  try {
    makeSharedDirectory(owner, path, 0o700)
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `stats_temp_directory: ${path} cannot be made: make it, for ${owner.name}, or change ${configFile}`,
      { detail: messageOf(error), cause: error },
    )
  }
}

/**
 * Makes those that are missing.
 *
 * @throws OcfError ERR_PERM when one cannot be made, or the server could not use it
 */
export function makeRuntimeDirectories(instance: Instance): void {
  if (instance.socketDirectory !== '') makeSocketDirectory(instance)
  makeStatisticsDirectory(instance)
}
