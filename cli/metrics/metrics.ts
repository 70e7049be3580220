/** The state of the cluster as metrics. */
import { type DatabaseReport, type MemberReport, type StatusReport } from '../status/report'
import { type Metric, type Sample } from './exposition'

const flag = (holds: boolean): number => (holds ? 1 : 0)

/** `INFINITY` as pacemaker writes it, or a number; nothing where nobody has said. */
function scoreOf(score: string | null): number | undefined {
  if (score === null) return undefined
  const [, sign, infinity] = /^([+-]?)(INFINITY|1000000)$/.exec(score) ?? []
  return infinity === undefined ? Number(score) : sign === '-' ? -Infinity : Infinity
}

/** One sample for each value that there may be, of which one is 1: so Prometheus keeps states. */
function states(
  labels: Readonly<Record<string, string>>,
  label: string,
  all: readonly string[],
  now: string,
): readonly Sample[] {
  const values = all.includes(now) ? all : [...all, now]
  return values.map((value) => ({ labels: { ...labels, [label]: value }, value: flag(value === now) }))
}

const ROLES = ['primary', 'standby', 'stopped']
const RISKS = ['none', 'some', 'no failover']

/**
 * @param promotions - when the cluster last promoted each database, in seconds since 1970, as far as it remembers
 */
export function metricsOf(
  report: StatusReport,
  promotions: Readonly<Record<string, number | undefined>>,
): readonly Metric[] {
  const { databases, nodes, addresses, failures } = report
  const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
    name: `ocf_ts_${name}`,
    help,
    type: 'gauge',
    samples,
  })
  const perMember = (
    value: (member: MemberReport, database: DatabaseReport) => number | null | undefined,
  ): readonly Sample[] =>
    databases.flatMap((database) =>
      database.members.flatMap((member) => {
        const number = value(member, database)
        if (number === null || number === undefined) return []
        return [{ labels: { resource: database.resource, node: member.node }, value: number }]
      }),
    )
  return [
    gauge('quorate', 'Whether this part of the cluster has the quorum.', [
      { labels: {}, value: flag(report.quorate) },
    ]),
    gauge('maintenance', 'Whether the cluster is in maintenance mode, and fails over nothing.', [
      { labels: {}, value: flag(report.maintenance) },
    ]),
    gauge('fencing', 'Whether fencing is enabled (stonith-enabled, or fencing-enabled).', [
      { labels: {}, value: flag(report.fencing) },
    ]),
    gauge(
      'node_online',
      'Whether a node is a full member of the cluster, and not in standby.',
      nodes.map(({ node, state }) => ({ labels: { node }, value: flag(state === 'online') })),
    ),
    gauge('failed_actions', 'Failed actions that the cluster still lists.', [
      { labels: {}, value: failures.length },
    ]),
    gauge(
      'address_up',
      'Whether a virtual address is on a node.',
      addresses.map(({ resource, address, node }) => ({
        labels: { resource, address },
        value: flag(node !== null),
      })),
    ),
    gauge(
      'database_has_primary',
      'Whether a database has a primary.',
      databases.map(({ resource, primary }) => ({ labels: { resource }, value: flag(primary !== null) })),
    ),
    gauge(
      'database_failover_risk',
      'What a failover now would cost: none - no commit, some - commits may be lost, no failover - nobody could take over.',
      databases.flatMap(({ resource, risk }) => states({ resource }, 'risk', RISKS, risk.level)),
    ),
    gauge(
      'database_last_promotion_timestamp_seconds',
      'When the cluster last promoted a server of this database, as far as it remembers since its nodes were started.',
      databases.flatMap(({ resource }) => {
        const value = promotions[resource]
        return value === undefined ? [] : [{ labels: { resource }, value }]
      }),
    ),
    gauge(
      'server_role',
      'The role of PostgreSQL on a node.',
      databases.flatMap(({ resource, members }) =>
        members.flatMap(({ node, role }) => states({ resource, node }, 'role', ROLES, role)),
      ),
    ),
    gauge(
      'server_synchronous',
      'Whether commits wait for a standby (pgsql-data-status ends with SYNC or QUORUM).',
      perMember(({ role, dataStatus }) =>
        role === 'primary' ? undefined : flag(/^STREAMING\|(?:SYNC|QUORUM)$/.test(dataStatus ?? '')),
      ),
    ),
    gauge(
      'server_promotion_score',
      'The promotion score of a node.',
      perMember(({ score }) => scoreOf(score)),
    ),
    gauge(
      'server_timeline',
      'The timeline that a server is on.',
      perMember(({ timeline }) => timeline),
    ),
    gauge(
      'server_lag_bytes',
      'How much of the WAL that the primary has on disk a standby has not replayed.',
      perMember(({ lagBytes }) => lagBytes),
    ),
    gauge(
      'server_lag_seconds',
      'How long ago what a standby replays was committed.',
      perMember(({ lagSeconds }) => lagSeconds),
    ),
    gauge(
      'server_locked',
      'Whether the lock file is there: this node is or was primary.',
      perMember(({ locked }) => (locked === null ? null : flag(locked))),
    ),
  ]
}
