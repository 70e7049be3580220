/** The parameters of ocf:ts:pgsql. Names, defaults and meaning are those of ocf:heartbeat:pgsql. */
import { absolutePath, boolean, bytes, choice, integer, seconds, text, words } from '../../lib/ocf'
import { readConninfo } from '../../lib/postgres/conninfo'
import { shellWords } from '../../lib/system/shell-words'

/** A path without the slashes at its end, so that it can be compared and extended. */
export function trimSlashes(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path
}

/** Whether a shell could read it. */
function closedQuotes(value: string): string | undefined {
  return shellWords(value) ? undefined : 'options in which every quote is closed'
}

function listenAddress(value: string): string | undefined {
  return value.startsWith('/')
    ? 'a host name or an address; for the directory of the unix socket there is socketdir'
    : undefined
}

/** What a replication slot's name may consist of (PostgreSQL manual, "Replication Slots"). */
function slotPrefix(value: string): string | undefined {
  return /^[a-z0-9_]*$/.test(value) ? undefined : 'lower-case letters, digits and underscores'
}

/** How primary_conninfo_opt is written. */
export const CONNINFO_FORM =
  "write keyword=value pairs, separated by blanks, a value with blanks as '...' (libpq's connection strings)"

/** Nothing of the value: there may be a password anywhere in it. */
function connectionSettings(value: string): string | undefined {
  const { settings, problem } = readConninfo(value)
  if (settings === undefined) return `keyword=value pairs: ${problem}; ${CONNINFO_FORM}`
  // It is a line of a service file for psql, pg_rewind and pg_basebackup, and of the server's configuration.
  return /[\0\r\n]/.test(value) ? 'settings on one line' : undefined
}

export const parameters = {
  pgctl: text({
    default: '/usr/bin/pg_ctl',
    shortdesc: 'pg_ctl program',
    longdesc:
      "Path of pg_ctl. On Debian, where it is not in PATH, that is /usr/lib/postgresql/VERSION/bin/pg_ctl; the server's other programs are taken from the same directory.",
  }),
  psql: text({
    default: '/usr/bin/psql',
    shortdesc: 'psql program',
    longdesc:
      'The agent talks to the server of its node itself. With psql it asks the primary what a node that comes back needs to know (see rejoin): no monitor of a server that is well starts it.',
  }),
  pgdata: text({
    default: '/var/lib/pgsql/data',
    check: absolutePath,
    shortdesc: 'Data directory',
    longdesc: 'The data directory (PGDATA), an absolute path.',
  }),
  pgdba: text({
    default: 'postgres',
    shortdesc: 'Account that runs PostgreSQL',
    longdesc:
      'The account that owns the data directory and runs the server. It is also the database user as whom the agent connects, by peer authentication over the unix socket; a superuser. Where it is not in /etc/passwd, and the directory service that knows it does not answer within 3 s, the number of the account that pgdata belongs to is used: the server is watched and stopped as usual, and not started.',
  }),
  pghost: text({
    check: listenAddress,
    shortdesc: 'Host or address PostgreSQL listens on',
    longdesc:
      'Given to the server as its -h option and used to connect to it by TCP (of several addresses, separated by commas, the first). Without it the agent connects over the unix socket. Where the server asks for a password, that is taken from ~/.pgpass of pgdba.',
  }),
  pgport: integer({
    default: 5432,
    min: 1,
    max: 65535,
    shortdesc: 'Port',
    longdesc:
      "The port of the server, where neither config nor start_opt names one, and of the primary, for the standbys' connections to it. To connect to a running server the agent takes the port from its postmaster.pid.",
  }),
  pglibs: text({
    default: '/usr/lib',
    shortdesc: 'Directory of the PostgreSQL libraries',
    longdesc: 'Added to LD_LIBRARY_PATH when the server is started.',
  }),
  start_opt: text({
    check: closedQuotes,
    shortdesc: 'Options for postgres',
    longdesc: 'Options for the server program, written as in a shell, for example "-p 5433".',
  }),
  ctl_opt: text({
    check: closedQuotes,
    shortdesc: 'Options for pg_ctl',
    longdesc:
      'More options for "pg_ctl start", with quotes as in a shell. The agent waits for the start in any case.',
  }),
  config: text({
    check: absolutePath,
    derive: ({ pgdata }) => `${trimSlashes(String(pgdata))}/postgresql.conf`,
    shortdesc: 'Configuration file',
    longdesc:
      'Path of postgresql.conf; by default the one in pgdata. On Debian it is /etc/postgresql/VERSION/CLUSTER/postgresql.conf. In replication the agent adds two lines at its end that include files in tmpdir.',
  }),
  logfile: text({
    default: '/dev/null',
    check: absolutePath,
    shortdesc: "File for the server's output",
    longdesc:
      "Where the server's output goes until its own logging is set up. When it does not start, the reason is taken from here: with the default, /dev/null, no reason can be shown.",
  }),
  socketdir: text({
    check: absolutePath,
    shortdesc: 'Directory of the unix socket',
    longdesc:
      'Where to find the unix socket. By default it is what the running server names in its postmaster.pid. The directory is made when it is missing at start.',
  }),
  pgdb: text({
    default: 'template1',
    shortdesc: 'Database for monitor_sql',
    longdesc:
      'The database in which a monitor_sql of your own runs, and monitor_user. It should belong to pgdba: another owner can close it or lock its catalogs, and monitor_sql then fails. The questions of the agent itself are asked in the database postgres, which should belong to pgdba as well; in template1 where postgres is closed; and here where both are, or refuse pgdba.',
  }),
  monitor_user: text({
    reloadable: true,
    shortdesc: 'Database user for monitor_sql',
    longdesc: 'Runs monitor_sql, and everything else too where pgdba is not let in. By default pgdba.',
  }),
  monitor_password: text({
    reloadable: true,
    secret: true,
    shortdesc: 'Password of monitor_user',
    longdesc:
      'Password of monitor_user. It is never written to a log, a command line or an attribute. Where it is not set and the server asks for one, it is taken from ~/.pgpass of pgdba (for the unix socket, from a line with the host localhost).',
  }),
  monitor_sql: text({
    default: 'select now();',
    reloadable: true,
    shortdesc: 'SQL that must succeed for PostgreSQL to count as running',
    longdesc:
      'Run by each monitor without replication; with replication only on the primary, and only when it is not the default, because the monitor asks for more there anyway. It runs with the search_path of its user and database: where that user is a superuser, write every function, table and operator with its schema, or set monitor_user to one that is none. A role that ALTER ROLE or ALTER DATABASE sets has no effect: where the statement needs one, begin it with SET ROLE.',
  }),
  rep_mode: choice(['none', 'async', 'sync', 'slave'], {
    default: 'none',
    shortdesc: 'Replication: none, async, sync or slave',
    longdesc:
      'none: one server that runs on one node. sync: streaming replication as a promotable clone; the primary waits for one synchronous standby, takes another when that is lost, goes on alone when there is none, and waits again once one is back. async: the same, with a primary that waits for nobody; what the standbys have not received when it is lost, is lost. Both need node_list and master_ip. slave: a plain resource that always follows the server at master_ip, for a standby outside of that cluster.',
  }),
  node_list: words({
    shortdesc: 'Nodes with a copy of the database',
    longdesc:
      'The names of all nodes that take part in the replication, separated by blanks; of 63 characters at the most, by which PostgreSQL knows a standby.',
  }),
  master_ip: text({
    shortdesc: 'Virtual address of the primary',
    longdesc:
      'The address that moves with the primary and that standbys stream from. With rep_mode=slave, the address of the server to follow.',
  }),
  repuser: text({
    default: 'postgres',
    shortdesc: 'Database user of the replication',
    longdesc: 'The user as whom standbys connect to the primary. Its password, if any, belongs in ~/.pgpass.',
  }),
  primary_conninfo_opt: text({
    check: connectionSettings,
    secret: true,
    shortdesc: "More of the standbys' connection string",
    longdesc:
      'Added to primary_conninfo after host, port, user and application_name, for example "keepalives_idle=60 sslmode=require".',
  }),
  restore_command: text({
    shortdesc: 'restore_command of a standby',
    longdesc:
      'Command that fetches a WAL file from the archive, with %f for the file and %p for where to put it. It is passed to PostgreSQL unchanged; nothing in it needs to be escaped.',
  }),
  archive_cleanup_command: text({
    shortdesc: 'archive_cleanup_command of a standby',
    longdesc: 'Command that removes WAL files which no standby needs any more.',
  }),
  recovery_end_command: text({
    shortdesc: 'recovery_end_command of a standby',
    longdesc: 'Command that PostgreSQL runs once when recovery ends, that is at promotion.',
  }),
  restart_on_promote: boolean({
    default: false,
    shortdesc: 'Promote by a restart, and keep the timeline',
    longdesc:
      'Instead of promoting the standby, stop it and start it as a primary: the timeline stays the same, and the failover takes longer by the restart.',
  }),
  replication_slot_name: text({
    check: slotPrefix,
    shortdesc: 'Prefix of the replication slots',
    longdesc:
      'With it, each standby streams through a physical replication slot of its own on the primary, named PREFIX_NODE (the node name in lower case, "-" and "." as "_"). The slots are made at promotion; one that is missing is made once its standby runs, and one that PostgreSQL has invalidated is replaced. With three nodes or more and PostgreSQL 11, the standbys keep them for each other as well (standby_slot_timeout); otherwise they are removed from a server that is a standby again. A slot keeps the WAL that its standby has not received, also while that is away: limit it with max_slot_wal_keep_size, or drop the slot of a node that stays away. Needs PostgreSQL 9.4.',
  }),
  standby_slot_timeout: seconds({
    default: 3600,
    reloadable: true,
    shortdesc: 'How long a standby keeps WAL for another standby that confirms none',
    longdesc:
      'With replication_slot_name and three nodes or more, each standby keeps a replication slot for each of the others, with the WAL that they have not received yet: after a failover the third node streams on from the new primary. The slots are advanced once a minute. When a node has confirmed no WAL for this time, the standbys drop its slot, and make it again when it confirms WAL again; a max_slot_wal_keep_size that is exceeded before loses the WAL earlier. In seconds (3600) or another unit (1h). 0: standbys keep no slots. Needs PostgreSQL 11 and pacemaker 2.0; without effect where they are older.',
  }),
  logical_slots: choice(['none', 'failover'], {
    default: 'none',
    shortdesc: 'Whether logical replication slots survive a failover',
    longdesc:
      'With failover, the subscribers of the primary go on after a failover, without a change that is lost or comes twice: the standbys keep copies of the logical slots that were made for it (CREATE SUBSCRIPTION … WITH (failover = true)). The agent sets sync_replication_slots, hot_standby_feedback and the database in primary_conninfo (postgres, unless primary_conninfo_opt names another), on the primary synchronized_standby_slots with the standbys that commits wait for, and drops, on a node that was primary and follows another one, the slots that are left there. Needs PostgreSQL 17, wal_level=logical, rep_mode=sync and replication_slot_name; repuser must be let into that database (pg_hba.conf, ~/.pgpass). Subscribers connect to the address of the primary.',
  }),
  external_standby_node_list: words({
    reloadable: true,
    shortdesc: 'Standbys outside the cluster that commits wait for',
    longdesc:
      'The application names of standbys outside the cluster, separated by blanks. While one streams, the primary waits for it too, beside the synchronous standby of the cluster. Only with rep_mode=sync; needs PostgreSQL 9.6.',
  }),
  check_wal_receiver: boolean({
    default: false,
    reloadable: true,
    shortdesc: 'Publish whether the standby receives',
    longdesc:
      'Publishes the node attribute RESOURCE-receiver-status: "normal" on a standby that receives from its primary, "ERROR" on one that does not, "normal (master)" on a primary. Needs PostgreSQL 9.6.',
  }),
  rejoin: choice(['manual', 'safe', 'rewind', 'basebackup'], {
    default: 'safe',
    reloadable: true,
    shortdesc: 'What a node does that was primary',
    longdesc:
      "A node that was primary, or is on another timeline than the primary, is compared with it at start. With safe it comes back as a standby where everything it has is in the primary's data; otherwise it refuses, and says what would be lost. With rewind or basebackup it discards what the primary does not have, after saying how much that is in the log, and makes its data a copy of the primary's: with pg_rewind, which fetches what differs (it needs data checksums or wal_log_hints=on, and rights of repuser), or with a new base backup. That goes on in the background where it takes longer than the timeout of start. With manual a node that was primary stays out until somebody removes the file PGSQL.lock, as with the shell agent.",
  }),
  rejoin_keep: integer({
    default: 1,
    min: 0,
    reloadable: true,
    shortdesc: 'How many old data directories rejoin=basebackup keeps',
    longdesc:
      'A base backup of rejoin=basebackup is made beside pgdata. When it is complete it takes its place, and what was there before is kept as PGDATA.diverged-TIME. Of these, this many are kept; the oldest of the others are removed once the new standby is up. 0 keeps none. (As long as the base backup is made, there must be room for both, in any case.)',
  }),
  rejoin_max_rate: integer({
    default: 0,
    min: 0,
    max: 1048576,
    check: (value) => (value === 0 || value >= 32 ? undefined : '0, or a whole number from 32 to 1048576'),
    reloadable: true,
    shortdesc: 'How fast rejoin=basebackup may copy, in kB/s',
    longdesc:
      'Limits what a base backup of rejoin=basebackup takes of the network and of the disk of the primary: kilobytes a second, from 32 to 1048576. 0, the default, is no limit.',
  }),
  sync_policy: choice(['available', 'strict'], {
    default: 'available',
    reloadable: true,
    shortdesc: 'What becomes of commits while standbys are missing',
    longdesc:
      'With rep_mode=sync. available: a standby that is lost is no longer waited for; without any, the primary goes on alone. strict: commits wait for sync_standbys standbys from the promotion on, and are acknowledged with fewer only where pacemaker knows that the missing nodes are down: shut down in good order, fenced, or with the resource stopped there. RESOURCE-waiting says whom commits wait for.',
  }),
  sync_standbys: integer({
    default: 1,
    min: 1,
    reloadable: true,
    shortdesc: 'How many standbys a commit waits for',
    longdesc:
      'With rep_mode=sync, how many standbys of the cluster must have a commit on disk before it is acknowledged. More than one needs PostgreSQL 9.6.',
  }),
  sync_method: choice(['first', 'quorum'], {
    default: 'first',
    reloadable: true,
    shortdesc: 'Whether commits wait for certain standbys or for any',
    longdesc:
      'first: commits wait for certain standbys, each of which may be promoted; when one is lost, they wait until the next takes its place. quorum: commits wait for any sync_standbys of all standbys that stream, so that the loss of one delays nothing while enough are left; after the loss of the primary the standbys compare what they have, and the newest is promoted once enough of them have answered to know that no acknowledged commit is missing there. Needs PostgreSQL 10, and more standbys than sync_standbys.',
  }),
  max_lag: bytes({
    default: 0,
    reloadable: true,
    shortdesc: 'How much a standby may lack and still be promoted',
    longdesc:
      'With rep_mode=async, a standby that was more than this behind when the primary last looked, counted in WAL that is on the disk of the primary and not on its own, is not promoted: RESOURCE-data-status says LAGGING|ASYNC. It counts again when it is behind by half of that or less. With rep_mode=sync, where only a standby that is waited for may be promoted, it is said of the others, and changes nothing. In bytes (16777216) or another unit (16MB). 0, the default: no limit.',
  }),
  report_degraded: boolean({
    default: false,
    reloadable: true,
    shortdesc: 'Whether crm_mon shows what is worse than it should be',
    longdesc:
      'The monitor then reports a primary without its synchronous standbys as degraded (exit code 191), and a standby that is more than max_lag behind (190). The cluster shows that, and does nothing about it. Needs pacemaker 2.0; where it is older, nothing is reported.',
  }),
  monitor_timeout: seconds({
    default: 0,
    reloadable: true,
    shortdesc: 'How long PostgreSQL may take to answer the monitor',
    longdesc:
      'A PostgreSQL that does not answer within this time has failed: each connection and each query of a monitor, monitor_sql included, may take that long, and so may the recovery from the crash of one of its processes. In seconds (5, 5s) or another unit (500ms, 1min). 0, the default: an answer may take until shortly before the timeout of the operation, and the recovery 5 seconds. Without effect when the timeout of the monitor operation is shorter.',
  }),
  tmpdir: text({
    default: '/var/lib/pgsql/tmp',
    check: absolutePath,
    shortdesc: "Directory for the agent's files",
    longdesc:
      'Holds the lock file PGSQL.lock, the included settings rep_mode.conf and recovery.conf, and the notes of an election. Each pgsql resource on a node needs one of its own. It belongs to pgdba: one of another account is refused. When it is missing it is made, by root where only root can write to the directory above it, and with the rights of pgdba anywhere else.',
  }),
  xlog_check_count: integer({
    default: 3,
    min: 0,
    reloadable: true,
    shortdesc: 'Monitors that an election takes',
    longdesc:
      'While there is no primary, this many monitors in a row must see the same WAL positions on all nodes before the newest may be promoted.',
  }),
  crm_attr_timeout: integer({
    default: 5,
    min: 1,
    reloadable: true,
    shortdesc: 'Seconds to wait for a node attribute to be written',
    longdesc: 'How long one write of a node attribute may take, in seconds.',
  }),
  stop_escalate: integer({
    default: 90,
    min: 0,
    reloadable: true,
    shortdesc: 'Seconds until a stop becomes an immediate shutdown',
    longdesc:
      'How long a fast shutdown of a primary may take before it is made an immediate one, in seconds; 0 for an immediate shutdown at once. (A primary that answers writes a checkpoint first, and then has at least 5 s.) It is shortened to what the timeout of the operation leaves. A postmaster that takes no notice of the order within 5 s hangs, and is not waited for. When an immediate shutdown does not help either, the processes are killed: a stop always ends.',
  }),
  stop_escalate_in_slave: integer({
    default: 90,
    min: 0,
    reloadable: true,
    shortdesc: 'The same for a standby',
    longdesc: 'As stop_escalate, for a standby.',
  }),
} as const
