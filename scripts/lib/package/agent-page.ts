/** The man page of an agent, from its definition. */
import { type Agent } from '../../../lib/ocf'
import { programByHand } from '../../../lib/ocf/by-hand'
import { actionNames } from '../../../lib/ocf/dispatch'
import { describeExitCode, ExitCode } from '../../../lib/ocf/exit-codes'
import { advertisedActions } from '../../../lib/ocf/metadata'
import { type Parameter, textOf } from '../../../lib/ocf/parameters'
import { capitalised, flags, helpTextOf } from './help-text'
import { bold, escape, literal, type Page, paragraphs, references, section, tagged } from './roff'

/** The name of an agent's page, as those of resource-agents: ocf_PROVIDER_AGENT. */
export const agentPageName = (agent: string): string => `ocf_ts_${agent}`

/** What holds of a parameter beside its meaning: `(required)`, `(default "5432"; one of a, b; reloadable)`. */
function traits(
  parameter: Parameter<unknown>,
  values: Readonly<Record<string, unknown>>,
  name: string,
): string {
  const value = textOf(values[name])
  const said = [
    parameter.required === true ? 'required' : value === '' ? 'not set by default' : `default "${value}"`,
    parameter.options
      ? `one of ${parameter.options.map((option) => `"${option}"`).join(', ')}`
      : parameter.type,
    ...(parameter.uniqueGroup === undefined ? [] : ['differs between resources']),
    ...(parameter.reloadable === true ? ['a change takes effect without a restart'] : []),
  ]
  return `(${said.join('; ')})`
}

function parameterEntries({ parameters }: Agent): readonly string[] {
  const values: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(parameters)) {
    values[name] = parameter.derive ? parameter.derive(values) : parameter.default
  }
  return Object.entries(parameters).map(([name, parameter]) =>
    tagged(
      `${bold(name)} ${escape(traits(parameter, values, name))}`,
      parameter.longdesc ?? `${parameter.shortdesc}.`,
    ),
  )
}

interface AdvertisedRun {
  readonly name: string
  readonly timeout: string
  readonly interval?: string
  readonly role?: string
}

const operation = ({ name, timeout, interval = '0s', role }: AdvertisedRun): string =>
  `op ${name}${role === undefined ? '' : ` role="${role}"`} timeout="${timeout}" interval="${interval}"`

/** A resource for crmsh, with what must be given and the operations that the meta-data advises. */
function example(agent: Agent, runs: readonly AdvertisedRun[]): readonly string[] {
  const required = Object.entries(agent.parameters).filter(([, { required: wanted }]) => wanted === true)
  const parameters = required.map(([name]) => `${name}="VALUE"`)
  const operations = runs.filter(({ name }) => /^(start|stop|monitor|promote|demote|notify)$/.test(name))
  const lines = [
    `primitive ID ocf:ts:${agent.name}`,
    `params ${[...parameters, 'NAME="VALUE"'].join(' ')}`,
    ...operations.map(operation),
  ].map((line, index) => (index === 0 ? line : `    ${line}`))
  const clone = runs.some(({ name }) => name === 'promote')
    ? ['clone ID-clone ID \\', '    meta promotable="true" promoted-max="1" notify="true"']
    : []
  return [lines.join(' \\\n'), ...clone].join('\n').split('\n')
}

export function agentPage(agent: Agent): Page {
  const runs = advertisedActions(agent)
  const byHand = programByHand(agent)
  const help = byHand.createHelp()
  const examples = helpTextOf(byHand).blocks.find(({ title }) => title === 'Examples')?.lines ?? []
  return {
    name: agentPageName(agent.name),
    number: 7,
    purpose: agent.shortdesc,
    sections: [
      section('Synopsis', `${bold(agent.name)} [${actionNames(agent).map(bold).join(' | ')}]`),
      section('Description', paragraphs(agent.longdesc)),
      section('Supported parameters', ...parameterEntries(agent)),
      section(
        'Supported actions',
        paragraphs('With the timeouts and intervals that the meta-data advises:'),
        ...runs.map(({ name, timeout, interval, role }) => {
          const often = interval === undefined ? '' : `, every ${interval}`
          return tagged(
            bold(name),
            `Timeout ${timeout}${often}${role === undefined ? '' : `, in the role ${role}`}.`,
          )
        }),
      ),
      section(
        'Example of a configuration',
        paragraphs(`For crmsh; "ocf-ts configure" writes a whole cluster's configuration for crmsh or pcs.`),
        literal(example(agent, runs)),
      ),
      section(
        'Calls by hand',
        paragraphs(
          `The agent is a program that root can call on a node: /usr/lib/ocf/resource.d/ts/${agent.name}.`,
        ),
        ...help
          .visibleOptions(byHand)
          .map((option) => tagged(flags(option.flags), help.optionDescription(option))),
        ...(examples.length > 0 ? [literal(examples)] : []),
      ),
      section(
        'Exit status',
        ...Object.values(ExitCode).map((code) =>
          tagged(String(code), `${capitalised(describeExitCode(code).replace(` (${code})`, ''))}.`),
        ),
      ),
      section('See also', references(['ocf-ts(8)', 'pacemakerd(8)', 'crm(8)'])),
    ],
  }
}
