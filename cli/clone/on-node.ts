/** Making this node's data a base backup of the primary's, for a standby that there was not: the internal command `node-clone`. */
import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { agent } from '../../agents/pgsql/agent'
import { primarySettings } from '../../agents/pgsql/ask-primary'
import { makeTmpdir } from '../../agents/pgsql/make-tmpdir'
import { forgetRejoin } from '../../agents/pgsql/rejoin-note'
import { readSite, readSiteVersion, type Site } from '../../agents/pgsql/site'
import { writeStandbySettings } from '../../agents/pgsql/standby-settings'
import { forgetOldData, FRESH, mendSwap, REPLACED, swapIn } from '../../agents/pgsql/swap'
import { Deadline, ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { backupSettings, takeBaseBackup } from '../../lib/postgres/base-backup'
import { controlDataOf } from '../../lib/postgres/control-data'
import { copyOwnLinks, keepOwnFiles, restoreOwnFiles } from '../../lib/postgres/own-files'
import { withPrimaryService } from '../../lib/postgres/primary-service'
import { replacementObstacle } from '../../lib/postgres/replaceable'
import { findServer } from '../../lib/postgres/server-state'
import { findPgCtl } from '../../lib/postgres/start-server'
import { tryLock } from '../../lib/system/file-lock'
import { mountsBelow, roomFor } from '../../lib/system/file-system'
import { changeMode, existsOwned, listOwned, makeDirectory, statOwned } from '../../lib/system/owned-files'
import {
  freeSibling,
  makeSibling,
  removeEmptySibling,
  removeSibling,
} from '../../lib/system/sibling-directory'
import { CommandError, Exit } from '../exit'

export interface CloneSpec {
  /** As the cluster would call the agent on this node; there may be a password in it. */
  readonly variables: Readonly<Record<string, string>>
  /** What is in the data directory is put aside. */
  readonly replace: boolean
  /** Where the base backup is taken from, in place of master_ip; empty for that. */
  readonly from: string
  /** kB/s; 0 for as fast as it goes. */
  readonly maxRate: number
}

/** What is told while it goes on; a line of JSON each, from another node. */
export type CloneEvent =
  | { readonly event: 'step'; readonly text: string }
  | { readonly event: 'progress'; readonly percent: number; readonly totalBytes: number }
  | { readonly event: 'done'; readonly dataDirectory: string; readonly aside?: string }
  | { readonly event: 'refused' | 'failed'; readonly reason: string; readonly advice?: string }

/** The WAL of the meantime, which nobody knows before. */
const WAL_BYTES = 64 * 2 ** 20
/** A large database on a slow network. */
const TIMEOUT_MS = 7 * 24 * 3600_000

const refuse = (reason: string, advice: string): CommandError =>
  new CommandError(Exit.REFUSED, reason, advice)

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`

/** How the copy comes to its place. */
type Way = 'beside' | 'into'

function isEmpty(site: Site): boolean {
  const { owner, dataDirectory } = site.instance
  return listOwned(owner, dataDirectory).length === 0
}

/** Whether a server, or somebody who works on the data, would be in the way. */
function checkStopped({ instance, node }: Site): void {
  const server = findServer(instance)
  if (server.kind === 'stopped') return
  throw refuse(
    `PostgreSQL runs on ${instance.dataDirectory} of ${node}: nothing was changed`,
    'the cluster does not know of it: stop it with what started it',
  )
}

/** @throws CommandError REFUSED when something is there that must not go */
function choosePlace(site: Site, replace: boolean): { readonly way: Way; readonly empty: boolean } {
  const { owner, dataDirectory } = site.instance
  if (!statOwned(owner, dataDirectory)) makeDirectory(owner, dataDirectory, 0o700)
  const empty = isEmpty(site)
  if (!empty && !replace) {
    throw refuse(
      `${dataDirectory} of ${site.node} is not empty: nothing was changed`,
      `--replace keeps what is there as ${dataDirectory}${REPLACED}TIME`,
    )
  }
  if (empty) {
    const path = realpathSync(dataDirectory)
    const isLink = lstatSync(dataDirectory).isSymbolicLink()
    const mounted = mountsBelow(path, readFileSync('/proc/self/mountinfo', 'utf8')).length > 0
    const apart = statSync(path).dev !== statSync(dirname(path)).dev
    return { way: isLink || mounted || apart ? 'into' : 'beside', empty }
  }
  const isDatabase = existsOwned(owner, `${dataDirectory}/pg_tblspc`)
  const obstacle = isDatabase ? replacementObstacle(owner, dataDirectory) : undefined
  if (obstacle !== undefined) {
    throw refuse(
      `${obstacle.split(': set')[0] ?? ''}: nothing was changed`,
      'empty it by hand, and run this again',
    )
  }
  return { way: 'beside', empty }
}

/** What the server would not start without, and no base backup brings. */
function checkHost({ instance: { configFile, dataDirectory, pgctl }, node }: Site): void {
  if (findPgCtl(pgctl) === undefined) {
    throw refuse(
      `there is no ${pgctl} on ${node}: nothing was changed`,
      'install PostgreSQL there, the version of the primary',
    )
  }
  if (configFile.startsWith(`${dataDirectory}/`) || existsSync(configFile)) return
  throw refuse(
    `config: there is no ${configFile} on ${node}, and a base backup brings none: nothing was changed`,
    'copy it from the primary, with pg_hba.conf beside it',
  )
}

/** Ends the work: the operator has pressed Ctrl-C, or the node that wanted to know is gone. */
export interface Interruption {
  interrupted: boolean
}

/**
 * Clones the primary.
 *
 * @throws CommandError REFUSED before anything has changed; OcfError with what failed, and then what was there before is
 * there still
 */
export async function cloneHere(
  spec: CloneSpec,
  tell: (event: CloneEvent) => void,
  interruption: Interruption,
): Promise<Extract<CloneEvent, { event: 'done' }>> {
  const deadline = new Deadline(TIMEOUT_MS)
  const env = readEnvironment(spec.variables, agent.name)
  const { values } = readVariables(agent, spec.variables, env)
  const site = await readSite({ values, env, deadline })
  const { instance, files } = site
  const { owner, dataDirectory } = instance
  checkHost(site)
  checkStopped(site)
  makeTmpdir(site)
  const lock = await tryLock(owner, files.rejoinLock)
  if (lock === undefined) {
    throw refuse(
      `${site.node} is on its way to rejoin by itself (rejoin=${values.rejoin}): nothing was changed`,
      "'crm_mon -A1' shows how far it is",
    )
  }
  const say = (text: string): void => {
    tell({ event: 'step', text })
  }
  const log = { info: say, warning: say }
  try {
    // A clone that was cut off when all was there.
    if (existsOwned(owner, files.swap) && mendSwap(site, log)) {
      forgetRejoin(site)
      return { event: 'done', dataDirectory }
    }
    const { way, empty } = choosePlace(site, spec.replace)
    const fresh = way === 'into' ? dataDirectory : freeSibling(dataDirectory, FRESH)
    if (way === 'beside') makeSibling(owner, dataDirectory, fresh)
    try {
      const settings = primarySettings(site, values)
      const source = backupSettings(spec.from === '' ? settings : { ...settings, host: spec.from })
      const { freeBytes } = roomFor(owner, fresh)
      tell({ event: 'step', text: `asks ${source['host'] ?? ''} for a base backup` })
      // The server wants its directory for itself.
      changeMode(owner, fresh, 0o700)
      // Its programs are run in the data directory, which is not there yet.
      const target = { ...instance, dataDirectory: fresh }
      await withPrimaryService(target, source, site.tmpdir, (service) =>
        takeBaseBackup(target, {
          source: service,
          into: fresh,
          maxRate: spec.maxRate,
          holds: [lock.fd],
          deadline,
          progress: ({ totalBytes, percent }) => {
            if (interruption.interrupted) throw new OcfError(ExitCode.ERR_GENERIC, 'interrupted')
            if (totalBytes + WAL_BYTES >= freeBytes) {
              throw new OcfError(
                ExitCode.ERR_GENERIC,
                `a base backup needs ${megabytes(totalBytes + WAL_BYTES)} in ${dirname(fresh)} of ${site.node}, and ${megabytes(freeBytes)} are free: make room`,
              )
            }
            tell({ event: 'progress', percent, totalBytes })
          },
        }),
      )
      tell({ event: 'step', text: 'puts it in its place' })
      await controlDataOf(target, deadline)
      const isDatabase = !empty && existsOwned(owner, `${dataDirectory}/PG_VERSION`)
      if (isDatabase) {
        // This node's own configuration and keys.
        keepOwnFiles(owner, dataDirectory, files.kept)
        restoreOwnFiles(owner, fresh, files.kept)
        copyOwnLinks(owner, dataDirectory, fresh)
      }
      // Before it is in its place: a start by hand makes a standby of it, too, and no second primary.
      const there = siteIn(site, fresh)
      writeStandbySettings(there, values, readSiteVersion(there))
      checkStopped(site)
    } catch (error) {
      if (way === 'beside') await removeSibling(owner, fresh, new Deadline(60_000))
      throw error
    }
    let aside: string | undefined
    if (way === 'beside') {
      // Where the old data is, the end says.
      const replaced = swapIn(site, fresh, { ...log, info: () => undefined }, REPLACED)
      // Nothing was in it.
      if (empty) removeEmptySibling(owner, replaced)
      else aside = replaced
    } else forgetOldData(site)
    forgetRejoin(site)
    return { event: 'done', dataDirectory, ...(aside !== undefined && { aside }) }
  } finally {
    lock.release()
  }
}

/** The same resource, with its data in another directory, and what lies in that of its configuration. */
function siteIn(site: Site, directory: string): Site {
  const { dataDirectory, configFile } = site.instance
  const inside = configFile.startsWith(`${dataDirectory}/`)
  return {
    ...site,
    instance: {
      ...site.instance,
      dataDirectory: directory,
      ...(inside && { configFile: `${directory}${configFile.slice(dataDirectory.length)}` }),
    },
  }
}

/** How it ended, for the other node. */
export function endOf(error: unknown): Extract<CloneEvent, { event: 'refused' | 'failed' }> {
  if (error instanceof CommandError) {
    const event = error.exit === Exit.REFUSED ? 'refused' : 'failed'
    return { event, reason: error.message, ...(error.advice !== undefined && { advice: error.advice }) }
  }
  const detail = error instanceof OcfError ? error.detail?.split('\n').at(-1) : undefined
  const reason = messageOf(error)
  const more = detail !== undefined && detail !== '' && !reason.includes(detail)
  return { event: 'failed', reason: more ? `${reason} (${detail})` : reason }
}
