/** Asking for what was not said, in a terminal. */
import { type Parameter } from '../../lib/ocf'
import { parameters as pgsql } from '../../agents/pgsql/parameters'
import { askForChoice, askForText } from '../ask'
import { type Terminal } from '../terminal'
import { discover, findConfig, findDataDirectories } from './discover'
import { type Answers, describe, describePgsql, questions, type QuestionName } from './plan'

type PgsqlName = keyof typeof pgsql

/** What is wrong with an answer, for whoever gives it. */
function complaint(parameter: Parameter<unknown>, value: string): true | string {
  if (value === '') return parameter.required === true ? 'this is needed' : true
  try {
    parameter.parse(value)
    return true
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

interface Choice {
  readonly value: string
  readonly name: string
}

class Interview {
  readonly plan: Partial<Record<QuestionName, string>>
  readonly pgsql: Record<string, string>

  constructor(given: Answers) {
    this.plan = { ...given.plan }
    this.pgsql = { ...given.pgsql }
  }

  private async type(message: string, parameter: Parameter<unknown>, suggestion: string): Promise<string> {
    const validate = (value: string): true | string => complaint(parameter, value.trim())
    const typed = await askForText(message, { suggestion, validate })
    return typed.trim()
  }

  async ask(name: QuestionName, suggestion = ''): Promise<void> {
    const given = this.plan[name]
    const question: Parameter<unknown> = questions[name]
    if (given !== undefined && (given !== '' || question.required !== true)) return
    const value = await this.type(`${name}: ${describe(name)}`, question, suggestion)
    if (value !== '') this.plan[name] = value
  }

  async askPgsql(name: PgsqlName, suggestion = ''): Promise<void> {
    if (this.pgsql[name] !== undefined) return
    const value = await this.type(`${name}: ${describePgsql(name)}`, pgsql[name], suggestion)
    this.keep(name, value)
  }

  async choosePgsql(name: PgsqlName, message: string, choices: readonly Choice[]): Promise<void> {
    if (this.pgsql[name] !== undefined) return
    this.keep(name, await this.choose(`${name}: ${message}`, choices))
  }

  choose(message: string, choices: readonly Choice[]): Promise<string> {
    return askForChoice(message, choices)
  }

  /** What is the agent's default anyway need not be said. */
  private keep(name: PgsqlName, value: string): void {
    const needed = name === 'pgctl' || name === 'pgdata'
    if (needed || (value !== '' && value !== String(pgsql[name].default ?? ''))) this.pgsql[name] = value
  }

  nodeCount(): number {
    return (this.plan.nodes ?? '').split(/\s+/).filter(Boolean).length
  }
}

const MODES: readonly Choice[] = [
  { value: 'sync', name: 'sync: the primary waits for a standby; a failover loses nothing' },
  { value: 'async', name: 'async: it waits for nobody; what the standbys have not received is lost' },
]

const METHODS: readonly Choice[] = [
  { value: 'first', name: 'first: commits wait for a certain standby, and then for the next' },
  { value: 'quorum', name: 'quorum: commits wait for any of them; no pause when one dies' },
]

const REJOIN: readonly Choice[] = [
  { value: 'safe', name: 'safe: comes back by itself where nothing would be lost; otherwise it says so' },
  { value: 'rewind', name: 'rewind: discards what the primary lacks, by pg_rewind' },
  { value: 'basebackup', name: 'basebackup: the same, by a new base backup; the old data is kept' },
  { value: 'manual', name: 'manual: stays out until somebody removes PGSQL.lock' },
]

/** What keeps two primaries from acknowledging; there is no way around the question where nothing was said. */
async function askFencing(interview: Interview): Promise<void> {
  const { plan, pgsql: given } = interview
  if (plan.fencing !== undefined) return
  const two = interview.nodeCount() === 2
  const sync = (given['rep_mode'] ?? 'sync') === 'sync' && given['sync_policy'] === undefined
  const choice = await interview.choose(
    two
      ? 'fencing: two nodes that do not see each other may both become primary. What is against it?'
      : 'fencing: how is a lost node kept from writing?',
    [
      { value: 'stonith', name: 'stonith: a fencing device, which the cluster has or gets first' },
      ...(two ? [{ value: 'qdevice', name: 'qdevice: a quorum device on a third machine' }] : []),
      ...(sync
        ? [
            {
              value: 'strict',
              name: 'sync_policy=strict: nothing is acknowledged that is on one machine only',
            },
          ]
        : []),
      { value: 'none', name: 'none: as in a test, or where you accept that' },
    ],
  )
  if (choice === 'strict') given['sync_policy'] = 'strict'
  else if (choice !== 'none') plan.fencing = choice
}

async function askPaths(interview: Interview, pgctls: readonly string[]): Promise<void> {
  const [newest = ''] = pgctls
  if (pgctls.length > 1 && interview.pgsql['pgctl'] === undefined) {
    await interview.choosePgsql(
      'pgctl',
      'which PostgreSQL?',
      pgctls.map((path) => ({ value: path, name: path })),
    )
  }
  await interview.askPgsql('pgctl', newest)
  const pgctl = interview.pgsql['pgctl'] ?? ''
  const [data = ''] = findDataDirectories(pgctl)
  await interview.askPgsql('pgdata', data)
  const config = findConfig(pgctl, interview.pgsql['pgdata'] ?? '')
  if (config !== undefined) await interview.askPgsql('config', config)
}

/**
 * Asks for what was not said.
 *
 * @throws CommandError REFUSED on Ctrl-C
 */
export async function interviewFor(terminal: Terminal, given: Answers): Promise<Answers> {
  const found = await discover()
  const interview = new Interview(given)
  await interview.ask('nodes', found.nodes.join(' '))
  await askPaths(interview, found.pgctls)
  if (found.interfaces.length > 0) terminal.note(`This node has: ${found.interfaces.join(', ')}`)
  terminal.note('Addresses are ADDRESS/PREFIX,INTERFACE, for example 192.168.100.163/24,eth0')
  await interview.ask('writer')
  await interview.ask('replication')
  await interview.ask('reader')
  await interview.choosePgsql('rep_mode', 'how do the standbys follow?', MODES)
  const isSync = interview.pgsql['rep_mode'] === 'sync'
  if (isSync && interview.nodeCount() > 2) {
    await interview.choosePgsql('sync_method', 'whom do commits wait for?', METHODS)
    await interview.askPgsql('sync_standbys', '1')
  }
  if (!isSync) await interview.askPgsql('max_lag', '0')
  await askFencing(interview)
  await interview.ask('ping', found.gateway)
  await interview.choosePgsql('rejoin', 'what does a node do that was primary?', REJOIN)
  return { plan: interview.plan, pgsql: interview.pgsql }
}
