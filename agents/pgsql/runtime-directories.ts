/** The directories that a server needs and that are gone after a reboot, where they lie below /run. */
import { resolve } from 'node:path'
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { findSetting, readConfigFile } from '../../lib/postgres/config-file'
import { type Instance, type MajorVersion } from '../../lib/postgres/instance'
import { makeDirectory, makeDirectoryAsOwner, tryToMakeFile } from '../../lib/system/owned-files'

const SOCKET_MODE = 0o2775

function makeSocketDirectory({ socketDirectory, owner }: Instance): void {
  try {
    makeDirectory(owner, socketDirectory, SOCKET_MODE)
    tryToMakeFile(owner, socketDirectory)
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `socketdir: ${owner.name} cannot make files in ${socketDirectory}: let it, or set socketdir to another directory`,
      { detail: messageOf(error), cause: error },
    )
  }
}

/** Version 15 keeps statistics in memory, and refuses the setting. */
const WITHOUT_STATISTICS = 15

/** The one directory that root makes for statistics: that of the packages, which is gone after a reboot. */
const PACKAGES_DIRECTORY = '/run/postgresql'

/** Whether a path lies in it; its older name is a link. */
export function isBelowPackagesDirectory(path: string): boolean {
  return path.replace(/^\/var\/run\//, '/run/').startsWith(`${PACKAGES_DIRECTORY}/`)
}

/**
 * Where statistics are kept before version 15. It is the server's account that names the directory, in postgresql.conf:
 * so it is made with that account's rights, whatever the name is.
 */
function makeStatisticsDirectory({ dataDirectory, configFile, owner }: Instance): void {
  const setting = findSetting(readConfigFile(owner, configFile) ?? '', 'stats_temp_directory')
  if (setting === undefined) return
  const path = resolve(dataDirectory, setting.value)
  try {
    if (isBelowPackagesDirectory(path)) makeDirectory(owner, PACKAGES_DIRECTORY, SOCKET_MODE)
    makeDirectoryAsOwner(owner, path, 0o700)
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
export function makeRuntimeDirectories(instance: Instance, version: MajorVersion): void {
  if (instance.socketDirectory !== '') makeSocketDirectory(instance)
  if (version < WITHOUT_STATISTICS) makeStatisticsDirectory(instance)
}
