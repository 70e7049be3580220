/** `scripts/bench`: our agents beside Debian's shell agents, and the budgets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type DocumentClusterOptions,
  type Lab,
  makeDocumentCluster,
  shellAgentFiles,
} from '../test/cluster/lab'
import { describeMachine } from './lib/bench/machine'
import { judge, type Measure, type Part, type Side } from './lib/bench/measure'
import { measureMetaData } from './lib/bench/meta-data'
import { measureMonitors } from './lib/bench/monitors'
import { measureInPlace, measureOutages } from './lib/bench/outage'
import { measureRejoins, REJOIN_CLUSTER, type RejoinRound } from './lib/bench/rejoin'
import { measuresTable, timelineTable } from './lib/bench/report'
import { type Round } from './lib/bench/round'
import {
  measureStandbyLosses,
  QUORUM_CLUSTER,
  QUORUM_NODES,
  type StandbyLoss,
} from './lib/bench/standby-loss'
import { BY_BAN, BY_STANDBY, measureSwitchovers, type SwitchoverRound } from './lib/bench/switchover'
import { TIMELINE_ENV } from './lib/bench/timeline'
import { buildAgents, installAgents } from './lib/build-agents'
import { describeFailure, headline } from './lib/failure'
import { Progress } from '../cli/progress'
import { endLabsOnSignals, withLab } from './lib/with-lab'

const KILL_BUDGET = { ratio: 0.75 }
const SWITCHOVER_BUDGET = { ratio: 0.5 }
const RETURN_BUDGET = { maximumMs: 30_000 }
/** At the document's monitor interval of two seconds. */
const IN_PLACE_BUDGET = { medianMs: 2000 }
const REJOIN_BUDGET = { maximumMs: 60_000 }
const QUORUM_BUDGET = { maximumMs: 300 }

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

/** What was played, by whom. */
interface Rounds {
  kill: readonly Round[]
  standby: readonly SwitchoverRound[]
  ban: readonly SwitchoverRound[]
  inPlace: readonly Round[]
}

const NONE: Readonly<Rounds> = { kill: [], standby: [], ban: [], inPlace: [] }

async function bench(agentsDir: string): Promise<boolean> {
  const machine = await describeMachine()
  const measures: Measure[] = []
  const rounds = { ours: { ...NONE }, shell: { ...NONE } }
  const losses: { rejoins: readonly RejoinRound[]; standbys: readonly StandbyLoss[] } = {
    rejoins: [],
    standbys: [],
  }
  const few = quick ? 2 : 5
  const many = quick ? 2 : 10

  if (wants('meta-data')) {
    progress.heading('\nmeta-data')
    measures.push(...(await measureMetaData(agentsDir, { quick, onStep })))
  }
  const { ours, shell } = rounds
  if (['monitor', 'outage', 'switchover', 'in-place'].some((part) => wants(part as Part))) {
    progress.heading('\nOur agents')
    await withCluster({}, agentsDir, async (lab) => {
      if (wants('monitor')) measures.push(...(await measureMonitors(lab, 'node1', { quick, onStep })))
      if (wants('in-place')) ours.inPlace = await measureInPlace(lab, { rounds: many, onStep })
      if (wants('switchover')) {
        const moves = { rounds: many, byHand: false, onStep }
        ours.standby = await measureSwitchovers(lab, { ...moves, move: BY_STANDBY })
        ours.ban = await measureSwitchovers(lab, { ...moves, move: BY_BAN })
      }
      // The last one: it leaves the old primary out.
      if (wants('outage')) ours.kill = await measureOutages(lab, { rounds: few, onStep })
    })
  }
  if (wants('outage') || wants('switchover')) {
    progress.heading('\nThe shell agents')
    await withCluster({ provider: 'heartbeat' }, agentsDir, async (lab) => {
      if (wants('switchover')) {
        const moves = { rounds: few, byHand: true, onStep }
        shell.standby = await measureSwitchovers(lab, { ...moves, move: BY_STANDBY })
      }
      if (wants('outage')) shell.kill = await measureOutages(lab, { rounds: few, onStep })
    })
  }
  if (wants('rejoin')) {
    progress.heading('\nOur agents, with rejoin=rewind')
    await withCluster(REJOIN_CLUSTER, agentsDir, async (lab) => {
      losses.rejoins = await measureRejoins(lab, { rounds: 2 * many, onStep })
    })
  }
  if (wants('quorum')) {
    progress.heading('\nOur agents, three nodes with sync_method=quorum')
    await withCluster(
      QUORUM_CLUSTER,
      agentsDir,
      async (lab) => {
        losses.standbys = await measureStandbyLosses(lab, { rounds: many, onStep })
      },
      QUORUM_NODES,
    )
  }
  measures.push(...compareRounds(rounds), ...judgeLosses(losses))

  progress.say(`\n${measuresTable(measures)}`)
  for (const [after, kind] of TABLES) {
    if (ours[kind].length > 0) {
      progress.say(timelineTable(after, { ours: ours[kind], 'shell agents': shell[kind] }))
    }
  }
  if (quick) progress.say('A quick run: the figures are of too few runs to judge by.')
  const results = measures.map((measure) => ({ ...measure, ...judge(measure), samples: samplesOf(measure) }))
  const record = { at: new Date().toISOString(), quick, machine, results, rounds, losses }
  writeFileSync(options.output, `${JSON.stringify(record, null, 2)}\n`)
  progress.say(`All figures are in ${resolve(options.output)}`)
  return measures.every((measure) => judge(measure).holds !== false)
}

const TABLES = [
  ['kill -9 of the primary', 'kill'],
  ['crm node standby of the primary', 'standby'],
  ['a ban of the primary', 'ban'],
  ['kill -9 of the primary, with migration-threshold=3', 'inPlace'],
] as const

function judgeLosses({
  rejoins,
  standbys,
}: {
  readonly rejoins: readonly RejoinRound[]
  readonly standbys: readonly StandbyLoss[]
}): readonly Measure[] {
  const measures: readonly Measure[] = [
    {
      part: 'rejoin',
      title: 'kill -9 with rejoin=rewind, in sync again',
      quantity: 'return',
      ours: { name: 'ocf:ts', samples: rejoins.map(({ returnMs }) => returnMs) },
      budget: REJOIN_BUDGET,
    },
    {
      part: 'quorum',
      title: 'kill -9 of a standby, sync_method=quorum',
      quantity: 'outage',
      ours: { name: 'ocf:ts', samples: standbys.map(({ outageMs }) => outageMs) },
      budget: QUORUM_BUDGET,
    },
  ]
  return measures.filter(({ part }) => wants(part))
}

function compareRounds({ ours, shell }: Readonly<Record<'ours' | 'shell', Rounds>>): readonly Measure[] {
  const outages = (name: string, rounds: readonly Round[]): Side => ({
    name,
    samples: rounds.map(({ outageMs }) => outageMs),
  })
  const returns = [...ours.standby, ...ours.ban].flatMap(({ returnMs }) => returnMs ?? [])
  const [mine, theirs] = ['ocf:ts', 'shell agents']
  const measures: readonly Measure[] = [
    {
      part: 'outage',
      title: 'kill -9 of the primary',
      quantity: 'outage',
      ours: outages(mine, ours.kill),
      reference: outages(theirs, shell.kill),
      budget: KILL_BUDGET,
    },
    {
      part: 'switchover',
      title: 'crm node standby',
      quantity: 'outage',
      ours: outages(mine, ours.standby),
      reference: outages(theirs, shell.standby),
      budget: SWITCHOVER_BUDGET,
    },
    {
      part: 'switchover',
      title: 'a ban of the primary',
      quantity: 'outage',
      ours: outages(mine, ours.ban),
      // Which cannot do it: a server that they demote is stopped, and fails as a standby.
      reference: outages('shell agents, crm node standby', shell.standby),
      budget: SWITCHOVER_BUDGET,
    },
    {
      part: 'switchover',
      title: 'the old primary in sync again',
      quantity: 'return',
      ours: { name: mine, samples: returns },
      budget: RETURN_BUDGET,
    },
    {
      part: 'in-place',
      title: 'kill -9, recovered in place',
      quantity: 'outage',
      ours: outages(mine, ours.inPlace),
      budget: IN_PLACE_BUDGET,
    },
  ]
  return measures.filter(({ part }) => wants(part))
}

function samplesOf({ ours, reference }: Measure) {
  return { [ours.name]: ours.samples, ...(reference && { [reference.name]: reference.samples }) }
}

/** Runs `work` on the document's cluster; both kinds of agents run where the other kind is installed as well. */
async function withCluster(
  cluster: DocumentClusterOptions,
  agentsDir: string,
  work: (lab: Lab) => Promise<void>,
  nodes: readonly string[] = ['node1', 'node2'],
): Promise<void> {
  progress.begin('the nodes get power')
  await withLab(
    { agentsDir, nodes, files: await shellAgentFiles(), env: TIMELINE_ENV },
    async (lab) => {
      try {
        await makeDocumentCluster(lab, { ...cluster, onStep })
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
