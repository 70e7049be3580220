import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type Agent } from './definition'
import { actionNames, dispatch } from './dispatch'
import { messageOf } from './errors'
import { describeExitCode, ExitCode } from './exit-codes'
import { explainToTerminal } from './explain'
import { print, printError, shownLine } from './output'
import { type Parameters, textOf } from './parameters'
import { type RunOptions } from './run'
import { traceLine, traceWith } from './trace'

interface Flags {
  readonly set: Readonly<Record<string, string>>
  readonly resource?: string
  readonly node?: string
  readonly timeout?: string
  readonly explain?: true
  readonly trace?: true
  readonly debug?: true
}

function parameterTable(parameters: Parameters): string {
  const rows = Object.entries(parameters).map(([name, parameter]) => {
    const value =
      parameter.required === true
        ? 'required'
        : parameter.derive
          ? 'derived'
          : textOf(parameter.default) || '-'
    return [name, value, parameter.shortdesc]
  })
  const width = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows
    .map(
      ([name = '', value = '', text = '']) =>
        `  ${name.padEnd(width(0))}  ${value.padEnd(width(1))}  ${text}`,
    )
    .join('\n')
}

function collectSetting(known: readonly string[]) {
  return (assignment: string, settings: Record<string, string>): Record<string, string> => {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(assignment) ?? []
    if (name === '') throw new InvalidArgumentError(`write it as NAME=VALUE, not '${assignment}'.`)
    if (!known.includes(name)) {
      throw new InvalidArgumentError(`there is no parameter '${name}'; there are ${known.join(', ')}.`)
    }
    return { ...settings, [name]: value }
  }
}

/** The command line of an agent that a person calls: its options, and the text of its `--help`. */
export function programByHand<P extends Parameters>(agent: Agent<P>): Command {
  return new Command(agent.name)
    .description(agent.shortdesc)
    .version(agent.version)
    .argument('<action>', actionNames(agent).join(', '))
    .addOption(
      new Option('--set <name=value>', 'a parameter of the resource; may be given again')
        .argParser(collectSetting(Object.keys(agent.parameters)))
        .default({}, 'none'),
    )
    .option('--resource <id>', 'take parameters and meta attributes from this resource of the live cluster')
    .option('--node <name>', "this node's name in the cluster (default: ask the cluster)")
    .option('--timeout <seconds>', "the action's timeout (default: the one its meta-data advises)")
    .option(
      '--explain',
      'print what is found, decided and would be done, and change nothing; a monitor is explained as the recurring one',
    )
    .option('--trace', 'print every program and every query with its time to standard error')
    .option('--debug', 'print debug lines too')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Parameters (name, default, meaning):
${parameterTable(agent.parameters)}

A parameter can also be given as the cluster gives it: OCF_RESKEY_<name> in the environment.
--set goes before --resource, and --resource before the environment.

Examples:
  ${agent.name} meta-data
  ${agent.name} monitor --resource ID --explain
  ${agent.name} validate-all --set ${Object.keys(agent.parameters)[0] ?? 'name'}=VALUE

The exit code is OCF's: 0 success, 1 error, 2 wrong on this host, 3 no such action, 4 permission,
5 not installed, 6 wrong configuration, 7 not running, 8 running promoted.
`,
    )
    .configureOutput({ writeOut: print, writeErr: printError })
    .exitOverride()
}

/** Serves a person: options instead of environment variables, words beside the exit code. */
export async function runByHand<P extends Parameters>(
  agent: Agent<P>,
  args: readonly string[],
  options: RunOptions,
): Promise<ExitCode> {
  const command = programByHand(agent)
  if (args.length === 0) {
    command.outputHelp({ error: true })
    return ExitCode.ERR_ARGS
  }
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    // commander has printed the help, the version or what is wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.SUCCESS : ExitCode.ERR_ARGS
    throw error
  }
  const [action = ''] = command.args
  const flags = command.opts<Flags>()

  if (flags.explain && !agent.explains) {
    printError(`${agent.name} cannot explain itself: without --explain it would act\n`)
    return ExitCode.ERR_ARGS
  }

  const env: Record<string, string | undefined> = { ...process.env }
  if (flags.resource !== undefined) {
    try {
      Object.assign(env, (await options.resourceEnvironment?.(flags.resource)) ?? {})
    } catch (error) {
      printError(`${shownLine(`--resource ${flags.resource}: ${messageOf(error)}`)}\n`)
      return ExitCode.ERR_ARGS
    }
  }
  for (const [name, value] of Object.entries(flags.set)) env[`OCF_RESKEY_${name}`] = value
  if (flags.node !== undefined) env['OCF_RESKEY_CRM_meta_on_node'] = flags.node
  if (flags.debug) env['HA_debug'] = '1'
  if (flags.trace) {
    traceWith((call) => {
      printError(`${shownLine(traceLine(call))}\n`)
    })
  }
  // A monitor by hand is a probe, which leaves most of what a recurring one does undone; there is no harm in telling.
  if (flags.explain && action === 'monitor') env['OCF_RESKEY_CRM_meta_interval'] ??= '10000'
  if (flags.timeout !== undefined) {
    const seconds = Number(flags.timeout)
    if (!(seconds > 0)) {
      printError(`${shownLine(`--timeout: '${flags.timeout}' is not a number of seconds`)}\n`)
      return ExitCode.ERR_ARGS
    }
    env['OCF_RESKEY_CRM_meta_timeout'] = String(seconds * 1000)
  }

  const code = await dispatch(agent, {
    action,
    env,
    metadata: options.metadata,
    ...(flags.explain && { explain: explainToTerminal }),
  })
  const printsItsResult = ['meta-data', 'methods', 'usage', 'help'].includes(action)
  if (!printsItsResult) print(`${shownLine(`${agent.name} ${action}: ${describeExitCode(code)}`)}\n`)
  return code
}
