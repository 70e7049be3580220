/** `scripts/bench`: our agents beside Debian's shell agents, and the budgets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Lab, makeDocumentCluster, type Provider, shellAgentFiles } from '../test/cluster/lab'
import { describeMachine } from './lib/bench/machine'
import { judge, type Measure, type Part } from './lib/bench/measure'
import { measureMetaData } from './lib/bench/meta-data'
import { measureMonitors } from './lib/bench/monitors'
import { measureOutages, type Round } from './lib/bench/outage'
import { measuresTable, timelineTable } from './lib/bench/report'
import { TIMELINE_ENV } from './lib/bench/timeline'
import { buildAgents, installAgents } from './lib/build-agents'
import { describeFailure, headline } from './lib/failure'
import { Progress } from './lib/progress'
import { endLabsOnSignals, withLab } from './lib/with-lab'

const OUTAGE_BUDGET = 0.75

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    output: { type: 'string', default: join(__dirname, '../bench.json') },
    agents: { type: 'string' },
  },
})
const progress = new Progress()
const onStep = (text: string): void => {
  progress.begin(text)
}
const { quick } = options

const wants = (part: Part): boolean => options.only?.includes(part) ?? true

async function bench(agentsDir: string): Promise<boolean> {
  const machine = await describeMachine()
  const measures: Measure[] = []
  const rounds: Record<'ours' | 'shell', readonly Round[]> = { ours: [], shell: [] }
  const measureRounds = (lab: Lab): Promise<readonly Round[]> =>
    measureOutages(lab, { rounds: quick ? 2 : 5, onStep })

  if (wants('meta-data')) {
    progress.heading('\nmeta-data')
    measures.push(...(await measureMetaData(agentsDir, { quick, onStep })))
  }
  if (wants('monitor') || wants('outage')) {
    progress.heading('\nOur agents')
    await withCluster('ts', agentsDir, async (lab) => {
      if (wants('monitor')) measures.push(...(await measureMonitors(lab, 'node1', { quick, onStep })))
      if (wants('outage')) rounds.ours = await measureRounds(lab)
    })
  }
  if (wants('outage')) {
    progress.heading('\nThe shell agents')
    await withCluster('heartbeat', agentsDir, async (lab) => {
      rounds.shell = await measureRounds(lab)
    })
    const samples = (some: readonly Round[]): readonly number[] => some.map(({ outageMs }) => outageMs)
    measures.push({
      part: 'outage',
      title: 'kill -9 of the primary',
      quantity: 'outage',
      ours: { name: 'ocf:ts', samples: samples(rounds.ours) },
      reference: { name: 'shell agents', samples: samples(rounds.shell) },
      budget: OUTAGE_BUDGET,
    })
  }

  progress.say(`\n${measuresTable(measures)}`)
  if (wants('outage')) progress.say(timelineTable(rounds))
  if (quick) progress.say('A quick run: the figures are of too few runs to judge by.')
  const results = measures.map((measure) => ({ ...measure, ...judge(measure), samples: samplesOf(measure) }))
  const record = { at: new Date().toISOString(), quick, machine, results, rounds }
  writeFileSync(options.output, `${JSON.stringify(record, null, 2)}\n`)
  progress.say(`All figures are in ${resolve(options.output)}`)
  return measures.every((measure) => judge(measure).holds !== false)
}

function samplesOf({ ours, reference }: Measure) {
  return { [ours.name]: ours.samples, [reference.name]: reference.samples }
}

/** Runs `work` on the document's cluster; both kinds of agents run where the other kind is installed as well. */
async function withCluster(
  provider: Provider,
  agentsDir: string,
  work: (lab: Lab) => Promise<void>,
): Promise<void> {
  progress.begin('two nodes get power')
  await withLab(
    { agentsDir, files: shellAgentFiles(), env: TIMELINE_ENV },
    async (lab) => {
      try {
        await makeDocumentCluster(lab, { provider, onStep })
        await work(lab)
      } catch (error) {
        progress.fail()
        throw new Error((await describeFailure(lab, error)).join('\n'), { cause: error })
      }
    },
    (remove) => progress.run('clean up', remove),
  )
}

async function main(): Promise<boolean> {
  if (options.agents !== undefined) return bench(options.agents)
  const destination = mkdtempSync(join(tmpdir(), 'ocf-ts-bench-'))
  try {
    await progress.run('build the agents', buildAgents)
    return await bench(await progress.run('install them for the lab', () => installAgents(destination)))
  } finally {
    rmSync(destination, { recursive: true })
  }
}

endLabsOnSignals(() => {
  progress.fail()
  console.error('\nEnding the cluster and cleaning up.')
})

main().then(
  (holds) => {
    process.exitCode = holds ? 0 : 1
    if (!holds) console.error('scripts/bench: a budget does not hold: see BROKEN in the table')
  },
  (error: unknown) => {
    progress.fail()
    console.error(`\nscripts/bench: ${headline(error)}`)
    process.exitCode = 1
  },
)
