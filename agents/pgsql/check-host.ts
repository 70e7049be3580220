/** What must be in place on this host before the server can be started. */
import { accessSync, constants, statSync } from 'node:fs'
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { findSetting, readConfigFile } from '../../lib/postgres/config-file'
import { type Instance, type MajorVersion } from '../../lib/postgres/instance'
import { OLDEST_WITH_FAILOVER } from '../../lib/postgres/logical-slots'
import { findPgCtl } from '../../lib/postgres/start-server'
import { type Values } from './agent'
import { checkTmpdir } from './make-tmpdir'
import { OLDEST_WITH_RECEIVER } from './receiver'
import { isReplicated, readSiteVersion, type Site } from './site'

interface Need {
  readonly version: number
  readonly what: string
  readonly needed: (values: Values, site: Site) => boolean
}

/** What needs a version, each with the oldest that has it. */
const NEEDS: readonly Need[] = [
  { version: 9.1, what: 'replication', needed: (_, { kind }) => kind !== 'alone' },
  { version: 9.4, what: 'replication_slot_name', needed: (values) => values.replication_slot_name !== '' },
  {
    version: 9.6,
    what: 'external_standby_node_list',
    needed: (values) => values.external_standby_node_list.length > 0,
  },
  { version: 9.6, what: 'sync_standbys above 1', needed: (values) => values.sync_standbys > 1 },
  {
    version: OLDEST_WITH_FAILOVER,
    what: 'logical_slots=failover',
    needed: (values) => values.logical_slots === 'failover',
  },
  { version: 10, what: 'sync_method=quorum', needed: (values) => values.sync_method === 'quorum' },
  {
    version: OLDEST_WITH_RECEIVER,
    what: 'check_wal_receiver',
    needed: (values) => values.check_wal_receiver,
  },
]

function readConfig({ instance: { configFile, owner } }: Site): string {
  let text: string | undefined
  try {
    text = readConfigFile(owner, configFile)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') {
      throw new OcfError(
        ExitCode.ERR_PERM,
        `config: ${configFile} cannot be read: let ${owner.name} read it`,
        { detail: messageOf(error), cause: error },
      )
    }
  }
  if (text === undefined) {
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `config: there is no ${configFile} on this host: put it there, or set config to where it is`,
      { detail: 'on Debian /etc/postgresql/VERSION/CLUSTER/postgresql.conf' },
    )
  }
  return text
}

/** PostgreSQL itself insists on owning its data directory. */
function checkDataDirectory({ dataDirectory, owner }: Instance): void {
  if (statSync(dataDirectory).uid !== owner.uid) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `pgdata: ${dataDirectory} does not belong to ${owner.name}: set pgdba to the account that owns it`,
    )
  }
  try {
    accessSync(dataDirectory, constants.W_OK)
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `pgdata: nobody can write to ${dataDirectory}: see how it is mounted (mount), and its mode`,
      { detail: messageOf(error), cause: error },
    )
  }
}

/** In replication, synchronous_standby_names belongs to the agent. */
export function checkSynchronousStandbyNames(configFile: string, text: string): void {
  const set = findSetting(text, 'synchronous_standby_names')
  if (set === undefined) return
  throw new OcfError(
    // The file is this host's: with ERR_CONFIGURED pacemaker would stop the primary on another node, too.
    ExitCode.ERR_ARGS,
    `synchronous_standby_names is set in ${configFile}, line ${set.line}: take it out; the agent sets it`,
  )
}

/**
 * Checks programs, account, directories and files, in the order in which an operator would set them up.
 *
 * @returns the data directory's version
 * @throws OcfError for the first thing that is wrong, with how to fix it
 */
export function checkHost(site: Site, values: Values): MajorVersion {
  const { instance } = site
  const { pgctl, dataDirectory } = instance
  if (findPgCtl(pgctl) === undefined) {
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      `pgctl: there is no program '${pgctl}' here: install PostgreSQL, or set pgctl to where pg_ctl is`,
      { detail: 'on Debian /usr/lib/postgresql/VERSION/bin/pg_ctl' },
    )
  }
  const version = readSiteVersion(site)
  checkDataDirectory(instance)
  const config = readConfig(site)
  checkTmpdir(site)
  for (const { version: oldest, what, needed } of NEEDS) {
    if (version >= oldest || !needed(values, site)) continue
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      `${dataDirectory} is of PostgreSQL ${version}: ${what} needs ${oldest.toFixed(1)} or newer`,
    )
  }
  if (isReplicated(site)) checkSynchronousStandbyNames(instance.configFile, config)
  return version
}
