/** A node's namespaces: starting its init in them, running programs in them, finding its processes. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, startTimeOf, type ProcessRef } from './state'
import { until } from './wait'

/** A process of a node, as seen from the machine and from within. */
export interface NodeProcess {
  readonly pid: number
  readonly pidInNode: number
  readonly command: string
  readonly argv: readonly string[]
}

export interface InitOptions {
  readonly node: string
  readonly netns: string
  readonly nodeDir: string
  readonly env: Readonly<Record<string, string>>
  /** Whether the node dies with this process. */
  readonly dieWithUs: boolean
}

/** Starts a node's init in namespaces of its own and waits until the node's file systems are mounted. */
export async function startInit(options: InitOptions): Promise<ProcessRef> {
  const { node, netns, nodeDir } = options
  const ready = join(nodeDir, 'ready')
  rmSync(ready, { force: true })
  const log = openSync(join(nodeDir, 'init.log'), 'a')
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', options.dieWithUs ? 'KILL' : 'clear'],
      ...['ip', 'netns', 'exec', netns],
      ...['unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'],
      ...['bash', join(__dirname, 'node-init.sh'), node, join(nodeDir, 'plan'), ready],
    ],
    // A session of its own: Ctrl-C in the terminal is for the owner, whose end then ends the nodes.
    { stdio: ['ignore', log, log], detached: true, env: options.env },
  )
  closeSync(log)
  child.unref()
  let failed = false
  child.once('error', () => (failed = true))
  child.once('exit', () => (failed = true))
  await until(`${node} mounts its file systems`, () => failed || readInit(nodeDir), {
    intervalMs: 10,
    timeoutMs: 20_000,
  })
  const init = readInit(nodeDir)
  if (!init) throw new Error(`${node} does not start: ${readFileSync(join(nodeDir, 'init.log'), 'utf8')}`)
  return init
}

/** The node's init, if the node has power. */
export function readInit(nodeDir: string): ProcessRef | undefined {
  try {
    const [pid = '', startTime = ''] = readFileSync(join(nodeDir, 'ready'), 'utf8').trim().split(' ')
    const init = { pid: Number(pid), startTime }
    return isAlive(init) ? init : undefined
  } catch {
    return undefined
  }
}

/** Kills a node's init, and with it everything that runs in the node; returns when all of it is gone. */
export async function killInit(init: ProcessRef): Promise<void> {
  if (!isAlive(init)) return
  process.kill(init.pid, 'SIGKILL')
  // The kernel lets init go only after the last process of its pid namespace.
  await until('the node is dead', () => startTimeOf(init.pid) !== init.startTime, { intervalMs: 5 })
}

/**
 * The argument vector that runs a program in a node, as root or as another user with that user's groups; with `uplink` on
 * the network of this machine.
 */
export function enterArgv(
  init: ProcessRef,
  argv: readonly string[],
  {
    user,
    uplink = false,
  }: { readonly user?: string | undefined; readonly uplink?: boolean | undefined } = {},
): string[] {
  return [
    ...['nsenter', '--target', String(init.pid), '--mount', '--uts', '--ipc', '--pid'],
    ...(uplink ? ['--'] : ['--net', '--']),
    // If nsenter is killed after a timeout, what it runs must not stay behind.
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...(user ? ['--reuid', user, '--regid', user, '--init-groups'] : []),
    '--',
    ...argv,
  ]
}

/** Everything that runs in the node. */
export function processesOf(init: ProcessRef): readonly NodeProcess[] {
  const namespace = readlinkSync(`/proc/${init.pid}/ns/pid`)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (readlinkSync(`/proc/${name}/ns/pid`) !== namespace) return []
        const status = readFileSync(`/proc/${name}/status`, 'utf8')
        if (/^State:\s+[ZX]/m.test(status)) return []
        return [
          {
            pid: Number(name),
            pidInNode: Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1]),
            command: /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '',
            argv: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1),
          },
        ]
      } catch {
        return [] // ended while we looked
      }
    })
}
