/** The doctor's checks of PostgreSQL, of its replication, of the network below, and of heartbeat. */
import { describe, expect, test } from '@jest/globals'
import { portsToReach } from '../../cli/doctor/ask'
import { heartbeat } from '../../cli/doctor/checks/heartbeat'
import { network } from '../../cli/doctor/checks/network'
import { postgresql } from '../../cli/doctor/checks/postgresql'
import { replication } from '../../cli/doctor/checks/replication'
import { type LogicalSlot } from '../../lib/postgres/logical-slots'
import { type HbaRule, type InterfaceFacts } from '../../cli/doctor/facts'
import { type HbaJudgement, judgeHba } from '../../cli/doctor/hba'
import { isInNetwork, prefixLength } from '../../cli/doctor/networks'
import { readAutomatic } from '../../cli/doctor/own/database'
import { readHaCf, socketsOnPort } from '../../cli/doctor/own/heartbeat'
import { lacksOf } from '../../cli/doctor/own/restore-command'
import { replicationAddress } from '../../cli/doctor/replication-address'
import {
  brief,
  type Change,
  databaseFacts,
  doctorFacts,
  examination,
  heartbeatFacts,
  type Name,
  nodeFacts,
  serverFacts,
  troublesOf,
  withDatabase,
  withServer,
} from './support/examination'

const setting = (name: string, value: string): Change =>
  withServer('node1', { settings: { ...serverFacts().settings, [name]: value } })

describe('postgresql', () => {
  test.each<[string, Change, readonly string[]]>([
    ['well', {}, []],
    [
      'fsync',
      setting('fsync', 'off'),
      [
        'error postgresql-settings node1: PostgreSQL on node1 has fsync = off: a crash may destroy the database, and with it what was replicated',
      ],
    ],
    [
      'listens for itself only',
      setting('listen_addresses', 'localhost, 127.0.0.1'),
      [
        'error postgresql-settings node1: PostgreSQL on node1 has listen_addresses = localhost, 127.0.0.1: no standby can reach it',
      ],
    ],
    ['listens for some', setting('listen_addresses', 'localhost,192.168.2.1'), []],
    [
      'never gives a standby up',
      setting('wal_sender_timeout', '0'),
      [
        'warning postgresql-settings node1: PostgreSQL on node1 has wal_sender_timeout = 0: a primary never notices that a standby is gone without a word, and its commits wait for it',
      ],
    ],
    [
      'commits that wait for nobody',
      setting('synchronous_commit', 'local'),
      [
        'error synchronous-commit node1: synchronous_commit = local for all of the server on node1: its commits are acknowledged before the standby has them, and lost in a failover',
      ],
    ],
    [
      'commits of a database that wait for less',
      withServer('node1', {
        ownCommits: [
          { whose: 'role batch in database app', value: 'off' },
          { whose: 'database log', value: 'remote_write' },
          { whose: 'role strict', value: 'remote_apply' },
        ],
      }),
      [
        'error synchronous-commit node1: synchronous_commit = off for role batch in database app: its commits are acknowledged before the standby has them, and lost in a failover',
        'warning synchronous-commit node1: synchronous_commit = remote_write for database log: a standby that loses its power may lose what was acknowledged',
      ],
    ],
    [
      'async promises nothing',
      {
        ...setting('synchronous_commit', 'off'),
        cib: [['name="rep_mode" value="sync"', 'name="rep_mode" value="async"']],
      },
      [],
    ],
    [
      'postgresql.auto.conf',
      withDatabase('node2', { automatic: { primary_conninfo: '(set)' } }),
      [
        'error auto-conf node2: postgresql.auto.conf on node2 sets primary_conninfo: it overrides what the agent sets',
      ],
    ],
    [
      'few senders',
      setting('max_wal_senders', '2'),
      [
        'warning wal-senders node1: PostgreSQL on node1 has no WAL senders left for a base backup when all standbys stream',
      ],
    ],
    [
      'no senders',
      setting('max_wal_senders', '0'),
      ['error wal-senders node1: PostgreSQL on node1 can serve 0 standbys only, and has 1'],
    ],
    [
      'no slots',
      {
        ...setting('max_replication_slots', '0'),
        cib: [['name="start_opt" value="-p 5432"', 'name="replication_slot_name" value="s"']],
      },
      ['error wal-senders node1: PostgreSQL on node1 has 0 replication slots, and needs 1'],
    ],
    [
      'pg_rewind that cannot work',
      { cib: [['name="start_opt" value="-p 5432"', 'name="rejoin" value="rewind"']] },
      ['node1', 'node2'].map(
        (node) =>
          `error rewind-needs ${node}: pgsql has rejoin=rewind, and pg_rewind cannot work on the data of ${node}`,
      ),
    ],
    [
      'an archive that fails',
      withServer('node1', {
        archiver: { archived: 3, failed: 2, lastArchived: 100, lastFailed: 200, failedFile: '0001' },
      }),
      [
        'error archive-failing node1: archiving fails on node1: WAL piles up in pg_wal until the disk is full, and the archive has a gap',
      ],
    ],
    [
      'an archive that failed before',
      withServer('node1', {
        archiver: { archived: 3, failed: 2, lastArchived: 201, lastFailed: 200, failedFile: '0001' },
      }),
      [],
    ],
    [
      'a restore_command without a target',
      {
        cib: [['cp /var/lib/postgresql/archive/%f %p', 'cp /nowhere/%f']],
        ...withDatabase('node2', { restoreLacks: ['the directory /nowhere'] }),
      },
      ['node1', 'node2'].map(
        (node) =>
          `warning restore-command ${node}: restore_command of pgsql cannot fetch anything on ${node}`,
      ),
    ],
    [
      'a password for everybody',
      withDatabase('node2', {
        passwordFile: { path: '/var/lib/postgresql/.pgpass', mode: 0o644, owner: 105 },
      }),
      [
        "error pgpass node2: /var/lib/postgresql/.pgpass on node2 can be read by others: PostgreSQL's programs ignore it",
      ],
    ],
    [
      "somebody else's password",
      withDatabase('node2', {
        passwordFile: { path: '/var/lib/postgresql/.pgpass', mode: 0o600, owner: 0 },
      }),
      ['error pgpass node2: /var/lib/postgresql/.pgpass on node2 does not belong to postgres'],
    ],
    [
      "a database of somebody's own",
      withServer('node1', {
        database: { name: 'app', owner: 'mallory', ownerIsSuperuser: false, open: true },
      }),
      [
        'warning database-owner node1: template1, the database of monitor_sql (pgdb), belongs to mallory, who can close it, and delay every session in it',
      ],
    ],
    [
      'a statement of the site in it, as a superuser',
      {
        cib: [['name="start_opt" value="-p 5432"', 'name="monitor_sql" value="select f()"']],
        ...withServer('node1', {
          database: { name: 'app', owner: 'mallory', ownerIsSuperuser: false, open: true },
        }),
      },
      [
        'warning database-owner node1: monitor_sql runs as a superuser in template1, where mallory can change what its functions and tables are',
      ],
    ],
    [
      "the agent's own questions in a database of somebody's own",
      withServer('node1', { asked: { name: 'postgres', owner: 'mallory', ownerIsSuperuser: false } }),
      [
        'warning database-owner node1: postgres, in which the agent asks its own questions, belongs to mallory, who can delay the monitor',
      ],
    ],
    [
      'a database of another superuser',
      withServer('node1', { database: { name: 'app', owner: 'admin', ownerIsSuperuser: true, open: true } }),
      [],
    ],
    [
      'a database that takes no connections',
      withServer('node1', {
        database: { name: 'template1', owner: 'postgres', ownerIsSuperuser: true, open: false },
      }),
      ['warning database-owner node1: template1, the database of monitor_sql (pgdb), takes no connections'],
    ],
    [
      'no database',
      {
        cib: [['name="start_opt" value="-p 5432"', 'name="monitor_sql" value="select f()"']],
        ...withServer('node1', { database: null }),
      },
      [
        'error database-owner node1: template1, the database of monitor_sql (pgdb), does not exist: monitor_sql fails',
      ],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(postgresql, change)).toEqual(expected)
  })

  test('what postgresql.auto.conf may not say, without a password', () => {
    const text =
      "# x\nshared_buffers = '1GB'\nprimary_conninfo = 'password=secret'\nsynchronous_standby_names = '*'\nrestore_command = 'a''b'\n"
    expect(readAutomatic(text)).toEqual({
      primary_conninfo: '(set)',
      synchronous_standby_names: '*',
      restore_command: "a'b",
    })
  })

  test.each([
    ['cp /etc/%f %p', []],
    ['/bin/cp "/no where/%f" "%p"', ['the directory /no where']],
    ['no-such-program %f %p', ['the program no-such-program']],
    ['test -f /etc/%f && cp /etc/%f %p', []],
    ['envdir /x wal-g wal-fetch %f %p', ['the program envdir']],
    ['cp $ARCHIVE/%f %p', []],
  ])('what %s lacks', (command, expected) => {
    expect(lacksOf(command)).toEqual(expected)
  })
})

const stopped = nodeFacts('node2', { server: 'stopped', sql: null })
const at = (timeline: number, checkpoint: string): Change =>
  withDatabase('node2', {
    server: null,
    node: { ...stopped, control: { state: 'shut down', timeline, checkpoint, systemIdentifier: '7' } },
  })
/** node1 has no standby, and is at 0/5000000. */
const alone = databaseFacts('node1')
const primaryAlone = {
  ...alone,
  server: serverFacts({ walKeptBytes: 2 ** 20, standbys: [] }),
  node: { ...alone.node, sql: alone.node.sql && { ...alone.node.sql, standbys: [] } },
}
const behind = (checkpoint: string, change: Change = {}): Change => ({
  ...at(2, checkpoint),
  node1: { databases: [primaryAlone] },
  ...change,
})
const NO_ARCHIVE: Change['cib'] = [[/<nvpair name="restore_command"[^>]*>/, '']]
const SLOTS: Change['cib'] = [['name="start_opt" value="-p 5432"', 'name="replication_slot_name" value="s"']]
const failed = (error: string): Change => withDatabase('node2', { login: { kind: 'failed', error } })

/** Both servers say which logical slots they have. */
function withLogicalSlots(
  majorVersion: number,
  primary: readonly LogicalSlot[],
  standby: readonly LogicalSlot[] = [],
): Change {
  const say = (node: Name, logicalSlots: readonly LogicalSlot[]) => {
    const facts = databaseFacts(node)
    const sql = facts.node.sql && { ...facts.node.sql, logicalSlots }
    return { databases: [{ ...facts, node: { ...facts.node, majorVersion, sql } }] }
  }
  return { node1: say('node1', primary), node2: say('node2', standby) }
}

describe('replication', () => {
  test.each<[string, Change, readonly string[]]>([
    ['well', {}, []],
    [
      'refused by pg_hba.conf',
      failed(
        'psql failed with exit code 2: FATAL:  no pg_hba.conf entry for replication connection from host',
      ),
      [
        'error replication-login node2: the standby of node2 cannot log in to the primary (192.168.2.3): pg_hba.conf of the primary does not let it in',
      ],
    ],
    [
      'a password that is missing',
      failed('psql failed: fe_sendauth: no password supplied'),
      [
        'error replication-login node2: the standby of node2 cannot log in to the primary (192.168.2.3): the primary does not take its password',
      ],
    ],
    [
      'nobody answers',
      failed('psql failed: connection to server at "192.168.2.3" failed: timeout expired'),
      [
        'error replication-login node2: the standby of node2 cannot log in to the primary (192.168.2.3): the primary cannot be reached',
      ],
    ],
    [
      'a peer that pg_hba.conf will not let in after a failover, and a line that is wrong',
      withServer('node2', {
        hba: [
          {
            line: 3,
            type: 'host',
            databases: ['all'],
            users: ['all'],
            address: 'all',
            netmask: null,
            method: 'trust',
            error: null,
          },
          {
            line: 4,
            type: '',
            databases: [],
            users: [],
            address: null,
            netmask: null,
            method: '',
            error: 'invalid connection type "hosst"',
          },
        ],
      }),
      [
        'error pg-hba node2: pg_hba.conf on node2 has an error: the next start of PostgreSQL fails, a reload has no effect',
        'error pg-hba node2: pg_hba.conf on node2 does not let node1 replicate, when node2 is the primary',
      ],
    ],
    [
      'no role',
      withServer('node1', { role: null }),
      ['error replication-role node1: there is no role postgres, as which the standbys connect (repuser)'],
    ],
    [
      'a role that may not',
      withServer('node1', { role: { replication: false, login: true } }),
      ['error replication-role node1: the role postgres (repuser) may not replicate'],
    ],
    [
      'a standby under another name',
      withServer('node1', { standbys: [{ name: 'walreceiver', address: '192.168.2.2' }] }),
      [
        "error application-name node2: the standby of node2 calls itself 'walreceiver', not 'node2': the primary on node1 does not know it for that node's",
      ],
    ],
    [
      'standbys from elsewhere, and a base backup',
      withServer('node1', {
        standbys: [
          { name: 'dr', address: '10.0.0.9' },
          { name: 'pg_basebackup', address: '192.168.2.2' },
        ],
      }),
      [],
    ],
    [
      "a timeline that is not the primary's",
      at(3, '0000000005000000'),
      [
        'error standby-timeline node2: node2 is on timeline 3, which the primary does not come from: it cannot follow',
      ],
    ],
    [
      'one that went on after the primary had left',
      at(1, '0000000004000028'),
      [
        'error standby-timeline node2: node2 has gone on on timeline 1 after the primary had left it: it cannot follow',
      ],
    ],
    ['one that did not', at(1, '0000000003000028'), []],
    [
      'what the agent has found out',
      { status: { nodes: { node2: { attributes: { 'pgsql-data-status': 'DISCONNECT|WAL_REMOVED' } } } } },
      [
        'error standby-timeline node2: node2 cannot follow: the primary has removed the WAL that it needs next',
      ],
    ],
    ['away, with little to fetch', behind('0000000004FF0000'), []],
    [
      'away for long, with an archive',
      behind('0000000004000000'),
      [
        'warning wal-keep node2: node2 is away, and needs more WAL than the primary keeps: then only the archive or a base backup brings it back',
      ],
    ],
    [
      'away for long, without',
      behind('0000000004000000', { cib: NO_ARCHIVE }),
      [
        'error wal-keep node2: node2 is away, and needs more WAL than the primary keeps: then only a base backup brings it back',
      ],
    ],
    [
      'away, and not for much longer',
      behind('0000000004F70000'),
      [
        'warning wal-keep node2: node2 is away, and soon needs more WAL than the primary keeps: then only the archive or a base backup brings it back',
      ],
    ],
    [
      'nothing is kept',
      { ...withServer('node1', { walKeptBytes: 0 }), cib: NO_ARCHIVE },
      [
        'warning wal-keep node1: the primary keeps no WAL for a standby that is away: after a checkpoint or two only a base backup brings it back',
      ],
    ],
    ['nothing is kept, and there is an archive', withServer('node1', { walKeptBytes: 0 }), []],
    [
      'a slot that is missing, one that has lost WAL, one that keeps much',
      {
        cib: SLOTS,
        ...withServer('node1', {
          slots: [
            { name: 'a', active: false, keptBytes: 0, walStatus: 'lost' },
            { name: 'b', active: false, keptBytes: 20 * 2 ** 30, walStatus: 'extended' },
            { name: 'c', active: true, keptBytes: 20 * 2 ** 30, walStatus: 'extended' },
          ],
        }),
      },
      [
        'error replication-slot node1: the primary on node1 has no replication slot s_node2: its standby cannot stream',
        'error replication-slot node1: the replication slot a on node1 has lost WAL that its standby needs',
        'warning replication-slot node1: the replication slot b on node1 is used by nobody, and keeps 20.0 GB of WAL: that goes on until the disk is full',
      ],
    ],
    [
      'logical slots, before PostgreSQL 17',
      withLogicalSlots(15, [{ name: 'sub', failover: false, ready: false }]),
      [
        'warning logical-slot node1: a failover from node1 would lose the logical replication slots sub: their subscribers could not go on',
      ],
    ],
    [
      'one that is copied, one that is not, and one that is not for a failover',
      withLogicalSlots(
        17,
        [
          { name: 'a', failover: true, ready: false },
          { name: 'b', failover: true, ready: false },
          { name: 'c', failover: false, ready: false },
        ],
        [
          { name: 'a', failover: true, ready: true },
          { name: 'b', failover: true, ready: false },
        ],
      ),
      [
        'warning logical-slot node1: a failover from node1 would lose the logical replication slots c: their subscribers could not go on',
        'warning logical-slot node2: node2 has no usable copy of the logical replication slots b: after a failover to it their subscribers could not go on',
      ],
    ],
    [
      'a standby that has fewer connections than the primary',
      withServer('node2', { settings: { ...serverFacts().settings, max_connections: '50' } }),
      [
        'error standby-settings node2: max_connections is 50 on node2 and 100 on the primary: its replay pauses (before PostgreSQL 14 it ends), and a failover takes a restart longer',
      ],
    ],
    [
      'a lock on a standby',
      withDatabase('node2', { lockedSince: 1_700_000_000 }),
      [
        "warning stale-lock node2: node2 keeps PGSQL.lock of the time when it was primary: its data is compared with the primary's at its next start",
      ],
    ],
    [
      'a lock that nobody compares',
      {
        ...withDatabase('node2', { lockedSince: 1_700_000_000 }),
        cib: [['name="start_opt" value="-p 5432"', 'name="rejoin" value="manual"']],
      },
      [
        'error stale-lock node2: node2 keeps PGSQL.lock of the time when it was primary: PostgreSQL will not be started there',
      ],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(replication, change)).toEqual(expected)
  })
})

describe('pg_hba.conf', () => {
  const rule = (change: Partial<HbaRule>): HbaRule => ({
    line: 1,
    type: 'host',
    databases: ['replication'],
    users: ['repl'],
    address: '192.168.2.0',
    netmask: '255.255.255.0',
    method: 'scram-sha-256',
    error: null,
    ...change,
  })
  test.each<[string, readonly HbaRule[], HbaJudgement['kind']]>([
    ['a network', [rule({})], 'let in'],
    ['another network', [rule({ address: '192.168.3.0' })], 'no rule'],
    ['an address', [rule({ address: '192.168.2.2', netmask: '255.255.255.255' })], 'let in'],
    ['everybody', [rule({ address: 'all', netmask: null, users: ['all'] })], 'let in'],
    ['another user', [rule({ users: ['app'] })], 'no rule'],
    ["'all' is not for replication", [rule({ databases: ['all'] })], 'no rule'],
    ['a local one', [rule({ type: 'local', address: null, netmask: null })], 'no rule'],
    ['rejected before', [rule({ method: 'reject' }), rule({ line: 2 })], 'rejected'],
    ['by name', [rule({ address: '.example.org', netmask: null })], 'undecided'],
    ["a role's members", [rule({ users: ['+repl_users'] })], 'undecided'],
    ['with encryption', [rule({ type: 'hostssl' })], 'let in'],
    ['a line that is wrong', [rule({ error: 'no' })], 'no rule'],
  ])('%s', (_, rules, expected) => {
    expect(judgeHba(rules, 'repl', '192.168.2.2').kind).toBe(expected)
  })

  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '10.1.2.0/31', false],
    ['fd00::1', 'fd00::/64', true],
    ['fd00::1', '10.0.0.0/8', false],
    ['10.1.2.3', '0.0.0.0/0', true],
  ])('%s in %s: %p', (address, within, expected) => {
    expect(isInNetwork(address, within)).toBe(expected)
  })

  test.each([
    ['255.255.255.0', 24],
    ['255.255.255.255', 32],
    ['0.0.0.0', 0],
    ['ffff:ffff::', 32],
    ['255.0.255.0', undefined],
  ])('%s is /%p', (mask, expected) => {
    expect(prefixLength(mask)).toBe(expected)
  })
})

/** node2's interfaces with one more address. */
function withAddress(name: string, address: string): readonly InterfaceFacts[] {
  return doctorFacts('node2').interfaces.map((one) =>
    one.name === name ? { ...one, addresses: [...one.addresses, address] } : one,
  )
}

describe('network', () => {
  test.each<[string, Change, readonly string[]]>([
    ['well', {}, []],
    [
      'on two nodes',
      { node2: { interfaces: withAddress('eth0', '192.168.100.163/32') } },
      ['error address-duplicate: vip-master (192.168.100.163) is on the interfaces of node1 and node2'],
    ],
    [
      'answered by somebody else',
      {
        node1: {
          answers: [{ address: '192.168.100.163', interface: 'eth0', others: ['02:00:00:00:99:00'] }],
        },
      },
      [
        'error address-duplicate node1: vip-master (192.168.100.163) is on node1, and another machine answers for it, too',
      ],
    ],
    [
      'answered by its holder, to another node',
      {
        node2: {
          answers: [{ address: '192.168.100.163', interface: 'eth0', others: ['02:00:00:00:01:00'] }],
        },
      },
      [],
    ],
    [
      'nowhere in the cluster, and yet answered for',
      {
        node2: {
          interfaces: doctorFacts('node2').interfaces.map((one) => ({
            ...one,
            addresses: one.addresses.filter((address) => !address.startsWith('192.168.100.164')),
          })),
          answers: [{ address: '192.168.100.164', interface: 'eth0', others: ['02:00:00:00:99:00'] }],
        },
      },
      [
        'error address-duplicate: vip-slave (192.168.100.164) is answered for by another machine, and on no node of the cluster',
      ],
    ],
    [
      'answered for, perhaps by a node that could not be asked',
      {
        node1: {
          answers: [{ address: '192.168.100.164', interface: 'eth0', others: ['02:00:00:00:02:00'] }],
        },
        asked: { node2: { facts: undefined, why: 'no route' } },
      },
      [],
    ],
    [
      'a port that does not answer',
      { asked: { node1: { reached: [{ to: '192.168.2.2:5432', result: 'no answer' }] } } },
      [
        'error postgresql-port node1: node1 cannot reach PostgreSQL of node2 (192.168.2.2:5432): after a failover it could not replicate from there',
      ],
    ],
    ['one that does', { asked: { node1: { reached: [{ to: '192.168.2.2:5432', result: 'open' }] } } }, []],
  ])('%s', (_, change, expected) => {
    expect(brief(network, change)).toEqual(expected)
  })

  test('the fix of an address on two nodes can be typed', () => {
    const [found] = troublesOf(network, { node2: { interfaces: withAddress('eth0', '192.168.100.163/32') } })
    expect(found?.advice).toBe('on node2: ip address del 192.168.100.163/32 dev eth0')
  })

  test("a node's own address for the replication is none that moves", () => {
    const { interfaces } = doctorFacts('node1')
    expect(replicationAddress(interfaces, '192.168.2.3', ['192.168.2.3'])).toBe('192.168.2.1')
    expect(replicationAddress(interfaces, '10.0.0.1', [])).toBeUndefined()
    const { configuration, nodes } = examination()
    expect(portsToReach(configuration, nodes, 'node1')).toEqual(['192.168.2.2:5432'])
  })
})

const beats = (change: Parameters<typeof heartbeatFacts>[0], other = { uuid: '11' }): Change => ({
  node1: { heartbeat: heartbeatFacts(other) },
  node2: { heartbeat: heartbeatFacts(change) },
})

describe('heartbeat', () => {
  test.each<[string, Change, readonly string[]]>([
    ['there is none', {}, []],
    ['well', beats({}), []],
    [
      'left over beside corosync',
      {
        node1: { heartbeat: heartbeatFacts({ running: false, authkeys: null }) },
        node2: { heartbeat: heartbeatFacts({ running: false, authkeys: null }) },
      },
      [],
    ],
    [
      'cloned machines',
      beats({ uuid: '11' }),
      [
        'error heartbeat-uuid node2: node2 has the heartbeat uuid of node1: one was cloned from the other, and heartbeat takes them for one node',
      ],
    ],
    [
      'a port that is taken',
      beats({ portTakenBy: 'rpcbind (process 1367)' }),
      ["error heartbeat-port node2: heartbeat's UDP port 694 on node2 is taken by another program"],
    ],
    [
      'interfaces that are not there',
      beats({
        directives: [
          ['ucast', 'eth7 192.168.101.2'],
          ['bcast', 'eth0 eth8'],
        ],
      }),
      [
        'error heartbeat-interface node2: heartbeat on node2 is to send over eth7, which does not exist',
        'error heartbeat-interface node2: heartbeat on node2 is to send over eth8, which does not exist',
      ],
    ],
    [
      'a key for everybody',
      beats({ authkeys: { path: '/etc/ha.d/authkeys', mode: 0o644, owner: 0 } }),
      [
        'error heartbeat-authkeys node2: the key file of heartbeat on node2 can be read by others: heartbeat refuses to start',
      ],
    ],
    [
      'no key',
      beats({ authkeys: null }),
      ['error heartbeat-authkeys node2: heartbeat on node2 has no key file'],
    ],
    [
      'old paths of daemons',
      beats({
        directives: [['pacemaker', 'respawn']],
        missingPrograms: ['/usr/lib64/heartbeat/cib'],
        foundElsewhere: { '/usr/lib64/heartbeat/cib': '/usr/libexec/pacemaker/cib' },
      }),
      [
        'error heartbeat-programs node2: heartbeat on node2 is to start /usr/lib64/heartbeat/cib, which is not there: it refuses to start',
      ],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(heartbeat, change)).toEqual(expected)
  })

  test('the fix of old paths is the link that the daemon is missing', () => {
    const [found] = troublesOf(
      heartbeat,
      beats({
        missingPrograms: ['/usr/lib64/heartbeat/cib'],
        foundElsewhere: { '/usr/lib64/heartbeat/cib': '/usr/libexec/pacemaker/cib' },
      }),
    )
    expect(found?.advice).toBe('ln -s /usr/libexec/pacemaker/cib /usr/lib64/heartbeat/cib')
  })

  test('ha.cf and the table of sockets', () => {
    expect(readHaCf('# c\nkeepalive 2 # s\n\nucast eth1 2.2.2.2 #node2\ncrm  respawn\n')).toEqual([
      ['keepalive', '2'],
      ['ucast', 'eth1 2.2.2.2'],
      ['crm', 'respawn'],
    ])
    const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 2093: 00000000:02B6 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 0
 2094: 00000000:006F 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 999 2 0000000000000000 0
`
    expect(socketsOnPort(table, 694)).toEqual(['12345'])
  })
})
