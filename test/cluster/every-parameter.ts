/**
 * A value for every parameter of every agent, all of them valid together on a node of the lab, and other than the default
 * where another one is. A parameter without a value here does not compile, and fails the conformance test.
 */
import { agent as addressAgent } from '../../agents/IPaddr2/agent'
import { agent as databaseAgent } from '../../agents/pgsql/agent'
import { agent as pingAgent } from '../../agents/ping/agent'
import type { Agent } from '../../lib/ocf'
import type { LabNode } from './lab'

type ValueOfEach<P> = Readonly<Record<keyof P, string>>

/** The network namespace that the address lives in; `prepareNode` makes it. */
export const NAMESPACE = 'inner'
export const ADDRESS = '10.9.9.7'

const address: ValueOfEach<typeof addressAgent.parameters> = {
  ip: ADDRESS,
  nic: 'vip0',
  cidr_netmask: '24',
  broadcast: '10.9.9.255',
  proto: 'kernel',
  iflabel: 'vip',
  lvs_support: 'true',
  // For IPv6 only.
  lvs_ipv6_addrlabel: 'false',
  lvs_ipv6_addrlabel_value: '77',
  mac: '01:00:5e:00:00:77',
  clusterip_hash: 'sourceip',
  clusterip_firewall: 'nft',
  clusterip_hash_seed: '0xdeadbeef',
  clusterip_table: 'conformance',
  clusterip_chain: 'vip-chain',
  clusterip_mac_mangle: 'false',
  // For clones only.
  unique_clone_address: 'false',
  arp_interval: '100',
  arp_count: '2',
  arp_count_refresh: '1',
  arp_bg: 'false',
  arp_sender: 'iputils_arping',
  send_arp_opts: '-A',
  flush_routes: 'true',
  run_arping: 'true',
  nodad: 'true',
  noprefixroute: 'true',
  preferred_lft: '3600',
  network_namespace: NAMESPACE,
  check_link_status: 'true',
}

const ping: ValueOfEach<typeof pingAgent.parameters> = {
  name: 'conformance',
  host_list: '127.0.0.1 localhost',
  multiplier: '100',
  dampen: '1s',
  attempts: '2',
  timeout: '1500ms',
  options: '-t 3',
  failure_score: '150',
  use_fping: 'false',
  pidfile: '/run/conformance-ping',
  debug: 'verbose',
}

const database = (node: LabNode): ValueOfEach<typeof databaseAgent.parameters> => ({
  pgctl: `${node.pgBin}/pg_ctl`,
  psql: `${node.pgBin}/psql`,
  pgdata: node.pgData,
  // The account of the package is the only one there is.
  pgdba: 'postgres',
  pghost: '127.0.0.1',
  pgport: '5433',
  pglibs: `${node.pgBin}/../lib`,
  start_opt: '-c work_mem=8MB -p 5433',
  ctl_opt: '-s -t 50',
  config: `${node.pgData}/postgresql.conf`,
  logfile: '/var/log/postgresql/conformance.log',
  socketdir: '/run/postgresql',
  pgdb: 'postgres',
  monitor_user: 'watcher',
  monitor_password: 'not a secret',
  monitor_sql: "select 'x' from pg_class limit 1",
  rep_mode: 'sync',
  node_list: node.name,
  master_ip: '192.168.2.3',
  repuser: 'replicator',
  primary_conninfo_opt: 'keepalives_idle=60 sslmode=prefer',
  restore_command: "test -f '/var/lib/postgresql/archive/%f' && cp '/var/lib/postgresql/archive/%f' %p",
  archive_cleanup_command: 'pg_archivecleanup /var/lib/postgresql/archive %r',
  recovery_end_command: '/bin/true',
  restart_on_promote: 'true',
  replication_slot_name: 'conformance',
  standby_slot_timeout: '2h',
  // failover needs PostgreSQL 17.
  logical_slots: 'none',
  external_standby_node_list: 'dr1 dr2',
  check_wal_receiver: 'true',
  rejoin: 'manual',
  rejoin_keep: '2',
  rejoin_max_rate: '51200',
  sync_policy: 'strict',
  // Others need more nodes.
  sync_standbys: '1',
  sync_method: 'first',
  max_lag: '16MB',
  report_degraded: 'true',
  monitor_timeout: '10s',
  tmpdir: '/var/lib/pgsql/conformance',
  xlog_check_count: '2',
  crm_attr_timeout: '10',
  stop_escalate: '30',
  stop_escalate_in_slave: '25',
})

export interface EveryParameter {
  readonly agent: Agent
  readonly values: Readonly<Record<string, string>>
}

/** The agents, each with a value for every parameter. */
export function everyParameter(
  node: LabNode,
): Readonly<Record<'IPaddr2' | 'pgsql' | 'ping', EveryParameter>> {
  return {
    IPaddr2: { agent: addressAgent as unknown as Agent, values: address },
    pgsql: { agent: databaseAgent as unknown as Agent, values: database(node) },
    ping: { agent: pingAgent as unknown as Agent, values: ping },
  }
}

/** Makes what the values name: the namespace with its interface, and the database. */
export async function prepareNode(node: LabNode): Promise<void> {
  await node.must(['ip', 'netns', 'add', NAMESPACE])
  for (const command of [
    'link set lo up',
    'link add vip0 type veth peer name peer0',
    'link set peer0 up',
    'link set vip0 up',
    'address add 10.9.9.1/24 dev vip0',
  ]) {
    await node.must(['ip', '-n', NAMESPACE, ...command.split(' ')])
  }
  await node.initdb()
}
