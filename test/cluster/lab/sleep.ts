/**
 * A node that sleeps: every process of it is suspended, as those of a virtual machine are during a snapshot or a live
 * migration, and goes on as if nothing had been.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type LabNode } from './node'
import { until } from './wait'
import { readInit } from './namespaces'

/** Suspends all that runs on the node. What is started while this goes on is met by the next look. */
export async function suspend(node: LabNode): Promise<void> {
  await until(
    `nothing runs on ${node.name}`,
    () => {
      const running = node.processes().filter(({ pid }) => !isStopped(pid))
      for (const { pid } of running) send(pid, 'SIGSTOP')
      return running.length === 0
    },
    { intervalMs: 1, timeoutMs: 10_000 },
  )
}

/**
 * Lets all that runs on the node go on. Two kinds of parents stop themselves when they see a child stopped, and look
 * late: nsenter, which waits outside for what it started in the node, and runuser in it, which starts the server. So it looks until twice in a
 * row nothing is stopped.
 */
export async function resume(node: LabNode): Promise<void> {
  let quiet = 0
  await until(
    `all of ${node.name} runs again`,
    () => {
      const pids = [...node.processes().map(({ pid }) => pid), ...entering(node)]
      const stopped = pids.filter(isStopped)
      for (const pid of stopped) send(pid, 'SIGCONT')
      quiet = stopped.length === 0 ? quiet + 1 : 0
      return quiet === 2
    },
    { intervalMs: 20, timeoutMs: 10_000 },
  )
}

/** Lets the programs that entered the node go on: one that is stopped keeps a node that dies from being gone. */
export function releaseEntering(node: LabNode): void {
  for (const pid of entering(node).filter(isStopped)) send(pid, 'SIGCONT')
}

/** The nsenter programs that wait for what they started in the node: their children are in it, they are not. */
function entering(node: LabNode): readonly number[] {
  const init = readInit(node.dir)
  if (!init) return []
  const namespace = linkOf(init.pid, 'pid')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => linkOf(pid, 'pid_for_children') === namespace && linkOf(pid, 'pid') !== namespace)
}

function linkOf(pid: number, name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${name}`)
  } catch {
    return undefined // ended while we looked
  }
}

function isStopped(pid: number): boolean {
  try {
    return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
