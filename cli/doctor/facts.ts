/** What a node tells the doctor of itself: gathered there by `doctor-facts`, and sent as JSON. */
import { type NodeFacts } from '../nodes/facts'

/** An action that an agent's meta-data names, with the texts it has there. */
export interface AdvisedAction {
  readonly name: string
  readonly timeout: string
  readonly interval: string
  readonly role: string
}

/** An agent that the configuration names, as it lies on this node. */
export interface AgentFacts {
  /** `ocf:ts:pgsql`. */
  readonly agent: string
  readonly path: string
  /** Nothing when there is no such file. */
  readonly file: { readonly mode: number; readonly owner: number; readonly executable: boolean } | null
  /** The directory that it lies in, where somebody who is not root may write to it. */
  readonly openDirectory: PrivateFile | null
  /** What starts it: the program of its first line, and where that starts Node later on, Node. */
  readonly interpreters: readonly Interpreter[]
  /** What it says of itself; nothing when it does not. */
  readonly metadata: {
    readonly parameters: readonly string[]
    readonly actions: readonly AdvisedAction[]
  } | null
  /** What it said instead of meta-data, or where it tells that and does nothing else. */
  readonly complaint: string | null
}

export interface Interpreter {
  readonly program: string
  /** Where it was found; nothing when it is not there. */
  readonly path: string | null
  /** Of Node: `20.11.1`. */
  readonly version: string | null
}

/** Corosync, from its configuration file and, where it runs, from itself. */
export interface CorosyncFacts {
  readonly running: boolean
  /** The file's keys, as corosync-cmapctl writes them: `quorum.two_node`, `nodelist.node.0.ring0_addr`. */
  readonly configuration: Readonly<Record<string, string>>
  /** The file's fingerprint. */
  readonly fingerprint: string
  /** corosync-cfgtool -s; nothing where it does not run. */
  readonly links: readonly Link[] | null
  /** The daemon that asks the quorum device runs. */
  readonly deviceRuns: boolean
}

/** One link of this node to another one. */
export interface Link {
  readonly link: number
  readonly nodeId: number
  /** In corosync's words: `connected`, `disconnected`, `localhost`. */
  readonly status: string
}

/** A file or directory that must be private. */
export interface PrivateFile {
  readonly path: string
  readonly mode: number
  readonly owner: number
}

export interface HeartbeatFacts {
  readonly running: boolean
  /** The directives of ha.cf, in their order. */
  readonly directives: readonly (readonly [name: string, value: string])[]
  readonly authkeys: PrivateFile | null
  /** /var/lib/heartbeat/hb_uuid in hexadecimal. */
  readonly uuid: string | null
  /** Who has its UDP port, other than itself: `rpcbind (process 1367)`. */
  readonly portTakenBy: string | null
  /** Programs that it would start and that are not there, or cannot be started. */
  readonly missingPrograms: readonly string[]
  /** Where a program of the same name was found instead. */
  readonly foundElsewhere: Readonly<Record<string, string>>
}

export interface InterfaceFacts {
  readonly name: string
  readonly mac: string
  readonly up: boolean
  /** `192.168.2.1/24`. */
  readonly addresses: readonly string[]
}

/** A virtual address, as the network answers for it to this node. */
export interface AnswerFacts {
  readonly address: string
  /** Where it was asked for; nothing when it was not. */
  readonly interface: string | null
  /** Hardware addresses of others that answer for it. */
  readonly others: readonly string[]
}

export interface DiskFacts {
  readonly path: string
  /** `data`, `WAL`, `archive`, … */
  readonly holds: string
  readonly mount: string
  readonly freeBytes: number
  readonly totalBytes: number
  readonly freeFiles: number | null
}

/** One line of pg_hba.conf (pg_hba_file_rules). */
export interface HbaRule {
  readonly line: number
  readonly type: string
  readonly databases: readonly string[]
  readonly users: readonly string[]
  readonly address: string | null
  readonly netmask: string | null
  readonly method: string
  readonly error: string | null
}

export interface SlotFacts {
  readonly name: string
  readonly active: boolean
  /** WAL that is kept for it, in bytes. */
  readonly keptBytes: number | null
  /** `reserved`, `extended`, `unreserved`, `lost`; nothing before PostgreSQL 13. */
  readonly walStatus: string | null
}

export interface OwnedDatabase {
  readonly name: string
  readonly owner: string
  readonly ownerIsSuperuser: boolean
}

/** What a server answers that `node-facts` does not ask. */
export interface ServerFacts {
  /** Its settings; in pg_settings' units. */
  readonly settings: Readonly<Record<string, string | undefined>>
  /** In bytes. */
  readonly walKeptBytes: number
  /** `synchronous_commit=off` of a database or role: `database app`. */
  readonly ownCommits: readonly { readonly whose: string; readonly value: string }[]
  readonly archiver: {
    readonly archived: number
    readonly failed: number
    /** Seconds since 1970. */
    readonly lastArchived: number | null
    readonly lastFailed: number | null
    readonly failedFile: string | null
  } | null
  readonly slots: readonly SlotFacts[]
  readonly hba: readonly HbaRule[]
  /** The replication user; nothing when there is none. */
  readonly role: { readonly replication: boolean; readonly login: boolean } | null
  /** The database of monitor_sql (`pgdb`); nothing when there is none of that name. */
  readonly database: (OwnedDatabase & { /** It takes connections. */ readonly open: boolean }) | null
  /** The one in which this was asked, as the agent asks its own questions. Not known of a node with an older ocf-ts. */
  readonly asked?: OwnedDatabase
  /** What standbys call themselves, and where they come from. */
  readonly standbys: readonly { readonly name: string; readonly address: string | null }[]
}

/** How the primary answers to who asks as this node's standby would. */
export type ReplicationLogin =
  | { readonly kind: 'answered'; readonly timeline: number; readonly history: readonly ForkFacts[] }
  | { readonly kind: 'failed'; readonly error: string }

export interface ForkFacts {
  readonly timeline: number
  readonly end: string
}

export interface DatabaseFacts {
  readonly resource: string
  readonly node: NodeFacts
  readonly server: ServerFacts | null
  /** Settings in postgresql.auto.conf: they override what the agent includes. */
  readonly automatic: Readonly<Record<string, string>>
  readonly login: ReplicationLogin | null
  /** The owner's ~/.pgpass. */
  readonly passwordFile: PrivateFile | null
  readonly ownerId: number
  /** What restore_command calls for and this node does not have. */
  readonly restoreLacks: readonly string[]
  /** pg_rewind can work on the data. */
  readonly rewindable: boolean | null
  /** Since when the lock file is there, in seconds since 1970. */
  readonly lockedSince: number | null
  readonly lockFile: string
  /** Why the agent would not start it here: what its validate-all says. */
  readonly invalid: readonly string[]
}

export interface DoctorFacts {
  readonly version: string
  /** The host's name. */
  readonly host: string
  /** The node's clock when it began and when it was done, in milliseconds since 1970. */
  readonly begun: number
  readonly ended: number
  readonly pacemaker: boolean
  readonly agents: readonly AgentFacts[]
  readonly corosync: CorosyncFacts | null
  readonly heartbeat: HeartbeatFacts | null
  readonly interfaces: readonly InterfaceFacts[]
  readonly answers: readonly AnswerFacts[]
  readonly disks: readonly DiskFacts[]
  readonly databases: readonly DatabaseFacts[]
  /** What could not be found out, and why. */
  readonly unknown: readonly string[]
}

/** How a TCP port answered. */
export interface Reached {
  readonly to: string
  readonly result: 'open' | 'refused' | 'no answer' | 'unreachable'
}
