/** A cluster in a box: real nodes on one machine, each in namespaces of its own. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runCommand, type CommandOptions, type CommandResult } from './command'
import { corosyncConf } from './corosync'
import { crmText, type CrmTextOptions } from './crm-text'
import { WriteLoad, type WriteLoadOptions } from './load'
import { diskPath } from './mounts'
import { addressesOf, createNetworks, netnsName } from './network'
import { LabNode, nodePath, type NodeLogs } from './node'
import { diagnose, readStatus, waitForStatus } from './observe'
import { seedCib } from './pacemaker'
import { installedVersion, type PostgresInstallation } from './postgres'
import { makeSsh, sshBinds } from './ssh'
import { labNodeBinds, prepareRoot } from './root'
import { bootId, cleanupStale, createRecord, labDir, readRecord, removeLab, thisProcess } from './state'
import type { Bind, LabRecord } from './state'
import type { ClusterStatus } from '../../../lib/cluster/status'
import { selectedSystem, type System, systemNamed } from '../../systems'
import type { WaitOptions } from './wait'
import { setWarden } from './warden'

/** A file that exists in the nodes only. */
export interface LabFile {
  readonly target: string
  readonly content: string
  /** Default: 0o644. */
  readonly mode?: number
}

export interface LabOptions {
  /** Default: node1 and node2. */
  readonly nodes?: readonly string[]
  /** Directory laid over /usr/lib/ocf/resource.d/ts in every node; default: what the build made, if it has. */
  readonly agentsDir?: string
  /** More of the machine's files to lay over others inside the nodes. */
  readonly binds?: readonly Bind[]
  /** Files to lay over the machine's inside the nodes; the lab keeps them itself. */
  readonly files?: readonly LabFile[]
  /** Directories that are the same on all nodes, as on a disk that each of them can reach. */
  readonly sharedDirectories?: readonly string[]
  /** Added to the environment of everything on the nodes, daemons and agents too. */
  readonly env?: Readonly<Record<string, string>>
  /** Let the lab outlive this process; end it with `destroy()` or `scripts/lab stop`. */
  readonly keep?: boolean
  /** After how long without a sign of life corosync gives a node up. Default: one second. */
  readonly tokenMs?: number
  /**
   * The operator's tool is installed on the nodes (as the build made it), and root may log in from each to the others.
   * Default: no.
   */
  readonly tool?: boolean
  /** PostgreSQL's major version; default: the newest installed. */
  readonly pgVersion?: string
  /** What the nodes run. Default: what the environment variable OCF_TS_SYSTEM names, or what this machine runs. */
  readonly system?: System
  /**
   * Whole machines: the nodes boot this root file system of the system, with its systemd. Beside host names and the
   * network nothing is prepared in them, and the verbs for clusters and databases are not for them.
   */
  readonly machines?: string
}

export class Lab {
  readonly nodes: readonly LabNode[]
  private dismissWarden: () => Promise<void> = () => Promise.resolve()

  private constructor(readonly record: LabRecord) {
    this.nodes = record.nodes.map(
      (name, index) => new LabNode(name, addressesOf(index), join(labDir(record.id), name), record),
    )
  }

  get id(): string {
    return this.record.id
  }

  /** What the nodes run. */
  get system(): System {
    return systemNamed(this.record.system)
  }

  /** Brings nodes up: powered on and connected, nothing running on them yet. */
  static async create(options: LabOptions = {}): Promise<Lab> {
    if (process.geteuid?.() !== 0) throw new Error('a lab needs root: it makes namespaces and mounts')
    await cleanupStale()
    const id = randomBytes(3).toString('hex')
    const files = options.files ?? []
    const shared = options.sharedDirectories ?? []
    const nodes = checkNames(options.nodes ?? ['node1', 'node2'])
    const system = options.system ?? selectedSystem()
    const machines = options.machines !== undefined
    const root = options.machines ?? (await prepareRoot(system))
    const record: LabRecord = {
      id,
      createdAt: new Date().toISOString(),
      bootId: bootId(),
      owner: options.keep ? null : thisProcess(),
      nodes,
      agentsDir: machines ? null : findAgents(options.agentsDir),
      binds: [
        ...(root === null || machines ? [] : labNodeBinds(system)),
        ...(options.binds ?? []),
        ...files.map(({ target }, index) => ({ source: filePath(id, index), target })),
        ...shared.map((target, index) => ({ source: sharedPath(id, index), target })),
        ...(options.tool ? [{ source: findTool(), target: '/usr/sbin/ocf-ts' }, ...sshBinds(id)] : []),
      ],
      tool: options.tool ?? false,
      env: options.env ?? {},
      tokenMs: options.tokenMs ?? 1000,
      pgVersion: options.pgVersion ?? (machines ? system.postgres : installedVersion(root ?? '')),
      system: system.name,
      root,
      machines,
    }
    const lab = new Lab(record)
    createRecord(record)
    files.forEach(({ content, mode = 0o644 }, index) => {
      mkdirSync(join(labDir(id), 'files'), { recursive: true })
      writeFileSync(filePath(id, index), content, { mode })
    })
    shared.forEach((_, index) => mkdirSync(sharedPath(id, index), { recursive: true }))
    try {
      if (record.owner) lab.dismissWarden = setWarden(record.id)
      if (record.tool) await makeSsh(id, nodes, nodePath())
      await createNetworks(record.id)
      for (const node of lab.nodes) await lab.install(node)
      await Promise.all(lab.nodes.map((node) => node.powerOn()))
      return lab
    } catch (error) {
      await lab.destroy()
      throw error
    }
  }

  /** Finds a kept lab (or another process's lab) again. */
  static attach(id: string): Lab {
    const record = readRecord(id)
    if (!record) throw new Error(`there is no lab '${id}'`)
    return new Lab(record)
  }

  /** The node of this name. */
  node(name: string): LabNode {
    const found = this.nodes.find((node) => node.name === name)
    if (!found) throw new Error(`lab ${this.id} has no node '${name}', only ${this.record.nodes.join(', ')}`)
    return found
  }

  /** From now on the nodes' databases are of this PostgreSQL, which must be installed on them. */
  usePostgres(postgres: PostgresInstallation): void {
    for (const node of this.nodes) node.postgres = postgres
  }

  /** Ends everything and removes every trace. Harmless when called again. */
  async destroy(): Promise<void> {
    await removeLab(this.id)
    await this.dismissWarden()
  }

  /** Starts the cluster on these nodes, by default on all, and waits until they are members. */
  async boot(names: readonly string[] = this.record.nodes): Promise<ClusterStatus> {
    await Promise.all(names.map((name) => this.node(name).boot()))
    return this.waitOnline(names)
  }

  /** Waits until these nodes are members of one cluster. */
  async waitOnline(
    names: readonly string[] = this.record.nodes,
    options: WaitOptions = {},
  ): Promise<ClusterStatus> {
    return waitForStatus(
      names.map((name) => this.node(name)),
      `${names.join(' and ')} online`,
      (status) => names.every((name) => status.online.includes(name)),
      options,
    )
  }

  /** The cluster as a node sees it; without a name, as the first node sees it that answers. */
  async status(from?: string): Promise<ClusterStatus> {
    return readStatus(this.asked(from))
  }

  /**
   * Waits until the cluster's status is as wanted and returns it. In vain, it throws with what was awaited,
   * every node's `crm_mon -Afr1` and the end of its logs.
   */
  async waitFor(
    description: string,
    predicate: (status: ClusterStatus) => boolean,
    options: WaitOptions & { readonly from?: string } = {},
  ): Promise<ClusterStatus> {
    return waitForStatus(this.asked(options.from), description, predicate, options)
  }

  /** Every node's view of the cluster and the end of its logs. */
  async diagnose(): Promise<string> {
    return diagnose(this.nodes)
  }

  /** The nodes' log files on the machine. */
  logs(): Readonly<Record<string, NodeLogs>> {
    return Object.fromEntries(this.nodes.map(({ name, logs }) => [name, logs]))
  }

  /**
   * Loads a configuration in crmsh's language, as the document does, on the first node (or another one).
   * Returns crmsh's warnings, empty if it had none; throws if it refused.
   */
  async configure(text: string, on: string = this.record.nodes[0] ?? ''): Promise<string> {
    const node = this.node(on)
    const file = '/run/root/pgsql.crm'
    await node.writeFile(file, text)
    const { code, stdout, stderr } = await node.run(['crm', '-F', 'configure', 'load', 'update', file])
    const said = complaints(stdout + stderr)
    if (code !== 0 || said.includes('ERROR')) throw new Error(`crm refused the configuration:\n${said}`)
    return said
  }

  /** The document's pgsql.crm for this lab's nodes. */
  crmText(options: Pick<CrmTextOptions, 'provider' | 'pgsqlParams'>): string {
    const [node] = this.nodes
    return crmText({
      words: this.system.takesDocumentWords ? 'document' : 'today',
      nodes: this.record.nodes,
      pgBin: node?.pgBin ?? '',
      pgData: node?.pgData ?? '',
      ...options,
    })
  }

  /** Starts a client that writes row after row through a virtual address; resolves at its first row. */
  async startWriteLoad(options: WriteLoadOptions = {}): Promise<WriteLoad> {
    return WriteLoad.start(this, options)
  }

  /** The argument vector that runs a program of the machine on the client's place in the network. */
  clientArgv(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', netnsName(this.id, 'client'), ...argv]
  }

  /** Runs a program from outside the cluster, as a client of its addresses. */
  async runClient(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(this.clientArgv(argv), options)
  }

  private asked(from: string | undefined): readonly LabNode[] {
    return from === undefined ? this.nodes : [this.node(from)]
  }

  /** Lays down what an installer would: host name, hosts, corosync.conf, a first CIB. */
  private async install(node: LabNode): Promise<void> {
    const etc = join(node.dir, 'etc')
    mkdirSync(etc, { recursive: true })
    const hosts = this.nodes.map(({ name, addresses }) => `${addresses.eth0} ${name}\n`)
    writeFileSync(join(etc, 'hosts'), `127.0.0.1 localhost\n${hosts.join('')}`)
    writeFileSync(join(etc, 'hostname'), `${node.name}\n`)
    if (this.record.machines) return
    mkdirSync(join(etc, 'corosync'))
    const peers = this.nodes.map(({ name, addresses }) => ({ name, address: addresses.eth1 }))
    writeFileSync(join(etc, 'corosync/corosync.conf'), corosyncConf(this.id, peers, this.record.tokenMs))
    await seedCib(diskPath(node.dir, 'pacemaker', 'cib'), this.record.root ?? '/')
  }
}

/** What crmsh and crm_verify had to say, without colours and without what is no news. */
function complaints(output: string): string {
  const lines = output.replace(/\x1b\[\d*m/g, '').split('\n')
  // pacemaker 2.1.5 says the first whenever stonith-enabled is false, as the document wants it.
  const noNews = /Blind faith: not fencing unseen nodes|^INFO: commit forced$|^\s*$/
  return lines.filter((line) => !noNews.test(line)).join('\n')
}

function filePath(labId: string, index: number): string {
  return join(labDir(labId), 'files', String(index))
}

function sharedPath(labId: string, index: number): string {
  return join(labDir(labId), 'shared', String(index))
}

/** The operator's tool, as the build made it. */
const TOOL = join(__dirname, '../../../dist/bin/ocf-ts')

/** Whether a lab can have the operator's tool. */
export const isToolBuilt = (): boolean => existsSync(TOOL)

function findTool(): string {
  if (isToolBuilt()) return TOOL
  throw new Error(`there is no ${TOOL}: npm run build makes it`)
}

function checkNames(names: readonly string[]): readonly string[] {
  for (const name of names) {
    // A port of the bridge is called NODE-eth0, and an interface's name holds 15 characters.
    if (!/^[a-z][a-z0-9-]{0,9}$/.test(name) || ['net', 'client', 'files', 'shared'].includes(name)) {
      throw new Error(`'${name}' cannot be a node's name: up to 10 lower-case letters, digits and dashes`)
    }
  }
  return names
}

function findAgents(wanted: string | undefined): string | null {
  const dir = resolve(wanted ?? join(__dirname, '../../../dist/ocf/ts'))
  if (existsSync(dir)) return dir
  if (wanted !== undefined) throw new Error(`there are no agents in '${dir}'`)
  return null
}
