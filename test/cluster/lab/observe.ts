/** Looking at the cluster: its status, waiting for a status, and what to print when it does not come. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import type { LabNode } from './node'
import { parseStatus, type ClusterStatus } from '../../../lib/cluster/status'
import { until, type WaitOptions } from './wait'

const crmMon = ['crm_mon', '-Afr1']

/** The cluster as the first node that answers sees it. */
export async function readStatus(nodes: readonly LabNode[]): Promise<ClusterStatus> {
  const answers: string[] = []
  for (const node of nodes) {
    if (!node.isOn) {
      answers.push(`${node.name}: no power`)
      continue
    }
    const { code, stdout, stderr } = await node.run([...crmMon, '--output-as=xml'], { timeoutMs: 10_000 })
    if (code === 0) return parseStatus(node.name, stdout)
    answers.push(`${node.name}: ${(stderr.trim() || stdout.trim()).replace(/\s+/g, ' ')}`)
  }
  throw new Error(`no node tells the cluster's status (${answers.join('; ')})`)
}

/** Waits until the status is as wanted and returns it; in vain, throws with all that helps to see why. */
export async function waitForStatus(
  nodes: readonly LabNode[],
  description: string,
  predicate: (status: ClusterStatus) => boolean,
  options: WaitOptions,
): Promise<ClusterStatus> {
  try {
    return await until(
      description,
      async () => {
        const status = await readStatus(nodes)
        return predicate(status) && status
      },
      { intervalMs: 150, ...options },
    )
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${await diagnose(nodes)}`)
  }
}

/** Every node's view of the cluster and the end of its logs, to print when a test fails. */
export async function diagnose(nodes: readonly LabNode[]): Promise<string> {
  const parts: string[] = []
  for (const node of nodes) {
    const mon = node.isOn ? await node.run(crmMon, { timeoutMs: 10_000 }) : undefined
    parts.push(
      `--- crm_mon -Afr1 on ${node.name}`,
      mon ? mon.stdout + mon.stderr : 'no power',
      `--- ${node.name}, end of ${node.logs.pacemaker}`,
      tail(node.logs.pacemaker, 2000)
        .split('\n')
        .filter((line) => !line.includes('\tinfo:'))
        .slice(-30)
        .join('\n'),
      `--- ${node.name}, end of ${node.logs.postgres}`,
      tail(node.logs.postgres, 15),
    )
  }
  return parts.join('\n')
}

/** The last lines of a file; empty if there is no such file. */
export function tail(path: string, lines: number): string {
  if (!existsSync(path)) return ''
  const fd = openSync(path, 'r')
  try {
    const size = fstatSync(fd).size
    const buffer = Buffer.alloc(Math.min(size, lines * 300))
    readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    closeSync(fd)
  }
}
