/** The command line that runs an action of a resource's agent by hand. */
import { type Configuration, type Primitive } from '../../lib/cluster/configuration'
import { CommandError, Exit } from '../exit'
import { quote } from '../nodes/shell'

/** Actions of any agent that look at nothing but the agent and its parameters. */
const HARMLESS: readonly string[] = ['meta-data', 'usage', 'methods', 'help', 'validate-all']

export interface Wanted {
  readonly action: string
  readonly act: boolean
  readonly trace: boolean
  /** Seconds. */
  readonly timeout: string | undefined
  /** Of the agents. */
  readonly ocfRoot: string
}

export interface Call {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
}

/**
 * The resource that is meant.
 *
 * @param wanted - its id, or the last part of its agent's name
 * @throws CommandError USAGE when there is none, or when several have that agent
 */
export function findPrimitive({ primitives }: Configuration, wanted: string): Primitive {
  const named = primitives.filter(({ id, clone }) => id === wanted || clone?.id === wanted)
  const found =
    named.length > 0 ? named : primitives.filter(({ agent }) => agent.split(':').at(-1) === wanted)
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  const ids = (list: readonly Primitive[]): string => list.map(({ id }) => id).join(', ')
  throw found.length === 0
    ? new CommandError(
        Exit.USAGE,
        `the cluster has no resource '${wanted}'`,
        `it has ${ids(primitives) || 'none'}`,
      )
    : new CommandError(Exit.USAGE, `several resources have the agent ${wanted}`, `name one: ${ids(found)}`)
}

/**
 * Ours explain themselves; a shell agent can only be run.
 *
 * @param variables - what the cluster would set for the resource
 * @throws CommandError REFUSED for an agent that would act without having been told to
 */
export function makeCall(
  { id, agent }: Pick<Primitive, 'id' | 'agent'>,
  variables: Readonly<Record<string, string>>,
  { action, act, trace, timeout, ocfRoot }: Wanted,
): Call {
  const [standard, provider = '', name = ''] = agent.split(':')
  if (standard !== 'ocf') {
    throw new CommandError(
      Exit.USAGE,
      `${id} is ${agent}: only agents of the standard ocf can be run by hand`,
    )
  }
  const program = `${ocfRoot}/resource.d/${provider}/${name}`
  if (provider === 'ts') {
    const explains = !act && !HARMLESS.includes(action)
    const options = [
      ...['--resource', id],
      ...(explains ? ['--explain'] : []),
      ...(trace ? ['--trace'] : []),
      ...(timeout === undefined ? [] : ['--timeout', timeout]),
    ]
    return { argv: [program, action, ...options], env: { OCF_ROOT: ocfRoot } }
  }
  if (!act && !HARMLESS.includes(action)) {
    throw new CommandError(
      Exit.REFUSED,
      `${agent} cannot explain itself: '${action}' would be done, and it may change something`,
      'say --act to do it',
    )
  }
  const milliseconds =
    timeout === undefined ? {} : { OCF_RESKEY_CRM_meta_timeout: `${Number(timeout) * 1000}` }
  return {
    argv: [program, action],
    env: {
      ...variables,
      ...milliseconds,
      OCF_ROOT: ocfRoot,
      OCF_RA_VERSION_MAJOR: '1',
      OCF_RA_VERSION_MINOR: '1',
      OCF_RESOURCE_PROVIDER: provider,
      OCF_RESOURCE_TYPE: name,
      // A shell agent's; what it writes there is read and printed by run.ts.
      // eslint-disable-next-line no-restricted-syntax
      ...(trace && { OCF_TRACE_RA: '1', OCF_TRACE_FILE: '/dev/stderr' }),
    },
  }
}

/** What a shell takes for a name, and for nothing else. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/** The same for a shell on another node. Not in a command line, which everybody may read: a parameter may be a password. */
export function callScript({ argv, env }: Call): {
  readonly script: string
  /** Variables that a shell cannot set. */
  readonly leftOut: readonly string[]
} {
  const names = Object.keys(env)
  const settings = names
    .filter((name) => VARIABLE.test(name))
    .map((name) => `export ${name}=${quote(env[name] ?? '')}\n`)
  return {
    script: `${settings.join('')}exec ${argv.map(quote).join(' ')} </dev/null\n`,
    leftOut: names.filter((name) => !VARIABLE.test(name)),
  }
}
