/** `scripts/storm`: random faults on a real cluster under write load, and what came of them. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Lab, monotonicMs } from '../test/cluster/lab'
import { labDir } from '../test/cluster/lab/state'
import { Progress } from '../cli/progress'
import { buildAgents } from './lib/build-agents'
import { describeFailure, headline } from './lib/failure'
import { makeStormCluster } from './lib/storm/cluster'
import { makeDisk } from './lib/storm/disk'
import { Events } from './lib/storm/events'
import { fenceAgent, FENCE_DIRECTORY } from './lib/storm/fence-agent'
import { Fencing } from './lib/storm/fence'
import { FAULT_NAMES, SKIPPED } from './lib/storm/kinds'
import { Machines } from './lib/storm/machines'
import { parseOptions } from './lib/storm/options'
import { BACKUP_BY_HAND } from './lib/storm/person'
import { Play, type PlayedFault } from './lib/storm/play'
import { report, type StormResult, summary } from './lib/storm/report'
import { isOutside } from './lib/storm/rows'
import { type PlannedFault, schedule } from './lib/storm/schedule'
import { timeline } from './lib/storm/timeline'
import { Watch } from './lib/storm/watch'
import { Writers } from './lib/storm/writers'
import { endLabsOnSignals, withLab } from './lib/with-lab'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '3' },
    minutes: { type: 'string' },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    mode: { type: 'string', default: 'sync' },
    rejoin: { type: 'string', default: 'rewind' },
    fence: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string' },
    deadline: { type: 'string' },
    list: { type: 'boolean', default: false },
    report: { type: 'string', default: join(__dirname, '../storm.md') },
    agents: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

/** A storm whose clusters all stand still has nothing more to tell. */
const MOST_REBUILDS = 5

const progress = new Progress()
const options = parseOptions(values)
const reportFile = resolve(values.report)

const startedAt = new Date()
const faults: PlayedFault[] = []
const violations: StormResult['violations'][number][] = []
let rebuilt = 0

/** Every cluster that was played on: what is known of it at any moment, for a storm may be ended at any. */
const clusters: { writers: Writers; play: Play; fencing: Fencing | undefined; events: Events }[] = []

function resultSoFar(): StormResult {
  for (const { writers } of clusters) writers.book.read()
  const rows = clusters.flatMap(({ writers }) => writers.book.rows)
  const outside = rows.filter(isOutside).length
  const texts = clusters.flatMap(({ events }) => events.list.map(({ text }) => text))
  return {
    ...{ options, startedAt, endedAt: new Date(), faults, violations, rebuilt },
    acknowledged: { outside, inside: rows.length - outside },
    lost: clusters.flatMap(({ play }) => play.ledger.lost),
    given: clusters.flatMap(({ play }) => play.ledger.given),
    fenced: clusters.reduce((sum, { fencing }) => sum + (fencing?.count ?? 0), 0),
    backups: texts.filter((text) => text.startsWith(BACKUP_BY_HAND)).length,
  }
}

/** Beside the report: `storm.md` has its logs in `storm-logs`. */
const logDirectory = join(dirname(reportFile), `${basename(reportFile).replace(/\.md$/, '')}-logs`)

function saveLogs(lab: Lab): void {
  const dir = join(logDirectory, lab.id)
  mkdirSync(dir, { recursive: true })
  for (const [node, logs] of Object.entries(lab.logs())) {
    for (const name of ['pacemaker', 'corosync', 'postgres'] as const) {
      if (existsSync(logs[name])) copyFileSync(logs[name], join(dir, `${node}-${name}.log`))
    }
  }
}

function writeReport(): void {
  mkdirSync(dirname(reportFile), { recursive: true })
  writeFileSync(reportFile, report(resultSoFar()))
}

/** Plays on a new cluster, until the plan ends or the cluster stands still; says whether it has come to the end. */
async function playOn(lab: Lab, plans: Iterator<PlannedFault>, endMs: number): Promise<boolean> {
  const events = new Events()
  for (const node of lab.nodes) await makeDisk(node)
  await makeStormCluster(lab, options, (text) => {
    progress.begin(text)
  })
  progress.begin('wait until it is healthy')
  const writers = await Writers.start(lab, lab.node('node1'))
  const machines = new Machines(lab, writers, events)
  const fencing = options.fence
    ? new Fencing(lab, join(labDir(lab.id), 'shared/0'), machines, events)
    : undefined
  const watch = new Watch(lab, options.mode, machines, writers, events)
  const play = new Play({ lab, options, machines, fencing, writers, watch, events })
  clusters.push({ writers, play, fencing, events })
  try {
    await play.begin()
    while (faults.length < options.rounds && monotonicMs() < endMs) {
      const plan = plans.next().value as PlannedFault
      progress.begin(tell(plan))
      const detail = setInterval(() => {
        // Elsewhere than in a terminal, every one would be a line of its own.
        if (process.stdout.isTTY) progress.detail(watch.health.healthy ? 'healthy' : watch.health.why)
      }, 500)
      const {
        fault,
        violations: found,
        stuck,
      } = await play.fault(plan).finally(() => {
        clearInterval(detail)
      })
      faults.push(fault)
      for (const violation of found) {
        violations.push({
          ...violation,
          timeline: timeline(lab, events.list, play.ledger.reigns(), violation),
        })
      }
      sayFault(fault, found)
      if (found.length > 0) {
        saveLogs(lab)
        writeReport()
      }
      if (stuck) return false
    }
    return true
  } finally {
    await Promise.all([watch.end(), machines.end(), fencing?.end()])
    writers.book.read()
    writers.book.close()
  }
}

function tell({ index, name, hits, durationMs }: PlannedFault): string {
  const lasting = durationMs === 0 ? '' : `, ${(durationMs / 1000).toFixed(1)} s`
  return `${index}: ${name} (${hits}${lasting})`
}

function sayFault(
  fault: PlayedFault,
  found: readonly { kind: string; text: string; details: readonly string[] }[],
) {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
  const healthy =
    fault.healthyAfterMs === undefined ? 'NOT HEALTHY' : `healthy after ${seconds(fault.healthyAfterMs)}`
  progress.say(`  ${fault.target}: outage ${seconds(fault.outageMs)}, ${healthy}`)
  for (const { kind, text, details } of found) {
    progress.say(`  VIOLATION: ${kind}: ${text}`)
    for (const line of details) progress.say(`    ${line}`)
  }
}

async function main(): Promise<void> {
  const agentsDir = values.agents ?? (await progress.run('build the agents', buildAgents))
  progress.say(`seed ${options.seed}`)
  const standbys = options.nodes - 1
  const plans = schedule({ ...options, standbys })
  const endMs = monotonicMs() + options.minutes * 60_000
  const nodes = Array.from({ length: options.nodes }, (_, index) => `node${index + 1}`)
  for (let done = false; !done && rebuilt <= MOST_REBUILDS;) {
    progress.begin('the nodes get power')
    const labOptions = {
      ...{ nodes, agentsDir, keep: values.keep },
      files: options.fence ? [fenceAgent()] : [],
      sharedDirectories: options.fence ? [FENCE_DIRECTORY] : [],
    }
    done = await withLab(labOptions, async (lab) => {
      try {
        return await playOn(lab, plans, endMs)
      } catch (error) {
        progress.fail()
        throw new Error((await describeFailure(lab, error)).join('\n'), { cause: error })
      } finally {
        if (values.keep) progress.say(`lab ${lab.id} stays: scripts/lab shell node1 --lab ${lab.id}`)
      }
    })
    if (!done) rebuilt += 1
  }
}

if (values.list) {
  for (const name of FAULT_NAMES) console.log(name)
  for (const { name, reason } of SKIPPED) console.log(`${name} (not played: ${reason})`)
} else {
  endLabsOnSignals(() => {
    progress.fail()
    writeReport()
    console.error(`\nEnding the cluster and cleaning up. The report so far: ${reportFile}`)
  })
  main()
    .catch((error: unknown) => {
      progress.fail()
      console.error(`\nscripts/storm: ${headline(error)}`)
      process.exitCode = 1
    })
    .finally(() => {
      writeReport()
      console.log(summary(resultSoFar()))
      console.log(`report: ${reportFile}`)
      if (violations.length > 0) console.log(`logs: ${logDirectory}`)
      process.exit(violations.length > 0 ? 1 : (process.exitCode ?? 0))
    })
}
