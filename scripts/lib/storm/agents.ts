/** Agents that are killed in mid-action. */
import { type LabNode, monotonicMs } from '../../../test/cluster/lab'
import { type NodeProcess } from '../../../test/cluster/lab/namespaces'
import { pause } from '../../../test/cluster/lab/wait'
import { type Scene } from './faults'

/** How many actions die in one fault: after that the cluster must come to its end. */
const MOST = 4

/** Which action of our pgsql a process is in the midst of. */
export function actionOf({ argv }: Pick<NodeProcess, 'argv'>): string | undefined {
  const program = argv.findIndex((argument) => argument.endsWith('/ts/pgsql'))
  return program === -1 ? undefined : argv[program + 1]
}

/**
 * Kills actions of the agent for a while, at random moments; half of the time the server dies first, so that there are
 * more of them than monitors. Without fencing a stop is spared: a failed one blocks the resource, as it must.
 */
export async function killAgents(scene: Scene): Promise<void> {
  const { target, random, events, durationMs, fencing } = scene
  if (random.next() < 0.5) {
    events.add(`${target.name}: ${target.killPostgres()} processes of PostgreSQL killed`)
  }
  const endMs = monotonicMs() + durationMs
  const seen = new Set<number>()
  let killed = 0
  while (monotonicMs() < endMs && killed < MOST) {
    const victim = actions(target).find(({ pid, argv }) => {
      const spared = fencing === undefined && actionOf({ argv }) === 'stop'
      return !spared && !seen.has(pid)
    })
    if (victim) {
      seen.add(victim.pid)
      const action = actionOf(victim) ?? ''
      await pause(random.between(0, action === 'monitor' ? 60 : 400))
      // By its place in the list, for it may have ended, and its number may be another's.
      const still = actions(target).find(
        ({ pid, argv }) => pid === victim.pid && actionOf({ argv }) === action,
      )
      if (still && random.next() < 0.6) {
        process.kill(still.pid, 'SIGKILL')
        killed += 1
        events.add(`${target.name}: the agent's ${action} killed`)
      }
    }
    await pause(10)
  }
}

const actions = (node: LabNode): readonly NodeProcess[] =>
  node.processes().filter((process) => actionOf(process) !== undefined)
