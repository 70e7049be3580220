/** `scripts/demo`: a failover to look at. */
import { parseArgs } from 'node:util'
import { buildAgents } from './lib/build-agents'
import { type Lab, listRecords } from '../test/cluster/lab'
import { bringOldPrimaryBack, killPrimary, makeCluster } from './lib/demo/acts'
import { stateTable } from './lib/demo/state-table'
import { describeFailure, headline } from './lib/failure'
import { Progress } from '../cli/progress'
import { demoSystem, selectedSystem } from '../test/systems'
import { endLabsOnSignals, withLab } from './lib/with-lab'

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    agents: { type: 'string' },
    system: { type: 'string', default: selectedSystem().name },
  },
})
const system = demoSystem(options.system)
const hasTool = options.keep && options.agents === undefined
const progress = new Progress()

async function demo(): Promise<boolean> {
  const agentsDir = options.agents ?? (await progress.run('build the agents', buildAgents))
  progress.begin(`two nodes get power: node1, node2 (${options.system})`)
  return withLab(
    // Who stays to look at the cluster has its tool. (With agents of another build there may be none.)
    { agentsDir, keep: options.keep, tool: hasTool, system },
    async (lab) => {
      try {
        return await play(lab)
      } catch (error) {
        progress.fail()
        throw new Error((await describeFailure(lab, error)).join('\n'), { cause: error })
      } finally {
        if (options.keep) sayHowToGoOn(lab)
      }
    },
    (remove) => progress.run('clean up', remove),
  )
}

/** The three acts; whether no acknowledged row was lost. */
async function play(lab: Lab): Promise<boolean> {
  progress.heading('\n1. One primary, one synchronous standby')
  progress.say(stateTable(await makeCluster(lab, progress)))

  progress.heading('2. The primary is killed while a client writes')
  const takeover = await killPrimary(lab, progress)
  progress.say(stateTable(takeover.status))
  const { outageMs, acknowledged } = takeover
  progress.heading(`Writes stood still for ${(outageMs / 1000).toFixed(1)} s.`)
  progress.heading(`${acknowledged} acknowledged rows, ${takeover.lost.size} lost.\n`)

  progress.heading('3. The old primary comes back as a standby')
  const { status, lost } = await bringOldPrimaryBack(lab, progress, takeover.missingOn)
  progress.say(stateTable(status))

  if (takeover.lost.size === 0 && lost.length === 0) return true
  const evidence = await describeFailure(
    lab,
    `ROWS WERE LOST. Of ${acknowledged} acknowledged rows, node2 lacks ${takeover.lost.size} and node1 ${lost.length}.`,
  )
  progress.say(evidence.join('\n'))
  return false
}

function sayHowToGoOn(lab: Lab): void {
  const kept = listRecords().filter(({ owner }) => owner === null)
  const choose = kept.length > 1 ? ` --lab ${lab.id}` : ''
  progress.say(`The cluster goes on running.
  scripts/lab status${choose}             what the cluster says
  scripts/lab shell node1${choose}        a root shell on a node: try ${hasTool ? 'ocf-ts status' : 'crm_mon -Afr'}, killall -9 postgres
  scripts/lab power-off node1${choose}    and see node2 take over
  scripts/lab stop${kept.length > 1 ? ` ${lab.id}` : ''}               end it and remove every trace of it`)
}

endLabsOnSignals(() => {
  progress.fail()
  console.error('\nEnding the cluster and cleaning up.')
})

demo().then(
  (succeeded) => {
    progress.done()
    process.exitCode = succeeded ? 0 : 1
  },
  (error: unknown) => {
    progress.fail()
    console.error(`\nscripts/demo: ${headline(error)}`)
    process.exitCode = 1
  },
)
