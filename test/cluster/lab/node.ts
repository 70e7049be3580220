/** One computer of the lab, in an operator's verbs. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expectSuccess, runCommand, type CommandOptions, type CommandResult } from './command'
import { startCorosync, stopCorosync } from './corosync'
import { diskOf, diskPath, planMounts } from './mounts'
import { enterArgv, killInit, processesOf, readInit, startInit, type NodeProcess } from './namespaces'
import {
  deleteNetns,
  netnsName,
  networks,
  plugIn,
  setPorts,
  tearOut,
  type Nic,
  type NodeAddresses,
} from './network'
import { startPacemaker, stopPacemaker } from './pacemaker'
import {
  baseBackup,
  copyDatabase,
  debianPostgres,
  initdb,
  pgTmpDir,
  pgUser,
  removeDatabase,
  sql,
  type InitdbOptions,
  type PostgresInstallation,
} from './postgres'
import { startSshd } from './ssh'
import type { LabRecord, ProcessRef } from './state'

export interface RunOptions extends Omit<CommandOptions, 'env'> {
  /** Who runs it; default root. */
  readonly user?: string
  /** Added to the node's environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether the network is the machine's that runs the lab, for what is downloaded. Default: the node's. */
  readonly uplink?: boolean
}

/** Where a node's logs are on the machine. They outlive the node's power, not the lab. */
export interface NodeLogs {
  readonly pacemaker: string
  readonly corosync: string
  /** Empty unless heartbeat was started. */
  readonly heartbeat: string
  readonly postgres: string
  readonly init: string
}

export class LabNode {
  readonly logs: NodeLogs
  /** The PostgreSQL that the verbs below are about; `lab.usePostgres` sets it. */
  postgres: PostgresInstallation
  /** Where psql is; it understands servers of other versions, too. */
  readonly pgClientBin: string
  private readonly env: Readonly<Record<string, string>>

  constructor(
    readonly name: string,
    readonly addresses: NodeAddresses,
    /** The node's directory on the machine. */
    readonly dir: string,
    private readonly lab: LabRecord,
  ) {
    this.logs = {
      pacemaker: diskPath(dir, 'log', 'pacemaker/pacemaker.log'),
      corosync: diskPath(dir, 'log', 'corosync/corosync.log'),
      heartbeat: diskPath(dir, 'log', 'ha-log'),
      postgres: diskPath(dir, 'log', 'postgresql/postgresql.log'),
      init: join(dir, 'init.log'),
    }
    this.postgres = debianPostgres(lab.pgVersion)
    this.pgClientBin = this.postgres.bin
    this.env = nodeEnvironment(lab.machines ? { HOME: '/root', ...lab.env } : lab.env)
  }

  get pgBin(): string {
    return this.postgres.bin
  }

  get pgData(): string {
    return this.postgres.data
  }

  /** Where a path on the node's disk is on the machine. */
  onDisk(path: string): string {
    return diskOf(this.dir, path)
  }

  /** Whether the node has power. */
  get isOn(): boolean {
    return readInit(this.dir) !== undefined
  }

  /** Gives the node power: network, empty /run and /dev/shm, its disk as it was. Starts no service. */
  async powerOn(): Promise<void> {
    if (this.isOn) return
    mkdirSync(this.dir, { recursive: true })
    writeFileSync(join(this.dir, 'plan'), planMounts(this.dir, this.lab))
    await plugIn(this.lab.id, this.name, this.addresses)
    await startInit({
      node: this.name,
      netns: netnsName(this.lab.id, this.name),
      nodeDir: this.dir,
      env: this.env,
      dieWithUs: this.lab.owner?.pid === process.pid,
    })
  }

  /** Power loss: the node vanishes from the network, then everything on it is dead. Its disk stays. */
  async powerOff(): Promise<void> {
    await tearOut(this.lab.id, this.name)
    const init = readInit(this.dir)
    if (init) await killInit(init)
    await deleteNetns(this.lab.id, this.name)
  }

  /** Pulls the node's network cables, all or some; programs go on running. */
  async cutOff(nics: readonly Nic[] = networks.map(({ nic }) => nic)): Promise<void> {
    await setPorts(this.lab.id, this.name, nics, 'down')
  }

  /** Plugs the cables in again. */
  async heal(nics: readonly Nic[] = networks.map(({ nic }) => nic)): Promise<void> {
    await setPorts(this.lab.id, this.name, nics, 'up')
  }

  /** The document's `service heartbeat start`: corosync, then pacemaker. See also `lab.waitOnline`. */
  async boot(): Promise<void> {
    if (this.lab.tool) await startSshd(this)
    await startCorosync(this)
    await startPacemaker(this)
  }

  /** The document's `service heartbeat stop`; resources are stopped or handed over first. */
  async stopCluster(options: { timeoutMs?: number } = {}): Promise<void> {
    await stopPacemaker(this, options.timeoutMs)
    await stopCorosync(this)
  }

  /** The document's `service heartbeat restart`. */
  async restartCluster(): Promise<void> {
    await this.stopCluster()
    await this.boot()
  }

  /** Runs a program on the node; does not throw if it fails. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const { user, env, uplink, ...rest } = options
    const home = user === pgUser ? { HOME: '/var/lib/postgresql', USER: pgUser, LOGNAME: pgUser } : {}
    const result = await runCommand(enterArgv(this.init(), argv, { user, uplink }), {
      ...rest,
      env: { ...this.env, ...home, ...env },
    })
    return { ...result, argv }
  }

  /** Runs a program on the node that must succeed, and returns its stdout. */
  async must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(argv, options)
    try {
      return expectSuccess(result).stdout
    } catch (error) {
      throw new Error(`${this.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Writes a file on the node, as root or as another user. */
  async writeFile(path: string, content: string, options: { user?: string } = {}): Promise<void> {
    await this.must(['tee', '--', path], { ...options, input: content })
  }

  /** An interactive shell, or a program on this terminal; resolves to its exit code. */
  shell(argv: readonly string[] = ['bash', '--norc', '-i']): Promise<number> {
    const child = spawn('nsenter', enterArgv(this.init(), argv).slice(1), {
      stdio: 'inherit',
      env: { ...this.env, TERM: process.env.TERM ?? 'dumb', PS1: `[\\u@${this.name} \\W]\\$ ` },
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => {
        resolve(code ?? 1)
      })
    })
  }

  /** Everything that runs on the node, and nothing else. */
  processes(): readonly NodeProcess[] {
    const init = readInit(this.dir)
    return init ? processesOf(init) : []
  }

  /** Sends a signal to every process on the node whose program has this name; returns how many there were. */
  signal(command: string, signal: NodeJS.Signals): number {
    const found = this.processes().filter((process) => process.command === command)
    for (const { pid } of found) sendSignal(pid, signal)
    return found.length
  }

  /** The document's `killall -9 postgres`, on this node only; returns how many processes it met. */
  killPostgres(signal: NodeJS.Signals = 'SIGKILL'): number {
    return this.signal('postgres', signal)
  }

  /** Makes a new, empty database with the document's configuration. Does not start it. */
  async initdb(options: InitdbOptions = {}): Promise<void> {
    await initdb(this, options)
  }

  /** Throws the node's data away and copies the server at this address. */
  async baseBackup(fromAddress: string): Promise<void> {
    await baseBackup(this, fromAddress)
  }

  /** Throws the node's data away and copies another node's, whose server must have stopped. */
  async copyDatabase(from: LabNode): Promise<void> {
    await copyDatabase(this, from)
  }

  /** Removes the database and everything that a cluster kept beside it. */
  async removeDatabase(): Promise<void> {
    await removeDatabase(this)
  }

  /** Runs a query on the node's own server as the database's owner. */
  async sql(query: string): Promise<string> {
    return sql(this, query)
  }

  /** Removes the lock file that says this node was primary. */
  async removeLock(): Promise<void> {
    await this.must(['rm', '-f', `${pgTmpDir}/PGSQL.lock`])
  }

  private init(): ProcessRef {
    const init = readInit(this.dir)
    if (!init) throw new Error(`${this.name} has no power`)
    return init
  }
}

/** As PATH is for root on Debian, and the place of the Node that the lab runs on. */
export function nodePath(): string {
  const nodeJs = dirname(process.execPath)
  const path = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
  return (path.includes(nodeJs) ? path : [nodeJs, ...path]).join(':')
}

/** What programs on a node find in their environment: nothing of the terminal that made the lab. */
function nodeEnvironment(more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: nodePath(),
    // On the node's own tmpfs, so that crmsh's and psql's files do not land in the machine's home directory.
    HOME: '/run/root',
    USER: 'root',
    LOGNAME: 'root',
    LANG: 'C.UTF-8',
    PCMK_logfacility: 'none',
    ...more,
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // jest runs tests in a realm of their own, where this is not the Error that `instanceof` knows.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
