/** What it costs to print the meta-data, which crmsh and pacemaker ask for often, beside Node's own start. */
import { dirname, join } from 'node:path'
import { mustRun } from '../../../test/cluster/lab/command'
import { type Effort, timeByTurns } from './hyperfine'
import { compare, type Measure } from './measure'
import { shellAgent } from './shell-agents'

const AGENTS = ['pgsql', 'IPaddr2', 'ping'] as const
const BUDGET = 1.5

export async function measureMetaData(
  agentsDir: string,
  options: { readonly quick: boolean; readonly onStep: (text: string) => void },
): Promise<readonly Measure[]> {
  // An agent that is built and not installed looks for its Node in PATH: it is to find the one it is compared with.
  const path = [dirname(process.execPath), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':')
  const env = { PATH: path, OCF_ROOT: '/usr/lib/ocf' }
  const program = (name: string, argv: readonly string[]) => ({ name, argv, env, exitCode: 0 })
  const effort: Effort = options.quick ? { batches: 1, runs: 5 } : { batches: 7, runs: 20 }
  const measures: Measure[] = []
  for (const agent of AGENTS) {
    options.onStep(`measure: ${agent} meta-data`)
    const shell = shellAgent(agent)
    const programs = {
      ours: program(`ocf:ts:${agent}`, [join(agentsDir, agent), 'meta-data']),
      node: program('node -e 0', [process.execPath, '-e', '0']),
      shell: program(`ocf:${shell.provider}:${agent}`, [shell.path, 'meta-data']),
    }
    const costs = await timeByTurns(programs, effort, (argv, runOptions) => mustRun(argv, runOptions))
    const timed = (who: keyof typeof programs) => ({ name: programs[who].name, cost: costs[who] })
    const what = { part: 'meta-data', title: `${agent} meta-data` } as const
    measures.push(
      compare({ ...what, quantity: 'CPU', budget: { ratio: BUDGET } }, timed('ours'), timed('node')),
      compare({ ...what, quantity: 'CPU' }, timed('ours'), timed('shell')),
      compare({ ...what, quantity: 'wall' }, timed('ours'), timed('shell')),
    )
  }
  return measures
}
