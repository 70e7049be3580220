/**
 * What a node sees of the file system: the machine's own, or a copy of its own of another system's, with a disk of its
 * own laid over the places where the cluster and the database keep their state. Only plans; node-init.sh carries them
 * out inside the node.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Bind } from './state'

/** Directory that the agents of provider `ts` are looked up in. */
export const agentsTarget = '/usr/lib/ocf/resource.d/ts'

/** Places that survive a power cycle: name on the node's disk, and where the node sees it. */
const disk = [
  ['pacemaker', '/var/lib/pacemaker'],
  ['corosync', '/var/lib/corosync'],
  ['heartbeat', '/var/lib/heartbeat'],
  ['postgresql', '/var/lib/postgresql'],
  ['pgsql', '/var/lib/pgsql'],
  ['log', '/var/log'],
] as const

/** Directories that the packages or the boot would have made, with owner, group and mode. */
const directories = [
  ['/var/lib/heartbeat', 'root', 'root', '755'],
  ['/var/lib/heartbeat/cores', 'root', 'root', '755'],
  ['/var/lib/heartbeat/cores/hacluster', 'hacluster', 'root', '700'],
  ['/var/lib/heartbeat/cores/nobody', 'nobody', 'root', '700'],
  ['/var/lib/heartbeat/cores/root', 'root', 'root', '700'],
  ['/var/lib/pacemaker', 'hacluster', 'haclient', '750'],
  ['/var/lib/pacemaker/blackbox', 'hacluster', 'haclient', '750'],
  ['/var/lib/pacemaker/cib', 'hacluster', 'haclient', '750'],
  ['/var/lib/pacemaker/cores', 'hacluster', 'haclient', '750'],
  ['/var/lib/pacemaker/pengine', 'hacluster', 'haclient', '750'],
  ['/var/lib/postgresql', 'postgres', 'postgres', '755'],
  ['/var/lib/postgresql/archive', 'postgres', 'postgres', '750'],
  ['/var/lib/pgsql', 'postgres', 'postgres', '755'],
  ['/var/lib/pgsql/tmp', 'postgres', 'postgres', '755'],
  ['/var/log/pacemaker', 'hacluster', 'haclient', '770'],
  ['/var/log/corosync', 'root', 'root', '755'],
  ['/var/log/crmsh', 'hacluster', 'haclient', '770'],
  ['/var/log/postgresql', 'postgres', 'postgres', '755'],
  ['/run/crm', 'hacluster', 'haclient', '750'],
  ['/run/heartbeat', 'hacluster', 'haclient', '750'],
  ['/run/lock', 'root', 'root', '1777'],
  ['/run/postgresql', 'postgres', 'postgres', '2775'],
  ['/run/resource-agents', 'root', 'root', '1755'],
  ['/run/root', 'root', 'root', '700'],
] as const

/** Where a node keeps what, below its directory on the machine. */
export function diskPath(nodeDir: string, name: (typeof disk)[number][0], ...rest: string[]): string {
  return join(nodeDir, 'disk', name, ...rest)
}

/** Where a path that a node sees on its disk is on the machine. */
export function diskOf(nodeDir: string, path: string): string {
  const place = disk.find(([, target]) => path.startsWith(`${target}/`))
  if (place === undefined) throw new Error(`'${path}' is not on the node's disk`)
  const [name, target] = place
  return diskPath(nodeDir, name, path.slice(target.length))
}

export interface MountOptions {
  readonly agentsDir: string | null
  readonly binds: readonly Bind[]
  /** A root file system, or null for the machine's. */
  readonly root: string | null
  /** Whether the node boots it as a machine does. */
  readonly machines: boolean
}

/** Makes the node's disk, if it has none yet, and returns the steps for node-init.sh. */
export function planMounts(nodeDir: string, options: MountOptions): string {
  const steps = options.machines ? planMachine(nodeDir, options) : planNode(nodeDir, options)
  return steps.map((step) => step.join('\t') + '\n').join('')
}

/** A whole machine: what it changes is on its disk. */
function planMachine(nodeDir: string, { root, binds }: MountOptions): readonly (readonly string[])[] {
  if (root === null) throw new Error('a machine boots a root file system of its own')
  const own = ['hosts', 'hostname'].map((name) => ({
    source: join(nodeDir, 'etc', name),
    target: `/etc/${name}`,
  }))
  return [
    ...enterRoot(nodeDir, root, [...own, ...binds], 'sysfs'),
    ['tmpfs', '/run', '755'],
    ['tmpfs', '/tmp', '1777'],
    ['tmpfs', '/dev/shm', '1777'],
    ['boot', `ocfts-${basename(dirname(nodeDir))}-${basename(nodeDir)}`],
  ]
}

function planNode(nodeDir: string, options: MountOptions): readonly (readonly string[])[] {
  for (const [name] of disk) mkdirSync(join(nodeDir, 'disk', name), { recursive: true })
  const binds: Bind[] = [
    ...disk.map(([name, target]) => ({ source: join(nodeDir, 'disk', name), target })),
    { source: join(nodeDir, 'etc/corosync'), target: '/etc/corosync' },
    { source: join(nodeDir, 'etc/hosts'), target: '/etc/hosts' },
    { source: join(nodeDir, 'etc/hostname'), target: '/etc/hostname' },
    ...(options.agentsDir ? [{ source: options.agentsDir, target: agentsTarget }] : []),
    ...options.binds,
  ]
  return [
    ...(options.root ? enterRoot(nodeDir, options.root, binds) : layOver(nodeDir, binds)),
    ['tmpfs', '/run', '755'],
    ['tmpfs', '/dev/shm', '1777'],
    ...directories.map((directory) => ['dir', ...directory]),
  ]
}

/** Lays them over the machine's own files. */
function layOver(nodeDir: string, binds: readonly Bind[]): readonly (readonly string[])[] {
  // A mount needs something to be mounted on. What the machine does not have is made in an overlay over the
  // nearest directory that it has, seen by this node alone.
  const missing = binds.filter(({ target }) => !existsSync(target))
  const overlays = outermost(missing.map(({ target }) => nearestExisting(target)))
  return [
    ...overlays.map((path, index) => overlay(nodeDir, String(index), path, path)),
    ...missing.map(({ source, target }) => [kindOf(source), target]),
    ...binds.map(({ source, target }) => ['bind', source, target]),
  ]
}

/** Makes another system's files the node's own: what the node changes in them is on its disk. */
function enterRoot(
  nodeDir: string,
  root: string,
  binds: readonly Bind[],
  sys: 'rbind' | 'sysfs' = 'rbind',
): readonly (readonly string[])[] {
  const newRoot = join(nodeDir, 'root')
  mkdirSync(newRoot, { recursive: true })
  return [
    overlay(nodeDir, 'root', root, newRoot),
    ['devices', `${newRoot}/dev`],
    sys === 'rbind' ? ['rbind', '/sys', `${newRoot}/sys`] : ['sysfs', `${newRoot}/sys`],
    // What the lab keeps for its nodes is found at the same place in them.
    ...[...binds, { source: dirname(nodeDir), target: dirname(nodeDir) }].flatMap(({ source, target }) => [
      [kindOf(source), newRoot + target],
      ['bind', source, newRoot + target],
    ]),
    ['root', newRoot],
  ]
}

function overlay(nodeDir: string, name: string, lower: string, target: string): readonly string[] {
  const [upper = '', work = ''] = ['upper', 'work'].map((part) => join(nodeDir, 'overlay', name, part))
  for (const made of [upper, work]) mkdirSync(made, { recursive: true })
  return ['overlay', lower, upper, work, target]
}

/** The step that makes what a source can be mounted on. */
function kindOf(source: string): 'mkdir' | 'touch' {
  return statSync(source).isDirectory() ? 'mkdir' : 'touch'
}

function nearestExisting(target: string): string {
  let path = dirname(target)
  while (!existsSync(path)) path = dirname(path)
  if (path === '/') throw new Error(`cannot mount on '${target}': no part of it exists on this machine`)
  return path
}

/** Drops every path that lies inside another one. */
function outermost(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}/`)))
}
