/** What the replication needs of the server on a node: taken from a plan, or from the cluster. */
import { readDatabaseValues, databaseParameters, type Pairs } from '../configure/model'
import { type Plan } from '../configure/plan'
import { type Configuration, type Primitive } from '../../lib/cluster/configuration'
import { readConninfo } from '../../lib/postgres/conninfo'
import { parseAddress } from '../../lib/network/address'
import { parsePrefixLength } from '../../lib/network/prefix'

/** An address in a network whose size is perhaps only known on the node. */
export interface Place {
  readonly ip: string
  readonly prefixLength: number | undefined
}

/** Sent to the node as JSON: nothing in it is secret. */
export interface InitSpec {
  /** Parameters of ocf:ts:pgsql that say where the server is. */
  readonly parameters: Pairs
  readonly nodes: readonly string[]
  readonly repuser: string
  readonly rewinds: boolean
  readonly slots: boolean
  readonly restores: boolean
  /** Database that pg_rewind connects to. */
  readonly database: string
  readonly replication: Place
  readonly clients: readonly Place[]
  /** How clients prove who they are, in pg_hba.conf; nothing for what the version does by default. */
  readonly auth: string | undefined
}

const WHERE = [
  'pgctl',
  'pgdata',
  'config',
  'pgdba',
  'pgport',
  'pghost',
  'socketdir',
  'start_opt',
  'logfile',
  'pgdb',
]

function specOf(parameters: Pairs, places: readonly Place[], auth: string | undefined): InitSpec {
  const values = readDatabaseValues(parameters)
  const same = (one: string, other: string): boolean => parseAddress(one)?.text === parseAddress(other)?.text
  const replication = places.find(({ ip }) => same(ip, values.master_ip))
  return {
    parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => WHERE.includes(name))),
    nodes: values.node_list,
    repuser: values.repuser,
    rewinds: values.rejoin === 'rewind',
    slots: values.replication_slot_name !== '',
    restores: values.restore_command !== '',
    database: readConninfo(values.primary_conninfo_opt).settings?.['dbname'] ?? 'postgres',
    replication: replication ?? { ip: values.master_ip, prefixLength: undefined },
    // With one address for both there is no network for clients alone.
    clients: places.filter((place) => place !== replication || places.length === 1),
    auth,
  }
}

export function specOfPlan(plan: Plan, auth?: string): InitSpec {
  const places = [plan.writer, plan.replication, plan.reader].flatMap((address) =>
    address
      ? [{ ip: address.ip, prefixLength: address.netmask ? parsePrefixLength(address.netmask) : undefined }]
      : [],
  )
  return specOf(databaseParameters(plan), places, auth)
}

const given = (pairs: Primitive['parameters']): Pairs =>
  Object.fromEntries(
    Object.entries(pairs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )

export function specOfCluster(
  { primitives }: Configuration,
  { parameters }: Primitive,
  auth?: string,
): InitSpec {
  const places = primitives
    .filter(({ agent }) => /^ocf:[^:]+:IPaddr2?$/.test(agent))
    .flatMap(({ parameters: address }) => {
      const { ip } = address
      const mask = address['cidr_netmask'] ?? address['netmask']
      return ip === undefined
        ? []
        : [{ ip, prefixLength: mask === undefined ? undefined : parsePrefixLength(mask) }]
    })
  return specOf(given(parameters), places, auth)
}
