/** `ocf-ts init`. */
import { localNodeName } from '../../lib/cluster/node-name'
import { sameNode } from '../../lib/cluster/snapshot'
import { Deadline, messageOf } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { mustAgree } from '../ask'
import { chooseDatabase, type ClusterView, databasesOf, lookAtCluster } from '../cluster/view'
import { answersOfFile, mustBeValid } from '../configure/run'
import { CommandError, Exit } from '../exit'
import { askTool } from '../nodes/answer'
import { type Terminal } from '../terminal'
import { type InitReport } from './make'
import { type Finding } from './needs'
import { initReportForm } from './report-form'
import { type InitSpec, specOfCluster, specOfPlan } from './spec'

const TIMEOUT_MS = 150_000

export interface InitFlags {
  readonly file?: string
  readonly resource?: string
  readonly auth?: string
  readonly check?: true
  readonly yes?: true
  readonly restart?: true
  readonly json?: true
}

/** What is done on the node. */
export type Work = 'look' | 'make' | 'restart'

/** On this node: the internal command `node-init`, too. */
export async function workHere(spec: InitSpec, work: Work): Promise<InitReport> {
  const deadline = new Deadline(TIMEOUT_MS)
  const { lookHere, makeHere, restartHere } = await import('./make')
  return { look: lookHere, make: makeHere, restart: restartHere }[work](spec, deadline)
}

async function workOn(local: string, node: string, spec: InitSpec, work: Work): Promise<InitReport> {
  if (sameNode(local, node)) return workHere(spec, work)
  return askTool({ local }, node, {
    args: ['node-init', '--spec', JSON.stringify(spec), '--work', work],
    form: initReportForm,
    timeoutMs: TIMEOUT_MS,
    failure: Exit.TROUBLE,
  })
}

/** The cluster, where there is one. */
async function lookIfThere(): Promise<ClusterView | undefined> {
  try {
    return await lookAtCluster()
  } catch (error) {
    if (error instanceof CommandError && error.exit === Exit.UNREACHABLE) return undefined
    throw error
  }
}

function specFor(terminal: Terminal, view: ClusterView | undefined, flags: InitFlags): InitSpec {
  if (flags.file !== undefined) {
    return specOfPlan(mustBeValid(terminal, answersOfFile(flags.file)).plan, flags.auth)
  }
  if (view === undefined) {
    throw new CommandError(
      Exit.UNREACHABLE,
      'pacemaker does not answer on this node, and nothing else says what the server is to be',
      `give the plan: 'ocf-ts configure --save plan.yaml', then 'ocf-ts init --file plan.yaml'`,
    )
  }
  return specOfCluster(view.configuration, chooseDatabase(view.configuration, flags.resource), flags.auth)
}

function show(terminal: Terminal, node: string, { findings, version, server }: InitReport): void {
  const { bold, green, red, yellow } = terminal.colours
  terminal.line(`${bold(node)}: PostgreSQL ${version}, ${server}`)
  const mark = { ok: green('ok'), lacks: red('lacks'), waits: yellow('restart') }
  const rows = findings.map(({ name, found, needed, state, restart }) => [
    state === 'waits' && !restart ? yellow('reload') : mark[state],
    name,
    found === '' ? "''" : found,
    needed,
  ])
  terminal.lines(terminal.table(['', 'setting', 'found', 'needed'], rows))
}

const open = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(({ state }) => state !== 'ok')

function whatToDo(terminal: Terminal, findings: readonly Finding[]): void {
  for (const { name, why, change, advice } of open(findings)) {
    if (advice !== undefined) terminal.line(`  ${name} (${why}) - by hand: ${advice}`)
    else if (change?.kind === 'set') terminal.line(`  ${name} (${why}) - set to ${change.value}`)
    else if (change?.kind === 'let in')
      terminal.line(`  ${name} (${why}) - add: ${change.line.replace(/\s+/g, ' ')}`)
    else if (change?.kind === 'record') terminal.line(`  ${name} (${why}) - run PostgreSQL once, alone`)
  }
}

/** A server that the cluster runs there, and would take for failed when it is restarted. */
function isManaged(view: ClusterView | undefined, node: string): boolean {
  return databasesOf(
    view?.configuration ?? {
      primitives: [],
      constraints: [],
      nodes: [],
      properties: {},
      featureSet: undefined,
    },
  )
    .flatMap(({ id }) => view?.status.instances(id) ?? [])
    .some((instance) => instance.active && instance.managed && sameNode(instance.node ?? '', node))
}

async function restartIfAgreed(
  terminal: Terminal,
  report: InitReport,
  { view, local, node, spec, flags }: Situation,
): Promise<InitReport> {
  const waiting = report.findings.filter(({ state, restart }) => state === 'waits' && restart)
  if (waiting.length === 0) return report
  const names = waiting.map(({ name }) => name).join(', ')
  if (isManaged(view, node)) {
    terminal.note(
      `${names}: take effect when PostgreSQL is restarted, and the cluster manages it on ${node}:`,
    )
    terminal.note(
      `  crm_standby --node ${node} --update on; crm_standby --node ${node} --delete  (standbys first)`,
    )
    return report
  }
  if (!flags.restart && !terminal.isInteractive) {
    terminal.note(`${names}: take effect when PostgreSQL is restarted (--restart does it)`)
    return report
  }
  try {
    await mustAgree(
      terminal,
      `${names} need a restart of PostgreSQL on ${node}. Restart it now?`,
      flags.restart ?? false,
    )
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    terminal.note(`${names}: take effect when PostgreSQL is restarted`)
    return report
  }
  const restarted = await workOn(local, node, spec, 'restart')
  return { ...restarted, made: [...report.made, ...restarted.made] }
}

interface Situation {
  readonly view: ClusterView | undefined
  readonly local: string
  readonly node: string
  readonly spec: InitSpec
  readonly flags: InitFlags
}

async function makeIfAgreed(
  terminal: Terminal,
  before: InitReport,
  situation: Situation,
): Promise<InitReport> {
  const { local, node, spec, flags } = situation
  if (!open(before.findings).some(({ change }) => change !== undefined)) return before
  await mustAgree(terminal, `Make these changes on ${node}?`, flags.yes ?? false)
  const report = await workOn(local, node, spec, 'make')
  if (!flags.json) for (const line of report.made) terminal.line(`made: ${line}`)
  const lets = before.findings.flatMap(({ change }) => (change?.kind === 'let in' ? [change.line] : []))
  if (lets.some((line) => /(?:scram-sha-256|md5|password)$/.test(line))) {
    terminal.note(
      `the password of ${spec.repuser} belongs in ~/.pgpass of the account that runs PostgreSQL, on every node`,
    )
  }
  return report
}

export async function init(terminal: Terminal, wanted: string | undefined, flags: InitFlags): Promise<Exit> {
  const view = await lookIfThere()
  const local = view?.local ?? (await localNodeName(readEnvironment({}, 'pgsql'), new Deadline(5000)))
  const node = wanted ?? local
  const spec = specFor(terminal, view, flags)
  const situation = { view, local, node, spec, flags }
  const before = await workOn(local, node, spec, 'look').catch((error: unknown) => {
    throw error instanceof CommandError
      ? error
      : new CommandError(Exit.TROUBLE, `${node}: ${messageOf(error)}`)
  })
  if (!flags.json) {
    show(terminal, node, before)
    whatToDo(terminal, before.findings)
  }
  const made = flags.check ? before : await makeIfAgreed(terminal, before, situation)
  const after = flags.check ? made : await restartIfAgreed(terminal, made, situation)
  const left = open(after.findings)
  if (flags.json) terminal.json({ node, ...after })
  else if (left.length === 0) terminal.line(`${node} has all that the replication needs`)
  else if (!flags.check) terminal.line(`left on ${node}: ${left.map(({ name }) => name).join(', ')}`)
  return left.length === 0 ? Exit.OK : Exit.TROUBLE
}
