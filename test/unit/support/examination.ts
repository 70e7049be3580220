/** What the doctor looks at, for tables of checks: a healthy cluster of two nodes, as a case changes it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Examination, type ExaminedNode } from '../../../cli/doctor/examination'
import {
  type AgentFacts,
  type CorosyncFacts,
  type DatabaseFacts,
  type DoctorFacts,
  type HeartbeatFacts,
  type ServerFacts,
} from '../../../cli/doctor/facts'
import { type Check, diagnose, type Finding } from '../../../cli/doctor/finding'
import { readMetadata } from '../../../cli/doctor/own/agents'
import { type NodeFacts } from '../../../cli/nodes/facts'
import { readConfiguration } from '../../../lib/cluster/configuration'
import { ClusterStatus, type NodeStatus, type ResourceStatus } from '../../../lib/cluster/status'

const REPOSITORY = join(__dirname, '../../..')
const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8')

/** The configuration of a real cluster, the document's. */
export const CIB = read('test/fixtures/cib-2.1.5-in-sync.xml')
const METADATA = Object.fromEntries(
  ['pgsql', 'IPaddr2', 'ping'].map((name) => [name, readMetadata(read(`metadata/${name}.xml`))]),
)

const NODES = ['node1', 'node2'] as const
export type Name = (typeof NODES)[number]

export function agentFacts(type: string, change: Partial<AgentFacts> = {}): AgentFacts {
  return {
    agent: `ocf:ts:${type}`,
    path: `/usr/lib/ocf/resource.d/ts/${type}`,
    file: { mode: 0o755, owner: 0, executable: true },
    openDirectory: null,
    interpreters: [{ program: '/usr/bin/node', path: '/usr/bin/node', version: '18.20.4' }],
    metadata: METADATA[type] ?? null,
    complaint: null,
    ...change,
  }
}

export function corosyncFacts(change: Partial<CorosyncFacts> = {}): CorosyncFacts {
  return {
    running: true,
    configuration: {
      'quorum.provider': 'corosync_votequorum',
      'quorum.two_node': '1',
      'quorum.wait_for_all': '0',
      'nodelist.node.0.nodeid': '1',
      'nodelist.node.0.name': 'node1',
      'nodelist.node.0.ring0_addr': '192.168.101.1',
      'nodelist.node.1.nodeid': '2',
      'nodelist.node.1.name': 'node2',
      'nodelist.node.1.ring0_addr': '192.168.101.2',
    },
    fingerprint: 'abc',
    links: [
      { link: 0, nodeId: 1, status: 'localhost' },
      { link: 0, nodeId: 2, status: 'connected' },
    ],
    deviceRuns: false,
    ...change,
  }
}

export function heartbeatFacts(change: Partial<HeartbeatFacts> = {}): HeartbeatFacts {
  return {
    running: true,
    directives: [
      ['keepalive', '2'],
      ['udpport', '694'],
      ['ucast', 'eth1 192.168.101.2'],
      ['node', 'node1'],
      ['node', 'node2'],
      ['crm', 'off'],
    ],
    authkeys: { path: '/etc/ha.d/authkeys', mode: 0o600, owner: 0 },
    uuid: '00',
    portTakenBy: null,
    missingPrograms: [],
    foundElsewhere: {},
    ...change,
  }
}

export function serverFacts(change: Partial<ServerFacts> = {}): ServerFacts {
  return {
    settings: {
      archive_command: 'cp %p /var/lib/postgresql/archive/%f',
      archive_mode: 'on',
      fsync: 'on',
      full_page_writes: 'on',
      hot_standby: 'on',
      listen_addresses: '*',
      max_connections: '100',
      max_replication_slots: '10',
      max_wal_senders: '4',
      port: '5432',
      synchronous_commit: 'on',
      wal_level: 'replica',
      wal_receiver_timeout: '60000',
      wal_sender_timeout: '60000',
    },
    walKeptBytes: 800 * 2 ** 20,
    ownCommits: [],
    archiver: { archived: 3, failed: 0, lastArchived: 1_700_000_000, lastFailed: null, failedFile: null },
    slots: [],
    hba: [
      {
        line: 1,
        type: 'host',
        databases: ['replication'],
        users: ['postgres'],
        address: '192.168.2.0',
        netmask: '255.255.255.0',
        method: 'trust',
        error: null,
      },
    ],
    role: { replication: true, login: true },
    database: { name: 'template1', owner: 'postgres', ownerIsSuperuser: true, open: true },
    standbys: [{ name: 'node2', address: '192.168.2.2' }],
    ...change,
  }
}

const POSITION = '0000000005000000'

export function nodeFacts(node: Name, change: Partial<NodeFacts> = {}): NodeFacts {
  const isPrimary = node === 'node1'
  return {
    version: '0.1.0',
    node,
    clock: 0,
    server: 'running',
    dataDirectory: '/var/lib/postgresql/15/main',
    majorVersion: 15,
    lock: isPrimary ? '' : null,
    control: { state: 'in production', timeline: 2, checkpoint: POSITION, systemIdentifier: '7' },
    sql: {
      inRecovery: !isPrimary,
      timeline: 2,
      position: POSITION,
      replayed: isPrimary ? null : POSITION,
      replayAge: null,
      upstream: isPrimary ? null : '192.168.2.3',
      synchronousStandbyNames: isPrimary ? '"node2"' : '',
      standbys: isPrimary
        ? [
            {
              applicationName: 'node2',
              state: 'streaming',
              syncState: 'sync',
              flushed: POSITION,
              replayed: POSITION,
              flushLag: 0,
              replayLag: 0,
              replayLagSeconds: 0,
            },
          ]
        : [],
    },
    unknown: [],
    ...change,
  }
}

export function databaseFacts(node: Name, change: Partial<DatabaseFacts> = {}): DatabaseFacts {
  const isPrimary = node === 'node1'
  return {
    resource: 'pgsql',
    node: nodeFacts(node),
    server: serverFacts(isPrimary ? {} : { standbys: [] }),
    automatic: {},
    login: isPrimary
      ? null
      : { kind: 'answered', timeline: 2, history: [{ timeline: 1, end: '0000000004000000' }] },
    passwordFile: null,
    ownerId: 105,
    restoreLacks: [],
    rewindable: false,
    lockedSince: isPrimary ? 1_700_000_000 : null,
    lockFile: '/var/lib/pgsql/tmp/PGSQL.lock',
    invalid: [],
    ...change,
  }
}

/** The last number of a node's addresses. */
const numberOf = (node: Name): number => (node === 'node1' ? 1 : 2)

export function doctorFacts(node: Name, change: Partial<DoctorFacts> = {}): DoctorFacts {
  const number = numberOf(node)
  const vips = node === 'node1' ? ['192.168.100.163/24'] : ['192.168.100.164/24']
  return {
    version: '0.1.0',
    host: node,
    begun: 1000,
    ended: 2000,
    pacemaker: true,
    agents: ['pgsql', 'IPaddr2', 'ping'].map((type) => agentFacts(type)),
    corosync: corosyncFacts(),
    heartbeat: null,
    interfaces: [
      { name: 'lo', mac: '00:00:00:00:00:00', up: true, addresses: ['127.0.0.1/8'] },
      {
        name: 'eth0',
        mac: `02:00:00:00:0${number}:00`,
        up: true,
        addresses: [`192.168.100.16${number}/24`, ...vips],
      },
      {
        name: 'eth1',
        mac: `02:00:00:00:0${number}:01`,
        up: true,
        addresses: [`192.168.101.${number}/24`],
      },
      {
        name: 'eth2',
        mac: `02:00:00:00:0${number}:02`,
        up: true,
        addresses: [`192.168.2.${number}/24`, ...(node === 'node1' ? ['192.168.2.3/24'] : [])],
      },
    ],
    answers: [],
    disks: [
      {
        path: '/var/lib/postgresql/15/main',
        holds: 'data, WAL',
        mount: '/',
        freeBytes: 50 * 2 ** 30,
        totalBytes: 100 * 2 ** 30,
        freeFiles: 1_000_000,
      },
    ],
    databases: [databaseFacts(node)],
    unknown: [],
    ...change,
  }
}

function nodeStatus(name: Name, change: Partial<NodeStatus> = {}): NodeStatus {
  return {
    name,
    online: true,
    standby: false,
    maintenance: false,
    pending: false,
    unclean: false,
    isDc: name === 'node1',
    attributes: {},
    ...change,
  }
}

function resource(id: string, role: string, node: Name, pending?: string): ResourceStatus {
  return {
    id,
    agent: '',
    role,
    node,
    active: true,
    failed: false,
    blocked: false,
    managed: true,
    orphaned: false,
    pending,
  }
}

export interface StatusChange {
  readonly nodes?: Readonly<Partial<Record<Name, Partial<NodeStatus>>>>
  readonly quorate?: boolean
  /** What the cluster is at with the database. */
  readonly pending?: Readonly<Partial<Record<Name, string>>>
  /** Where a stop of the database has failed. */
  readonly blocked?: readonly Name[]
  readonly failures?: ClusterStatus['failures']
  readonly failCounts?: ClusterStatus['failCounts']
}

export function clusterStatus({
  nodes = {},
  quorate = true,
  pending = {},
  blocked = [],
  failures = [],
  failCounts = [],
}: StatusChange = {}): ClusterStatus {
  return new ClusterStatus(
    'node1',
    'node1',
    quorate,
    NODES.map((name) => nodeStatus(name, nodes[name])),
    [
      { ...resource('pgsql', 'Promoted', 'node1', pending.node1), blocked: blocked.includes('node1') },
      { ...resource('pgsql', 'Unpromoted', 'node2', pending.node2), blocked: blocked.includes('node2') },
      resource('vip-master', 'Started', 'node1'),
      resource('vip-rep', 'Started', 'node1'),
      resource('vip-slave', 'Started', 'node2'),
    ],
    failures,
    failCounts,
  )
}

export interface Change {
  /** Of the CIB's text. */
  readonly cib?: readonly (readonly [from: string | RegExp, to: string])[]
  readonly status?: StatusChange
  readonly node1?: Partial<DoctorFacts>
  readonly node2?: Partial<DoctorFacts>
  readonly asked?: Readonly<Partial<Record<Name, Partial<ExaminedNode>>>>
}

/** The healthy cluster, with changes. Throws when a change of the CIB changes nothing. */
export function examination({ cib = [], status = {}, asked = {}, ...facts }: Change = {}): Examination {
  const xml = cib.reduce((text, [from, to]) => {
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`the CIB has no ${String(from)}`)
    return changed
  }, CIB)
  return {
    local: 'node1',
    configuration: readConfiguration(xml),
    status: clusterStatus(status),
    nodes: NODES.map((name) => ({
      name,
      facts: doctorFacts(name, facts[name]),
      why: undefined,
      asked: { sent: 900, received: 2100 },
      reached: [],
      ...asked[name],
    })),
  }
}

/** A change of what a node says of its database. */
export function withDatabase(node: Name, change: Partial<DatabaseFacts>): Change {
  return { [node]: { databases: [databaseFacts(node, change)] } }
}

/** A change of what a node's server says. */
export function withServer(node: Name, change: Partial<ServerFacts>): Change {
  const healthy = databaseFacts(node).server
  return withDatabase(node, { server: healthy && { ...healthy, ...change } })
}

/** What is wrong, in short: `error node2 finding`. */
export function brief(checks: readonly Check[], change: Change = {}): readonly string[] {
  return troublesOf(checks, change).map(
    ({ severity, node, id, finding }) =>
      `${severity} ${id}${node === undefined ? '' : ` ${node}`}: ${finding}`,
  )
}

export function troublesOf(checks: readonly Check[], change: Change = {}): readonly Finding[] {
  return diagnose(checks, examination(change)).filter(({ severity }) => severity !== 'ok')
}
