/** The configuration as data: what crmsh and pcs are told, each in its own words. */
import { dirname } from 'node:path'
import { agent as ping } from '../../agents/ping/agent'
import { agent as pgsql, type Values } from '../../agents/pgsql/agent'
import { trimSlashes } from '../../agents/pgsql/parameters'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { type Plan, type VirtualAddress } from './plan'
import { deriveTimeouts, type Timeout, type TimeoutName } from './timeouts'

export type Pairs = Readonly<Record<string, string>>

export interface Operation {
  readonly name: 'start' | 'stop' | 'monitor' | 'promote' | 'demote' | 'notify'
  readonly interval: string
  readonly timeout: string
  readonly onFail: 'restart' | 'stop' | 'block' | 'ignore' | 'fence' | undefined
  readonly role: 'Promoted' | undefined
}

export interface Primitive {
  readonly id: string
  readonly agent: string
  readonly parameters: Pairs
  readonly meta: Pairs
  readonly operations: readonly Operation[]
  /** Lines for whoever reads the text. */
  readonly why: readonly string[]
}

export interface Clone {
  readonly id: string
  readonly of: string
  readonly promotable: boolean
  readonly meta: Pairs
}

export interface Group {
  readonly id: string
  readonly members: readonly string[]
}

/** One comparison of a node attribute. */
export type Comparison =
  | { readonly attribute: string; readonly operation: 'not_defined' }
  | { readonly attribute: string; readonly operation: 'eq' | 'ne' | 'lt' | 'gt'; readonly value: string }

export interface Location {
  readonly id: string
  readonly resource: string
  readonly score: string
  readonly any: 'and' | 'or'
  readonly comparisons: readonly Comparison[]
  readonly why: string
}

export interface Colocation {
  readonly id: string
  readonly resource: string
  readonly with: string
  readonly withRole: 'Promoted' | undefined
  readonly why: string
}

/** All of them are optional: they order what happens in the same transition anyway. */
export interface Order {
  readonly id: string
  readonly first: string
  readonly firstAction: 'start' | 'promote' | 'demote'
  readonly then: string
  readonly thenAction: 'start' | 'stop'
  readonly symmetrical: boolean
}

export interface Model {
  /** Lines at the head of the text. */
  readonly why: readonly string[]
  readonly properties: Pairs
  readonly defaults: Pairs
  readonly primitives: readonly Primitive[]
  readonly clones: readonly Clone[]
  readonly groups: readonly Group[]
  readonly locations: readonly Location[]
  readonly colocations: readonly Colocation[]
  readonly orders: readonly Order[]
}

/** The document's names. */
export const IDS = {
  database: 'pgsql',
  databases: 'msPostgresql',
  writer: 'vip-master',
  replication: 'vip-rep',
  reader: 'vip-slave',
  addresses: 'master-group',
  ping: 'pingCheck',
  pings: 'clnPingCheck',
} as const

const PING_ATTRIBUTE = 'default_ping_set'
const PING_WORTH = '100'

/** The document's, where nothing else is said. */
const KEEPALIVES = 'keepalives_idle=60 keepalives_interval=5 keepalives_count=5'
/** Seconds: a clean shutdown is given that long, and a server that hangs is found in that time. */
const STOP_ESCALATE = '20'
const MONITOR_TIMEOUT = '10'

/** The parameters of the database: the operator's, what follows from the plan, and defaults beside the agent's own. */
export function databaseParameters(plan: Plan): Pairs {
  const given = plan.pgsql
  const { pgctl, pgdata } = given
  const onDebian = pgctl?.startsWith('/usr/lib/postgresql/') === true
  const standard = pgdata ? `${dirname(trimSlashes(pgdata))}/pacemaker.log` : undefined
  const logfile = onDebian ? '/var/log/postgresql/pacemaker.log' : standard
  const made = {
    ...(pgctl?.startsWith('/') && { pgctl, psql: `${dirname(pgctl)}/psql` }),
    ...(pgdata !== undefined && { pgdata }),
    ...(logfile !== undefined && { logfile }),
    rep_mode: 'sync',
    primary_conninfo_opt: KEEPALIVES,
    monitor_timeout: MONITOR_TIMEOUT,
    stop_escalate: STOP_ESCALATE,
    stop_escalate_in_slave: given['stop_escalate'] ?? STOP_ESCALATE,
    ...given,
    node_list: plan.nodes.join(' '),
    master_ip: (plan.replication ?? plan.writer).ip,
  }
  // In the order in which the agent declares them, however they were said.
  const order = Object.keys(pgsql.parameters)
  return Object.fromEntries(
    Object.entries(made)
      .filter(([, value]) => value !== '')
      .sort(([one], [other]) => order.indexOf(one) - order.indexOf(other)),
  )
}

/** What the agent will read in them; where they are wrong, its defaults. */
export function readDatabaseValues(parameters: Pairs): Values {
  const variables = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [`OCF_RESKEY_${name}`, value]),
  )
  return readVariables(pgsql, variables, readEnvironment(variables, pgsql.name)).values
}

function operation(
  name: Operation['name'],
  { seconds }: Timeout,
  onFail?: Operation['onFail'],
  interval = 0,
  role?: Operation['role'],
): Operation {
  return { name, interval: `${interval}s`, timeout: `${seconds}s`, onFail, role }
}

const ADDRESS_TIMEOUT: Timeout = { seconds: 30, why: '' }

function addressResource(
  id: string,
  { ip, nic, netmask }: VirtualAddress,
  {
    whenStartFails,
    whenStopFails,
    meta = {},
    why,
  }: {
    whenStartFails: Operation['onFail']
    whenStopFails: Operation['onFail']
    meta?: Pairs
    why: string
  },
): Primitive {
  return {
    id,
    agent: 'ocf:ts:IPaddr2',
    parameters: { ip, ...(nic && { nic }), ...(netmask && { cidr_netmask: netmask }) },
    meta,
    operations: [
      operation('start', ADDRESS_TIMEOUT, whenStartFails),
      operation('monitor', ADDRESS_TIMEOUT, 'restart', 10),
      operation('stop', ADDRESS_TIMEOUT, whenStopFails),
    ],
    why: [why],
  }
}

type Timeouts = Readonly<Record<TimeoutName, Timeout>>

function databaseResource(parameters: Pairs, timeouts: Timeouts, fenced: boolean): Primitive {
  const said = (name: TimeoutName): string => `${name} ${timeouts[name].seconds}s: ${timeouts[name].why}`
  return {
    id: IDS.database,
    agent: 'ocf:ts:pgsql',
    parameters,
    meta: {},
    operations: [
      operation('start', timeouts.start, 'restart'),
      operation('monitor', timeouts.monitor, 'restart', 7),
      // Two recurring monitors of one resource must differ in their interval.
      operation('monitor', timeouts.monitor, 'restart', 2, 'Promoted'),
      operation('promote', timeouts.promote, 'restart'),
      operation('demote', timeouts.demote, fenced ? 'fence' : 'stop'),
      operation('stop', timeouts.stop, fenced ? 'fence' : 'block'),
      operation('notify', timeouts.notify),
    ],
    why: [
      'The database. Timeouts, from what each operation may have to wait for:',
      ...(['start', 'monitor', 'promote', 'demote', 'stop', 'notify'] as const).map(
        (name) => `  ${said(name)}`,
      ),
      fenced
        ? 'A node on which it cannot be demoted or stopped is fenced (on-fail="fence"): another one takes over.'
        : 'Where it cannot be stopped it is blocked (on-fail="block") until a person has looked.',
    ],
  }
}

function properties({ nodes, fencing }: Plan): Pairs {
  return {
    // Of two nodes, the one that is left never has a majority: without a quorum device it must go on all the same.
    'no-quorum-policy': nodes.length === 2 && fencing !== 'qdevice' ? 'ignore' : 'stop',
    'stonith-enabled': String(fencing === 'stonith'),
  }
}

function readerLocations(mode: string): readonly Location[] {
  const status = `${IDS.database}-status`
  const following = mode === 'async' ? 'HS:async' : 'HS:sync'
  const only = (part: string, score: string, comparisons: readonly Comparison[], why: string): Location => ({
    id: `reader-${part}`,
    resource: IDS.reader,
    score,
    any: 'and',
    comparisons,
    why,
  })
  return [
    only(
      'on-standby',
      '200',
      [{ attribute: status, operation: 'eq', value: following }],
      'readers: a standby',
    ),
    only('on-primary', '100', [{ attribute: status, operation: 'eq', value: 'PRI' }], 'else the primary'),
    only('not-unknown', '-INFINITY', [{ attribute: status, operation: 'not_defined' }], 'and nobody else'),
    only(
      'not-elsewhere',
      '-INFINITY',
      [
        { attribute: status, operation: 'ne', value: following },
        { attribute: status, operation: 'ne', value: 'PRI' },
      ],
      'a standby that is not in step is not read',
    ),
  ]
}

/** What the plan makes of a cluster. */
export function buildModel(plan: Plan): Model {
  const parameters = databaseParameters(plan)
  const values = readDatabaseValues(parameters)
  const pingWaits = Number(ping.parameters.attempts.default) * Number(ping.parameters.timeout.default)
  const timeouts = deriveTimeouts({
    recovery: plan.recovery_time,
    stopEscalate: Math.max(values.stop_escalate, values.stop_escalate_in_slave),
    monitorTimeout: values.monitor_timeout,
    attributeTimeout: values.crm_attr_timeout,
    restartOnPromote: values.restart_on_promote,
    ping: pingWaits,
  })
  const comesBack = values.rejoin === 'rewind' || values.rejoin === 'basebackup'
  const pinged = plan.ping.length > 0
  const fenced = plan.fencing === 'stonith'
  // Without fencing nobody can know that what does not stop has ended: nothing may take its place.
  const whenStopFails = fenced ? 'fence' : 'block'
  const follows = [IDS.writer, ...(plan.replication ? [IDS.replication] : [])]
  return {
    why: [
      `PostgreSQL on ${plan.nodes.join(', ')}; made by ocf-ts configure.`,
      plan.fencing === 'none'
        ? 'There is no fencing: nodes that do not see each other may both become primary.'
        : plan.fencing === 'stonith'
          ? 'Fencing is on: nothing starts before the cluster has a fencing device (stonith resource).'
          : 'The nodes without the vote of the quorum device stop.',
    ],
    properties: properties(plan),
    defaults: { 'resource-stickiness': 'INFINITY', 'migration-threshold': '1' },
    primitives: [
      databaseResource(parameters, timeouts, fenced),
      addressResource(IDS.writer, plan.writer, {
        whenStartFails: 'stop',
        whenStopFails,
        why: 'The address of the writers: where the primary is.',
      }),
      ...(plan.replication
        ? [
            addressResource(IDS.replication, plan.replication, {
              whenStartFails: 'restart',
              whenStopFails,
              meta: { 'migration-threshold': '0' },
              why: 'The address that standbys replicate from. Its failures move nothing (migration-threshold 0).',
            }),
          ]
        : []),
      ...(plan.reader
        ? [
            addressResource(IDS.reader, plan.reader, {
              whenStartFails: 'restart',
              whenStopFails,
              meta: { 'resource-stickiness': '1' },
              why: 'The address of the readers: on a standby, and on the primary when there is none.',
            }),
          ]
        : []),
      ...(pinged
        ? [
            {
              id: IDS.ping,
              agent: 'ocf:ts:ping',
              parameters: { name: PING_ATTRIBUTE, host_list: plan.ping.join(' '), multiplier: PING_WORTH },
              meta: {},
              operations: [
                operation('start', timeouts.ping, 'restart'),
                operation('monitor', timeouts.ping, 'restart', 10),
                operation('stop', timeouts.ping, 'ignore'),
              ],
              why: [
                `Whether a node reaches the network: ${timeouts.ping.seconds}s are ${timeouts.ping.why}.`,
              ],
            },
          ]
        : []),
    ],
    clones: [
      {
        id: IDS.databases,
        of: IDS.database,
        promotable: true,
        meta: {
          'promoted-max': '1',
          'promoted-node-max': '1',
          'clone-max': String(plan.nodes.length),
          'clone-node-max': '1',
          notify: 'true',
          ...(comesBack && { 'failure-timeout': `${timeouts.forget.seconds}s` }),
        },
      },
      ...(pinged ? [{ id: IDS.pings, of: IDS.ping, promotable: false, meta: {} }] : []),
    ],
    groups: [{ id: IDS.addresses, members: follows }],
    locations: [
      ...(plan.reader ? readerLocations(values.rep_mode) : []),
      ...(pinged
        ? [
            {
              id: 'database-needs-network',
              resource: IDS.databases,
              score: '-INFINITY',
              any: 'or' as const,
              comparisons: [
                { attribute: PING_ATTRIBUTE, operation: 'not_defined' as const },
                { attribute: PING_ATTRIBUTE, operation: 'lt' as const, value: PING_WORTH },
              ],
              why: 'no database on a node that reaches none of the hosts',
            },
          ]
        : []),
    ],
    colocations: [
      ...(pinged
        ? [
            {
              id: 'database-with-ping',
              resource: IDS.databases,
              with: IDS.pings,
              withRole: undefined,
              why: 'the database only where the network is watched',
            },
          ]
        : []),
      {
        id: 'addresses-with-primary',
        resource: IDS.addresses,
        with: IDS.databases,
        withRole: 'Promoted' as const,
        why: 'the addresses are where the primary is',
      },
    ],
    orders: [
      ...(pinged
        ? [
            {
              id: 'ping-before-database',
              first: IDS.pings,
              firstAction: 'start' as const,
              then: IDS.databases,
              thenAction: 'start' as const,
              symmetrical: true,
            },
          ]
        : []),
      {
        id: 'promote-before-addresses',
        first: IDS.databases,
        firstAction: 'promote',
        then: IDS.addresses,
        thenAction: 'start',
        symmetrical: false,
      },
      {
        id: 'demote-before-addresses-stop',
        first: IDS.databases,
        firstAction: 'demote',
        then: IDS.addresses,
        thenAction: 'stop',
        symmetrical: false,
      },
    ],
  }
}

/** Every id that the model uses in the CIB. */
export function idsOf(model: Model): readonly string[] {
  const { primitives, clones, groups, locations, colocations, orders } = model
  return [...primitives, ...clones, ...groups, ...locations, ...colocations, ...orders].map(({ id }) => id)
}
