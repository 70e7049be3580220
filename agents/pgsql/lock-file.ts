/** The lock file: this node was primary, and its data may hold what the cluster does not. */
import { type Deadline, type Log, messageOf } from '../../lib/ocf'
import { controlDataOf } from '../../lib/postgres/control-data'
import { type Lsn } from '../../lib/postgres/lsn'
import { cleanShutdown, hasReceived, readShutdown, writeShutdown } from '../../lib/postgres/shutdown'
import { existsOwned, readOwned, removeOwned, writeOwned } from '../../lib/system/owned-files'
import { type ReplicatedSite, type Site } from './site'

export function isLocked({ instance, files }: ReplicatedSite): boolean {
  return existsOwned(instance.owner, files.lock)
}

/** Made before the first commit that nobody else has. */
export function lock({ instance, files }: ReplicatedSite): void {
  writeOwned(instance.owner, files.lock, '')
}

export function unlock({ instance, files }: Pick<Site, 'instance' | 'files'>): void {
  removeOwned(instance.owner, files.lock)
}

/** Notes in the lock file how far the data goes, after a clean shutdown; that it cannot be found out changes nothing. */
export async function noteShutdown(site: ReplicatedSite, deadline: Deadline, log: Log): Promise<void> {
  if (!isLocked(site)) return
  try {
    const shutdown = cleanShutdown(await controlDataOf(site.instance, deadline))
    if (shutdown) writeOwned(site.instance.owner, site.files.lock, writeShutdown(shutdown))
  } catch (error) {
    log.warning(`it could not be noted in ${site.files.lock} how far the data goes: ${messageOf(error)}`)
  }
}

/**
 * Removes the lock file where `successor`, the next primary, is known to have everything that this node had at its
 * shutdown; otherwise says why not, and the next start compares the two.
 *
 * @param received - the end of what the successor has received
 */
export function unlockIfReceived(
  site: ReplicatedSite,
  successor: string,
  received: Lsn | undefined,
  log: Log,
): void {
  const text = readOwned(site.instance.owner, site.files.lock)
  if (text === undefined) return
  const shutdown = readShutdown(text)
  if (shutdown === undefined) {
    log.info(`${site.files.lock} stays: PostgreSQL was not shut down in good order`)
  } else if (received === undefined) {
    log.info(`${site.files.lock} stays: ${successor} has not said how much WAL it has`)
  } else if (hasReceived(shutdown, received)) {
    unlock(site)
    log.info(`${successor} has everything this node has: ${site.files.lock} is removed`)
  } else {
    log.warning(
      `${site.files.lock} stays: ${successor} has not received all that was written here before the shutdown`,
    )
  }
}
