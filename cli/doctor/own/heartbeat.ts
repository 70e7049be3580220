/** Heartbeat on this node (ha.cf(5), authkeys). */
import { accessSync, constants, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { findProcess } from '../../../lib/system/processes'
import { type HeartbeatFacts } from '../facts'
import { examineFile } from './private-file'

const DIRECTORY = '/etc/ha.d'
const UUID = '/var/lib/heartbeat/hb_uuid'
const DEFAULT_PORT = 694

/** Where distributions have put heartbeat's programs, and pacemaker's; newest first. */
const PROGRAM_DIRECTORIES = [
  '/usr/libexec/heartbeat',
  '/usr/lib64/heartbeat',
  '/usr/lib/heartbeat',
  '/usr/libexec/pacemaker',
  '/usr/lib64/pacemaker',
  '/usr/lib/pacemaker',
]
/** What heartbeat starts of pacemaker, by itself. */
const CRM_PROGRAMS = ['cib', 'stonithd', 'attrd', 'crmd']

export type Directives = readonly (readonly [name: string, value: string])[]

export function readHaCf(text: string): Directives {
  return text
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = line, value = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
      return [name, value] as const
    })
}

/** The directives of this node's ha.cf; nothing where there is none. */
export function ownHaCf(): Directives | undefined {
  try {
    return readHaCf(readFileSync(join(DIRECTORY, 'ha.cf'), 'utf8'))
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The directory in which heartbeat looks for pacemaker's programs: it is written into its program. */
function crmDirectory(): string | undefined {
  const own = PROGRAM_DIRECTORIES.find((directory) => existsSync(join(directory, 'heartbeat')))
  if (own === undefined) return undefined
  const program = readFileSync(join(own, 'heartbeat'), 'latin1')
  return PROGRAM_DIRECTORIES.find((path) => path.endsWith('/pacemaker') && program.includes(path)) ?? own
}

/** The programs that the directives have heartbeat start. */
function programsToStart(directives: Directives): readonly string[] {
  const respawned = directives
    .filter(([name]) => name === 'respawn' || name === 'failfast')
    .map(([, value]) => value.split(/\s+/)[1] ?? '')
  const withCrm = directives.some(
    ([name, value]) =>
      (name === 'crm' || name === 'pacemaker') && /^(?:respawn|yes|on|y|true|1)$/i.test(value),
  )
  const directory = withCrm ? crmDirectory() : undefined
  const crm = directory === undefined ? [] : CRM_PROGRAMS.map((name) => join(directory, name))
  return [...respawned.filter((path) => path.startsWith('/')), ...crm]
}

/** The number of the socket that is bound to a UDP port, from /proc/net/udp and udp6 (proc_net(5)). */
export function socketsOnPort(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '']) => local.endsWith(`:${wanted}`))
    .map((fields) => fields[9] ?? '')
}

function holderOf(inode: string): string | undefined {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const held = readdirSync(`/proc/${pid}/fd`).some(
        (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`,
      )
      if (held) return `${findProcess(Number(pid))?.name ?? 'a program'} (process ${pid})`
    } catch {
      // It ended while we looked.
    }
  }
  return undefined
}

/** Who else is bound to heartbeat's port. */
function portTakenBy(port: number): string | null {
  const inodes = ['udp', 'udp6'].flatMap((table) => {
    try {
      return socketsOnPort(readFileSync(`/proc/net/${table}`, 'latin1'), port)
    } catch {
      return []
    }
  })
  const holders = inodes.map((inode) => holderOf(inode) ?? `socket ${inode}`)
  return holders.find((holder) => !holder.startsWith('heartbeat')) ?? null
}

function isRunning(): boolean {
  try {
    const pid = Number(readFileSync('/run/heartbeat.pid', 'utf8').trim())
    return findProcess(pid)?.name.startsWith('heartbeat') === true
  } catch {
    return false
  }
}

function readUuid(): string | null {
  try {
    return readFileSync(UUID).toString('hex')
  } catch {
    return null
  }
}

export function examineHeartbeat(): HeartbeatFacts | null {
  const directives = ownHaCf()
  if (directives === undefined) return null
  const port = Number(directives.find(([name]) => name === 'udpport')?.[1] ?? DEFAULT_PORT)
  const missing = programsToStart(directives).filter((path) => !isExecutable(path))
  const elsewhere = missing.flatMap((path) => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const found = PROGRAM_DIRECTORIES.map((directory) => join(directory, name)).find(isExecutable)
    return found === undefined ? [] : [[path, found] as const]
  })
  return {
    running: isRunning(),
    directives,
    authkeys: examineFile({ name: 'root', uid: 0, gid: 0 }, join(DIRECTORY, 'authkeys')),
    uuid: readUuid(),
    portTakenBy: portTakenBy(port),
    missingPrograms: missing,
    foundElsewhere: Object.fromEntries(elsewhere),
  }
}
