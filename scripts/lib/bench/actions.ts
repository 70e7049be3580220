/** The processes of recurring monitors that pacemaker has started on a node: when, and in which environment. */
import { readFileSync } from 'node:fs'
import { type LabNode, monotonicMs, until } from '../../../test/cluster/lab'

export interface MonitorChoice {
  readonly agent: string
  readonly resource: string
  readonly intervalMs: number
}

export type Environment = Readonly<Record<string, string>>

/** What pacemaker puts into the environment of a recurring monitor, read from a process that it has started. */
export async function monitorEnvironment(node: LabNode, choice: MonitorChoice): Promise<Environment> {
  return until(
    `pacemaker runs the monitor of ${choice.resource} on ${node.name}`,
    () => runningMonitor(node, choice),
    { timeoutMs: 60_000, intervalMs: 3 },
  )
}

/**
 * Waits for a monitor to begin that was not under way before; resolves to the moment, see `monotonicMs`. The
 * processes are looked at every few milliseconds, which is as exact as this can be.
 */
export async function nextMonitorStart(node: LabNode, choice: MonitorChoice): Promise<number> {
  const running = (): boolean => runningMonitor(node, choice) !== undefined
  const options = { timeoutMs: choice.intervalMs * 2 + 30_000, intervalMs: 5 }
  await until(`no monitor of ${choice.resource} runs on ${node.name}`, () => !running(), options)
  await until(`a monitor of ${choice.resource} begins on ${node.name}`, running, options)
  return monotonicMs()
}

function runningMonitor(node: LabNode, choice: MonitorChoice): Environment | undefined {
  for (const { pid, argv } of node.processes()) {
    // An interpreter's name may come first.
    if (argv.at(-1) !== 'monitor' || !argv.at(-2)?.endsWith(`/${choice.agent}`)) continue
    const env = readEnvironment(pid)
    if (
      env['OCF_RESOURCE_INSTANCE'] === choice.resource &&
      env['OCF_RESKEY_CRM_meta_interval'] === String(choice.intervalMs)
    ) {
      return env
    }
  }
  return undefined
}

function readEnvironment(pid: number): Environment {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').slice(0, -1)
    return Object.fromEntries(
      variables.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
    )
  } catch {
    return {} // ended while we looked
  }
}
