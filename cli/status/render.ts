/** The report as a person reads it. */
import { type Cell, type Terminal } from '../terminal'
import { type DatabaseReport, type MemberReport, type StatusReport } from './report'
import { describeBytes } from './risk'

function describeLag({ lagBytes, lagSeconds }: MemberReport): Cell {
  if (lagBytes === null) return undefined
  if (lagBytes === 0) return '0'
  return `${describeBytes(lagBytes)}${lagSeconds === null ? '' : `, ${lagSeconds.toFixed(1)} s`}`
}

/** What needs a line of its own below the table. */
function remarksOn(
  { node, locked, refused, waiting, rejoin, unknown, role, blocked }: MemberReport,
  resource: string,
): readonly string[] {
  return [
    ...(blocked
      ? [
          `${node}: blocked: a stop of ${resource} has failed, and the cluster neither monitors nor moves it: see that PostgreSQL runs or is stopped there, then crm_resource --cleanup --resource ${resource} --node ${node}`,
        ]
      : []),
    ...(rejoin === null ? [] : [`${node}: rejoin: ${rejoin}`]),
    ...(refused === null ? [] : [`${node}: refused: ${refused}`]),
    ...(waiting === null ? [] : [`${node}: commits wait: ${waiting}`]),
    ...(locked === true && role !== 'primary'
      ? [`${node}: PGSQL.lock: it was primary, and is compared with the primary when it starts`]
      : []),
    ...unknown.map((why) => `${node}: not known: ${why}`),
  ]
}

function renderDatabase(terminal: Terminal, database: DatabaseReport): readonly string[] {
  const { bold, green, yellow, red, dim } = terminal.colours
  const { resource, agent, mode, members, risk } = database
  const roles: Readonly<Record<string, (text: string) => string>> = { primary: green, stopped: red }
  const rows = members.map((member) => [
    member.node,
    member.blocked ? red(`${member.role}, blocked`) : (roles[member.role] ?? String)(member.role),
    member.status ?? undefined,
    member.dataStatus ?? undefined,
    member.timeline ?? undefined,
    member.lsn ?? undefined,
    describeLag(member),
    member.syncState ?? undefined,
    member.score ?? undefined,
  ])
  const head = ['NODE', 'ROLE', 'STATUS', 'DATA', 'TL', 'LSN', 'LAG', 'SYNC', 'SCORE']
  const colour = { none: green, some: yellow, 'no failover': red }[risk.level]
  return [
    bold(resource) + dim(`  ${agent}, rep_mode=${mode ?? '-'}`),
    ...terminal.table(head, rows),
    ...members.flatMap((member) => remarksOn(member, resource)).map((text) => yellow(text)),
    colour(`${resource}: ${risk.text}`),
  ]
}

function renderNodes(terminal: Terminal, report: StatusReport): string {
  const { yellow, green } = terminal.colours
  const states = report.nodes.map(({ node, state }) =>
    state === 'online' ? `${node} ${green(state)}` : `${node} ${yellow(state)}`,
  )
  return `nodes: ${states.join(', ')}`
}

function renderWarnings(terminal: Terminal, report: StatusReport): readonly string[] {
  const { yellow } = terminal.colours
  return [
    ...(report.quorate ? [] : ['no quorum: this part of the cluster is not the majority']),
    ...(report.maintenance ? ['maintenance mode: the cluster starts, stops and fails over nothing'] : []),
    ...(report.dc === null ? ['no controller is elected (DC): the cluster decides nothing now'] : []),
  ].map((text) => yellow(text))
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...(title === '' ? [] : [title]), ...lines]
}

/** The lines of the whole report. */
export function renderReport(terminal: Terminal, report: StatusReport): readonly string[] {
  const { red, bold } = terminal.colours
  const failures = report.failures.map(
    ({ resource, action, node, result, reason }) =>
      `  ${red(`${resource} ${action} on ${node}: ${result}`)}${reason === '' ? '' : `: ${reason}`}`,
  )
  const addresses = report.addresses.map(({ resource, address, node }) => [
    resource,
    address,
    node ?? red('nowhere'),
  ])
  return [
    renderNodes(terminal, report),
    ...renderWarnings(terminal, report),
    ...report.databases.flatMap((database) => ['', ...renderDatabase(terminal, database)]),
    ...(report.databases.length === 0 ? ['', 'no resource of the agent pgsql is configured'] : []),
    ...section(
      '',
      addresses.length === 0 ? [] : terminal.table(['ADDRESS OF', 'ADDRESS', 'NODE'], addresses),
    ),
    ...section(bold('failed actions (crm_resource --cleanup, when fixed)'), failures),
    ...section(
      bold('about to happen'),
      report.upcoming.map((text) => `  ${text}`),
    ),
  ]
}
