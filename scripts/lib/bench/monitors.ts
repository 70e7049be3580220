/** What a monitor costs, of each agent: the thing that runs every few seconds for years. */
import { type Lab } from '../../../test/cluster/lab'
import { agentsTarget } from '../../../test/cluster/lab/mounts'
import { type Environment, monitorEnvironment, type MonitorChoice } from './actions'
import { inCalm } from './calm'
import { type Effort, timeByTurns } from './hyperfine'
import { compare, type Measure } from './measure'
import { shellAgent } from './shell-agents'

interface Monitor extends MonitorChoice {
  readonly title: string
  readonly exitCode: number
  /** The largest ratio of what is judged; the other quantity is told. */
  readonly budget: Readonly<Partial<Record<'CPU' | 'wall', number>>>
  readonly effort: Effort
  /** Set for both agents beside what pacemaker sets. */
  readonly env?: Environment
  /** Compares the agent, with this set, with itself without it, and not with the shell agent. */
  readonly grown?: { readonly name: string; readonly env: Environment }
}

const MONITORS: readonly Monitor[] = [
  {
    title: 'pgsql monitor, primary in sync',
    agent: 'pgsql',
    resource: 'pgsql',
    intervalMs: 2000,
    exitCode: 8,
    budget: { CPU: 0.4 },
    effort: { batches: 5, runs: 10 },
  },
  {
    // One look at the cluster serves them all, however many there are.
    title: 'pgsql monitor, 8 names in node_list',
    agent: 'pgsql',
    resource: 'pgsql',
    intervalMs: 2000,
    exitCode: 8,
    budget: { CPU: 1.1 },
    effort: { batches: 5, runs: 10 },
    grown: {
      name: 'the same with 2',
      env: { OCF_RESKEY_node_list: 'node1 node2 node3 node4 node5 node6 node7 node8' },
    },
  },
  {
    title: 'IPaddr2 monitor',
    agent: 'IPaddr2',
    resource: 'vip-master',
    intervalMs: 10_000,
    exitCode: 0,
    budget: { CPU: 1 },
    effort: { batches: 7, runs: 20 },
  },
  {
    // As Debian's packages leave a machine: nothing that they depend on or recommend installs fping.
    title: 'ping monitor, without fping',
    agent: 'ping',
    resource: 'pingCheck',
    intervalMs: 10_000,
    exitCode: 0,
    budget: { wall: 0.5 },
    effort: { batches: 3, runs: 4 },
    env: { OCF_RESKEY_use_fping: '0' },
  },
  {
    // One fping of one host costs less than any agent around it: told, and not judged.
    title: 'ping monitor, with fping',
    agent: 'ping',
    resource: 'pingCheck',
    intervalMs: 10_000,
    exitCode: 0,
    budget: {},
    effort: { batches: 5, runs: 10 },
    env: { OCF_RESKEY_use_fping: '1' },
  },
]

/**
 * Runs both kinds of monitor against the same database, addresses and cluster, on the primary, in the environment
 * that pacemaker gave our agent there; for the shell agent all that differs is the name of the provider.
 */
export async function measureMonitors(
  lab: Lab,
  primary: string,
  options: { readonly quick: boolean; readonly onStep: (text: string) => void },
): Promise<readonly Measure[]> {
  const node = lab.node(primary)
  const environments = new Map<string, Environment>()
  for (const monitor of MONITORS) {
    if (environments.has(monitor.resource)) continue
    options.onStep(`wait for pacemaker's own monitor of ${monitor.resource}, to have its environment`)
    environments.set(monitor.resource, await monitorEnvironment(node, monitor))
  }
  return inCalm(lab, async () => {
    const measures: Measure[] = []
    for (const monitor of MONITORS) {
      const { agent, title, exitCode, budget } = monitor
      options.onStep(`measure: ${title}`)
      const env = { ...environments.get(monitor.resource), ...monitor.env }
      const shell = shellAgent(agent)
      const ours = { name: `ocf:ts:${agent}`, argv: [`${agentsTarget}/${agent}`, 'monitor'], env, exitCode }
      const programs = monitor.grown
        ? {
            ours: { ...ours, env: { ...env, ...monitor.grown.env } },
            reference: { ...ours, name: monitor.grown.name },
          }
        : {
            ours,
            reference: {
              name: `ocf:${shell.provider}:${agent}`,
              argv: [shell.path, 'monitor'],
              env: { ...env, OCF_RESOURCE_PROVIDER: shell.provider },
              exitCode,
            },
          }
      const effort = options.quick ? { batches: 1, runs: 3 } : monitor.effort
      const costs = await timeByTurns(programs, effort, (argv, runOptions) => node.must(argv, runOptions))
      for (const quantity of ['CPU', 'wall'] as const) {
        const limit = budget[quantity]
        measures.push(
          compare(
            { part: 'monitor', title, quantity, ...(limit !== undefined && { budget: { ratio: limit } }) },
            { name: programs.ours.name, cost: costs.ours },
            { name: programs.reference.name, cost: costs.reference },
          ),
        )
      }
    }
    return measures
  })
}
