/** What is wrong with a plan: each answer that is, by its name, with the fix. */
import { agent as IPaddr2 } from '../../agents/IPaddr2/agent'
import { agent as ping } from '../../agents/ping/agent'
import { agent as pgsql } from '../../agents/pgsql/agent'
import { sameNode } from '../../lib/cluster/snapshot'
import { parseAddress } from '../../lib/network/address'
import { type Agent } from '../../lib/ocf/definition'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { type ParameterProblem, type Parameters } from '../../lib/ocf/parameters'
import { buildModel, IDS, type Model, type Primitive } from './model'
import { type Answers, MADE, type Plan, readPlan } from './plan'

export interface Validated {
  readonly plan: Plan
  readonly model: Model
}

/** What the plan calls a resource whose parameters are wrong. */
const ANSWER_OF: Readonly<Record<string, string>> = {
  [IDS.writer]: 'writer',
  [IDS.replication]: 'replication',
  [IDS.reader]: 'reader',
  [IDS.ping]: 'ping',
}

const AGENTS: Readonly<Record<string, Agent>> = {
  'ocf:ts:pgsql': pgsql as unknown as Agent,
  'ocf:ts:IPaddr2': IPaddr2 as unknown as Agent,
  'ocf:ts:ping': ping as unknown as Agent,
}

/** How many letters must be changed to make one word of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of one.split('').entries()) {
    const next = [i + 1]
    for (const [j, wanted] of other.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

/** The one of these words that was probably meant. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((known) => ({ known, far: distance(word.toLowerCase(), known.toLowerCase()) }))
    .sort((one, other) => one.far - other.far)
  return best && best.far <= Math.max(2, word.length / 3) ? best.known : undefined
}

const problem = (name: string, reason: string): ParameterProblem => ({
  name,
  value: undefined,
  reason: `${name}: ${reason}`,
})

function unknownParameters({ pgsql: given }: Answers): readonly ParameterProblem[] {
  const known = Object.keys(pgsql.parameters)
  return Object.keys(given).flatMap((name) => {
    if ((MADE as readonly string[]).includes(name)) {
      const from = name === 'node_list' ? 'nodes' : 'replication (or writer)'
      return [problem(name, `it follows from ${from}: leave it out`)]
    }
    if (known.includes(name)) return []
    const meant = nearest(name, known)
    return [problem(name, `ocf:ts:pgsql has no such parameter${meant ? `; did you mean ${meant}?` : ''}`)]
  })
}

/** What the agent itself would say of a resource, whatever the host. */
function agentProblems(primitive: Primitive, promotable: boolean): readonly ParameterProblem[] {
  const agent = AGENTS[primitive.agent]
  if (agent === undefined) return []
  const variables: Record<string, string> = {
    OCF_RESOURCE_INSTANCE: primitive.id,
    ...(promotable && { OCF_RESKEY_CRM_meta_promotable: 'true', OCF_RESKEY_CRM_meta_promoted_max: '1' }),
  }
  for (const [name, value] of Object.entries(primitive.parameters)) variables[`OCF_RESKEY_${name}`] = value
  const env = readEnvironment(variables, agent.name)
  const { values, problems } = readVariables<Parameters>(agent, variables, env)
  const found = problems.length > 0 ? problems : (agent.validate?.(values, env) ?? [])
  const answer = ANSWER_OF[primitive.id]
  return found.map((one) => (answer === undefined ? one : { ...one, reason: `${answer}: ${one.reason}` }))
}

function nodeProblems({ nodes }: Plan): readonly ParameterProblem[] {
  const problems: ParameterProblem[] = []
  if (nodes.length < 2) {
    problems.push(
      problem('nodes', `'${nodes.join(' ')}' is one node: replication needs two or more, name them all`),
    )
  }
  nodes.forEach((node, index) => {
    if (nodes.findIndex((other) => sameNode(node, other)) !== index) {
      problems.push(problem('nodes', `'${node}' is named twice: name each node once`))
    }
    if (!/^[\w][\w.-]*$/.test(node)) {
      problems.push(
        problem('nodes', `'${node}' is no node's name: take those of "crm_node -l", separated by blanks`),
      )
    }
  })
  return problems
}

function addressProblems(plan: Plan): readonly ParameterProblem[] {
  const problems: ParameterProblem[] = []
  const names = ['writer', 'replication', 'reader'] as const
  const text = (ip: string): string => parseAddress(ip)?.text ?? ip
  names.forEach((name, index) => {
    const mine = plan[name]
    const other = names.slice(0, index).find((before) => {
      const there = plan[before]
      return mine && there && text(there.ip) === text(mine.ip)
    })
    if (mine && other) {
      const advice = name === 'replication' ? 'leave replication out' : 'give each an address of its own'
      problems.push(problem(name, `${mine.ip} is the address of ${other}, too: ${advice}`))
    }
    if (mine && plan.ping.some((host) => text(host) === text(mine.ip))) {
      problems.push(
        problem(
          'ping',
          `${mine.ip} is the address of ${name}, which the primary always reaches: ping the gateway`,
        ),
      )
    }
  })
  const itself = plan.ping.find((host) => plan.nodes.some((node) => sameNode(node, host)))
  if (itself !== undefined) {
    problems.push(
      problem(
        'ping',
        `'${itself}' is a node of the cluster, whose death would stop the others: ping the gateway`,
      ),
    )
  }
  return problems
}

function databaseProblems({ pgsql: given, nodes }: Plan, model: Model): readonly ParameterProblem[] {
  const mode = model.primitives.find(({ id }) => id === IDS.database)?.parameters['rep_mode'] ?? ''
  const problems: ParameterProblem[] = []
  if (mode !== 'sync' && mode !== 'async') {
    problems.push(
      problem(
        'rep_mode',
        `'${mode}' is no replication between ${nodes.join(' and ')}: set it to sync or async`,
      ),
    )
  }
  for (const [name, meaning] of [
    ['pgctl', 'the path of pg_ctl'],
    ['pgdata', 'the data directory'],
  ] as const) {
    if (!given[name]) problems.push(problem(name, `is not set: ${meaning}`))
  }
  return problems
}

/** The plan and its model, or everything that is wrong with the answers. */
export function validatePlan(answers: Answers):
  | { readonly validated: Validated; readonly problems: readonly [] }
  | {
      readonly validated: undefined
      readonly problems: readonly ParameterProblem[]
    } {
  const { plan, problems: unread } = readPlan(answers)
  const unknown = unknownParameters(answers)
  if (plan === undefined) return { validated: undefined, problems: [...unread, ...unknown] }
  const model = buildModel(plan)
  const cloned = (id: string): boolean => model.clones.some(({ of, promotable }) => promotable && of === id)
  const problems = [
    ...unknown,
    ...nodeProblems(plan),
    ...addressProblems(plan),
    ...databaseProblems(plan, model),
    ...model.primitives.flatMap((primitive) => agentProblems(primitive, cloned(primitive.id))),
  ]
  // The mode is said once.
  const reasons = new Set<string>()
  const distinct = problems.filter(({ name, reason }) => {
    const key = name === 'rep_mode' ? name : reason
    return !reasons.has(key) && reasons.add(key)
  })
  return distinct.length > 0
    ? { validated: undefined, problems: distinct }
    : { validated: { plan, model }, problems: [] }
}
