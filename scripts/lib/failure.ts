/** What a person is told when a lab did not do what it should. */
import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lab, type NodeLogs } from '../../test/cluster/lab'

const LOGS: readonly (keyof NodeLogs)[] = ['pacemaker', 'corosync', 'postgres']

/** The first lines of an error; what `waitFor` adds to them (every node's state and log) is for a file. */
export function headline(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n---')[0] ?? message
}

/**
 * The cluster's own words about what failed in it, and a directory with the whole error and every node's logs,
 * which outlives the lab.
 */
export async function describeFailure(lab: Lab, error: unknown): Promise<readonly string[]> {
  const status = await lab.status().catch(() => undefined)
  const failures = (status?.failures ?? []).map(
    ({ resource, task, node, exitStatus, exitReason }) =>
      `  ${resource} ${task} on ${node}: ${exitStatus}${exitReason ? `: ${exitReason}` : ''}`,
  )
  const dir = await saveEvidence(lab, error)
  return [
    headline(error),
    ...(failures.length > 0 ? ['Failed actions, as the cluster tells them:', ...failures] : []),
    `Look at ${dir}: state.txt is every node's crm_mon -Afr1, *-pacemaker.log what the agents and pacemaker said.`,
  ]
}

async function saveEvidence(lab: Lab, error: unknown): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ocf-ts-failure-'))
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  writeFileSync(join(dir, 'error.txt'), `${stack}\n`)
  writeFileSync(join(dir, 'state.txt'), await lab.diagnose().catch(String))
  for (const [node, logs] of Object.entries(lab.logs())) {
    for (const name of LOGS) {
      if (existsSync(logs[name])) copyFileSync(logs[name], join(dir, `${node}-${name}.log`))
    }
  }
  return dir
}
