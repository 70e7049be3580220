import { createLog, type Log } from './log'
import { Deadline } from './deadline'
import { type Agent, type Context, type Explain } from './definition'
import { readEnvironment, type OcfEnvironment } from './environment'
import { messageOf, OcfError } from './errors'
import { ExitCode } from './exit-codes'
import { isTerminal, print } from './output'
import { type ParameterProblem, type Parameters, readParameters } from './parameters'

export type Env = Readonly<Record<string, string | undefined>>

/** One call of an agent. */
export interface Call {
  readonly action: string
  readonly env: Env
  /** The agent's embedded meta-data. */
  readonly metadata: string
  readonly explain?: Explain
}

const BUILT_IN = ['meta-data', 'usage', 'methods', 'validate-all', 'help']

/** Every action of an agent, the built-in ones included. */
export function actionNames<P extends Parameters>(agent: Agent<P>): readonly string[] {
  const own = Object.entries(agent.actions).filter(([, { internal }]) => internal !== true)
  return [...new Set([...own.map(([name]) => name), ...BUILT_IN.filter((name) => name !== 'help')])]
}

/** The one line that OCF's `usage` prints. */
export function usageLine<P extends Parameters>(agent: Agent<P>): string {
  return `usage: ${agent.name} {${actionNames(agent).join('|')}}\n`
}

/**
 * Runs one action as the cluster manager calls it, and returns its exit code. Never throws: what goes wrong becomes
 * a log line, an exit reason and a code.
 */
export async function dispatch<P extends Parameters>(agent: Agent<P>, call: Call): Promise<ExitCode> {
  const { action } = call
  switch (action) {
    case 'meta-data':
      print(call.metadata)
      return ExitCode.SUCCESS
    case 'methods':
      print(`${actionNames(agent).join('\n')}\n`)
      return ExitCode.SUCCESS
    case 'usage':
    case 'help':
      print(usageLine(agent))
      return ExitCode.SUCCESS
  }
  const env = readEnvironment(call.env, agent.name)
  const log = createLog({
    agent: agent.name,
    resource: env.resource,
    env: call.env,
    // Only a look at it loads Node's streams: an action with nothing to say does without.
    get terminal() {
      return isTerminal('stderr') && call.env['OCF_EXIT_REASON_PREFIX'] === undefined
    },
  })
  if (action !== 'validate-all' && !Object.hasOwn(agent.actions, action)) {
    log.error(`${agent.name} has no action '${action}'; it has ${actionNames(agent).join(', ')}`)
    return ExitCode.ERR_UNIMPLEMENTED
  }
  try {
    return await perform(agent, call, env, log)
  } catch (error) {
    if (error instanceof OcfError) {
      const detail = error.detail === undefined ? '' : ` (${error.detail})`
      log.error(`${env.resource}: ${action}: ${error.reason}${detail}`)
      log.exitReason(error.reason)
      return error.code
    }
    // Not foreseen: the stack is for whoever mends the agent, the reason for whoever is on call.
    log.error(error instanceof Error && error.stack !== undefined ? error.stack : String(error))
    log.exitReason(`${action} failed: ${messageOf(error)}`)
    return ExitCode.ERR_GENERIC
  }
}

/** Refuses a wrong configuration: every problem into the log, the first as the exit reason. */
function refuse(problems: readonly [ParameterProblem, ...ParameterProblem[]], log: Log): never {
  for (const { reason } of problems.slice(1)) log.error(reason)
  throw new OcfError(problems[0].code ?? ExitCode.ERR_CONFIGURED, problems[0].reason)
}

/** The parameters' values as the variables of a call hold them, and what is wrong with them one by one. */
export function readVariables<P extends Parameters>(
  agent: Agent<P>,
  variables: Env,
  env: OcfEnvironment,
): ReturnType<typeof readParameters<P>> {
  const texts = Object.fromEntries(
    Object.entries(agent.parameters).map(([name, { aliases = [] }]) => [
      name,
      // An empty text is how configurations write "not set".
      [name, ...aliases].map((known) => variables[`OCF_RESKEY_${known}`]).find(Boolean),
    ]),
  )
  return readParameters(agent.parameters, texts, env)
}

async function perform<P extends Parameters>(
  agent: Agent<P>,
  { action, env: variables, explain }: Call,
  env: OcfEnvironment,
  log: Log,
): Promise<ExitCode> {
  const { values, problems: unread } = readVariables(agent, variables, env)
  const problems = unread.length > 0 ? unread : (agent.validate?.(values, env) ?? [])
  const probe = action === 'monitor' && env.intervalMs === 0
  const [first, ...others] = problems

  if (first !== undefined && !probe && action !== 'stop') refuse([first, ...others], log)
  if (unread.some(({ name }) => agent.identity.includes(name))) {
    // What cannot even be named cannot be running here.
    for (const { reason } of unread) log.warning(reason)
    return probe ? ExitCode.NOT_RUNNING : ExitCode.SUCCESS
  }

  const handler = agent.actions[action]
  // An agent without checks of its own on the host is valid when its parameters are.
  if (handler === undefined) return ExitCode.SUCCESS

  const deadline = Deadline.ofAction(env.timeoutMs ?? handler.timeout * 1000)
  const context: Context<P> = { values, env, variables, action, probe, problems, deadline, log, explain }
  const run = await handler.load()
  return run(context)
}
