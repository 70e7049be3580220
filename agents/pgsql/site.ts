/** Everything about this resource on this node that does not change while an action runs. */
import { findNode, type ClusterSnapshot, sameNode } from '../../lib/cluster/snapshot'
import { localNodeName } from '../../lib/cluster/node-name'
import { type Deadline, ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { describeDiskTrouble, diskErrorCode } from '../../lib/postgres/disk-trouble'
import { type Instance, type MajorVersion, readVersion } from '../../lib/postgres/instance'
import { findMount } from '../../lib/system/file-system'
import { prepareUser } from '../../lib/system/as-user'
import { readOwned } from '../../lib/system/owned-files'
import { shellWords } from '../../lib/system/shell-words'
import { isRoot } from '../../lib/system/users'
import { type Context } from './agent'
import { type AgentFiles, agentFiles, type AttributeNames, attributeNames } from './names'
import { dataDirectoryOf, findOwner } from './data-directory'
import { type ReplicationMode } from './mode'
import { trimSlashes } from './parameters'

/** What rep_mode makes of the server: one that stands alone, one that follows another, or a member of the replication. */
export type Kind = 'alone' | 'follower' | 'member'

export interface Site {
  readonly resource: string
  /** This node, as the cluster writes its name. */
  readonly node: string
  /** Pacemaker 1.0 numbers the instances of a clone. */
  readonly instanceNumber: number | undefined
  /** What pacemaker's tools understand. */
  readonly featureSet: string | undefined
  readonly kind: Kind
  /** How the members replicate; nothing for a server that is none. */
  readonly mode: ReplicationMode | undefined
  /** All nodes of the replication, this one included. */
  readonly nodeList: readonly string[]
  readonly instance: Instance
  readonly attributes: AttributeNames
  readonly files: AgentFiles
  readonly tmpdir: string
  /** Prefix of the replication slots; empty for none. */
  readonly slotPrefix: string
  /** The standbys keep copies of the primary's logical slots. */
  readonly logicalSlots: boolean
  /** How long one write of a node attribute may take. */
  readonly attributeDeadline: () => Deadline
}

/** A member of the replication: the cluster chooses its role. */
export interface ReplicatedSite extends Site {
  readonly mode: ReplicationMode
}

export function isReplicated(site: Site): site is ReplicatedSite {
  return site.mode !== undefined
}

/**
 * The site of an action that only members of the replication have.
 *
 * @throws OcfError ERR_CONFIGURED for any other rep_mode
 */
export async function readReplicatedSite(context: Context): Promise<ReplicatedSite> {
  const site = await readSite(context)
  if (isReplicated(site)) return site
  throw new OcfError(
    ExitCode.ERR_CONFIGURED,
    `rep_mode: '${context.values.rep_mode}' has no primary and standbys: set rep_mode to sync or async, or make it no promotable clone`,
  )
}

/**
 * @throws OcfError ERR_INSTALLED when there is no account `pgdba`, ERR_GENERIC when nothing says who that is, ERR_PERM
 * when the agent runs as somebody who is neither root nor `pgdba`
 */
export async function readSite({
  values,
  env,
  deadline,
  log,
}: Pick<Context, 'values' | 'env' | 'deadline'> & Partial<Pick<Context, 'log'>>): Promise<Site> {
  const owner = await findOwner(values, deadline, log)
  if (owner === undefined) {
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      `pgdba: there is no account '${values.pgdba}' on this host; install PostgreSQL here or set pgdba to the account that runs it`,
    )
  }
  if (!isRoot() && process.geteuid?.() !== owner.uid) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `run this as root or as ${owner.name}: it has to act as ${owner.name}`,
    )
  }
  prepareUser(owner, deadline)
  const { rep_mode: repMode } = values
  const mode = repMode === 'sync' || repMode === 'async' ? repMode : undefined
  const kind = mode !== undefined ? 'member' : repMode === 'slave' ? 'follower' : 'alone'
  const named = kind !== 'alone' || values.check_wal_receiver
  const tmpdir = trimSlashes(values.tmpdir)
  return {
    resource: env.resource,
    instanceNumber: env.instance,
    featureSet: env.featureSet,
    node: named ? await localNodeName(env, deadline) : (env.node ?? ''),
    kind,
    mode,
    nodeList: values.node_list,
    instance: {
      dataDirectory: dataDirectoryOf(values),
      owner,
      pgctl: values.pgctl,
      configFile: values.config,
      logFile: values.logfile,
      startOptions: values.start_opt,
      ctlOptions: shellWords(values.ctl_opt) ?? [],
      host: values.pghost,
      port: values.pgport,
      socketDirectory: trimSlashes(values.socketdir),
      libraries: values.pglibs,
    },
    attributes: attributeNames(env.resource),
    files: agentFiles(tmpdir),
    tmpdir,
    slotPrefix: values.replication_slot_name,
    logicalSlots: values.logical_slots === 'failover',
    attributeDeadline: () => deadline.within(values.crm_attr_timeout * 1000),
  }
}

/**
 * The major version of the data directory.
 *
 * @throws OcfError ERR_ARGS when it is not one, ERR_PERM when `pgdba` may not read it, ERR_GENERIC when its disk fails
 */
export function readSiteVersion({ instance }: Site): MajorVersion {
  const { dataDirectory, owner } = instance
  let text: string | undefined
  try {
    text = readOwned(owner, `${dataDirectory}/PG_VERSION`)
  } catch (error) {
    const failing = diskErrorCode(error)
    if (failing !== undefined) {
      const trouble = {
        kind: 'failing',
        path: dataDirectory,
        mount: findMount(owner, dataDirectory),
        code: failing,
      } as const
      throw new OcfError(ExitCode.ERR_GENERIC, describeDiskTrouble(trouble), { cause: error })
    }
    throw new OcfError(
      ExitCode.ERR_PERM,
      `pgdata: ${owner.name} may not read ${dataDirectory}: set pgdba to the account that owns it`,
      { detail: messageOf(error), cause: error },
    )
  }
  const version = readVersion(text)
  if (version === undefined) {
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `pgdata: ${dataDirectory} holds no database (no PG_VERSION): run initdb or pg_basebackup, or set pgdata`,
    )
  }
  return version
}

/** The other nodes of the replication, as the cluster writes their names where it knows them. */
export function otherNodes(
  { nodeList, node }: Pick<Site, 'nodeList' | 'node'>,
  snapshot: ClusterSnapshot,
): readonly string[] {
  return nodeList
    .filter((name) => !sameNode(name, node))
    .map((name) => findNode(snapshot, name)?.name ?? name)
}

/** The name under which a node's standby connects: the shell agent's, so that the two can be exchanged. */
export function applicationName(node: string): string {
  return node.toLowerCase()
}
