/** What a node says of its own server: as it is gathered there, and sent as JSON. */
import { type LogicalSlot } from '../../lib/postgres/logical-slots'
import { type Lsn } from '../../lib/postgres/lsn'
import { type ServerState } from '../../lib/postgres/server-state'

/** A standby as its primary sees it. */
export interface StandbyFacts {
  readonly applicationName: string
  /** `streaming`, `catchup`, … */
  readonly state: string
  /** `sync`, `async`, `potential`, `quorum`. */
  readonly syncState: string
  readonly flushed: Lsn | null
  readonly replayed: Lsn | null
  /** WAL that the primary has on disk and the standby has not, in bytes. */
  readonly flushLag: number | null
  /** WAL that the primary has on disk and the standby has not replayed, in bytes. */
  readonly replayLag: number | null
  /** How long ago what it replays was committed, in seconds. */
  readonly replayLagSeconds: number
}

/** What the server answered. */
export interface SqlFacts {
  readonly inRecovery: boolean
  readonly timeline: number
  /** Up to where a primary has its WAL on disk, a standby has received or replayed it. */
  readonly position: Lsn | null
  readonly replayed: Lsn | null
  /** Seconds since the last commit that a standby has replayed. */
  readonly replayAge: number | null
  /** Where a standby receives from at this moment. */
  readonly upstream: string | null
  readonly synchronousStandbyNames: string
  readonly standbys: readonly StandbyFacts[]
  /** Not known of a node with an older ocf-ts. */
  readonly logicalSlots?: readonly LogicalSlot[]
}

export interface NodeFacts {
  /** Of the tool that gathered them. */
  readonly version: string
  readonly node: string
  /** The node's clock, in milliseconds since 1970. */
  readonly clock: number
  readonly server: ServerState['kind']
  readonly dataDirectory: string
  readonly majorVersion: number | null
  /** The lock file: this node was primary, and its data may hold what the cluster does not. */
  readonly lock: string | null
  /** In pg_controldata's words; of a server that does not run, all that is known of it. */
  readonly control: {
    readonly state: string
    readonly timeline: number
    readonly checkpoint: Lsn
    readonly systemIdentifier: string
  } | null
  readonly sql: SqlFacts | null
  /** What could not be found out, and why. */
  readonly unknown: readonly string[]
}
