/** What `ocf-ts drill --box` is made of: a cluster for the drill, which then runs as a client of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { type Lab, makeDocumentCluster } from '../test/cluster/lab'
import { clientSsh } from '../test/cluster/lab/ssh'
import { LOADER, loaderSettings } from '../cli/drill/checkout'
import { Exit } from '../cli/exit'
import { Progress } from '../cli/progress'
import { quote } from '../cli/nodes/shell'
import { buildAgents } from './lib/build-agents'
import { describeFailure } from './lib/failure'
import { endLabsOnSignals, withLab } from './lib/with-lab'

const REPOSITORY = resolve(__dirname, '..')
const TOOL = join(REPOSITORY, 'dist/bin/ocf-ts')
// The variables are on the command line: the drill passes its own environment to no other program.
const NODE = [
  ...['env', ...Object.entries(loaderSettings(REPOSITORY)).map(([name, value]) => `${name}=${value}`)],
  ...[process.execPath, '--import', join(REPOSITORY, LOADER)],
]

const options = process.argv.slice(2)
const progress = new Progress(options.includes('--json') ? 'stderr' : 'stdout')

let client: ChildProcess | undefined

/** The drill, from a machine that sees the cluster's addresses and is no node of it. */
async function drill(lab: Lab): Promise<number> {
  const ssh = clientSsh(
    lab.id,
    lab.nodes.map(({ name, addresses }) => ({ name, address: addresses.eth0 })),
  )
  const power = [...NODE, join(REPOSITORY, 'scripts/drill-box-power.ts'), lab.id]
  const [program = '', ...args] = lab.clientArgv([
    ...['setpriv', '--pdeathsig', 'KILL', '--', process.execPath],
    ...[TOOL, 'drill', '--yes', ...options],
    ...['--via', lab.record.nodes.join(','), '--power', power.map(quote).join(' ')],
  ])
  // In a process group of its own, so that Ctrl-C is for this program alone: there is nothing to take back in a box.
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: { ...process.env, OCF_TS_SSH: ssh },
    detached: true,
  })
  client = child
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      resolve(code ?? Exit.TROUBLE)
    })
  })
}

async function main(): Promise<number> {
  await progress.run('build the agents and the tool', buildAgents)
  progress.begin('two nodes get power: node1, node2')
  return withLab(
    { tool: true },
    async (lab) => {
      try {
        await makeDocumentCluster(lab, {
          pgsqlParams: { rejoin: 'basebackup', monitor_timeout: '5' },
          onStep: (text) => {
            progress.begin(text)
          },
        })
        progress.done()
        return await drill(lab)
      } catch (error) {
        progress.fail()
        throw new Error((await describeFailure(lab, error)).join('\n'), { cause: error })
      }
    },
    (remove) => progress.run('remove the cluster', remove),
  )
}

endLabsOnSignals(() => {
  client?.kill('SIGKILL')
  progress.fail()
  console.error('\nEnding the cluster and cleaning up.')
})

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    progress.fail()
    console.error(`ocf-ts drill --box: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = Exit.TROUBLE
  },
)
