/**
 * Holding a standby off every primary, from the moment at which it says in an election what it has.
 *
 * Where commits wait for any of several standbys (`sync_method=quorum`), the next primary is chosen by what the others
 * say they have. One that has said so must confirm nothing more to the primary of before: that one may only have slept,
 * and PostgreSQL would connect to it again by itself. So `primary_conninfo` is taken away from the standby first, and it
 * gets it back once the primary that was promoted last answers at `master_ip`.
 */
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion } from '../../lib/postgres/instance'
import { findServer } from '../../lib/postgres/server-state'
import { followsNobody } from '../../lib/postgres/wal-receiver'
import { readOwned, writeOwned } from '../../lib/system/owned-files'
import { signalOwned } from '../../lib/system/processes'
import { type Context } from './agent'
import { type Site } from './site'
import { standbySettings } from './standby-settings'

/** Before this version `primary_conninfo` cannot be changed while the server runs (PostgreSQL 13 release notes). */
const OLDEST_RELOADABLE = 13

/** A reload takes milliseconds. */
const RELOAD_MS = 3000
const POLL_MS = 10

/** `primary_conninfo = ''` as `standbySettings` writes it. */
const HELD = /^primary_conninfo = ''$/m

/** Whether this standby has said what it has, and receives nothing. */
export function isHeldOff(site: Site): boolean {
  return HELD.test(readOwned(site.instance.owner, site.files.recovery) ?? '')
}

/** Has the server that runs, if one does, follow the primary by other settings. */
export function changeRecoverySettings(site: Site, text: string): boolean {
  const server = findServer(site.instance)
  if (server.kind !== 'running') return false
  writeOwned(site.instance.owner, site.files.recovery, text)
  signalOwned(site.instance.owner, server.postmaster.pid, 'SIGHUP')
  return true
}

/**
 * Takes the primary away from a standby that runs, for this and every later receiver. The server is asked whether it has
 * read that: the process that starts receivers gets the signal together with the session that is asked.
 *
 * @returns whether it is so. Before version 13 it is not tried: `true`
 */
export async function holdOff(
  { values, deadline, log }: Context,
  site: Site,
  connection: Connection,
  version: MajorVersion,
): Promise<boolean> {
  if (version < OLDEST_RELOADABLE) return true
  if (!isHeldOff(site)) {
    log.info('this standby receives nothing until the primary that was promoted last answers at master_ip')
    const settings = standbySettings(site, values, version, { heldOff: true })
    if (!changeRecoverySettings(site, settings)) return false
  }
  return deadline.within(RELOAD_MS).holds(POLL_MS, () => followsNobody(connection))
}
