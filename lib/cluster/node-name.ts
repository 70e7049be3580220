import { hostname } from 'node:os'
import { type Deadline, type OcfEnvironment } from '../ocf'
import { runProgram } from '../system/run-program'

/**
 * This node's name in the cluster: pacemaker says it in the environment; only for a call by hand is it asked for.
 * Where no cluster answers, it is the host's name.
 */
export async function localNodeName(env: OcfEnvironment, deadline: Deadline): Promise<string> {
  if (env.node !== undefined && env.node !== '') return env.node
  try {
    const { code, stdout } = await runProgram('crm_node', ['--name'], { deadline: deadline.within(5000) })
    if (code === 0 && stdout.trim() !== '') return stdout.trim()
  } catch {
    // No pacemaker here at all.
  }
  return hostname()
}
