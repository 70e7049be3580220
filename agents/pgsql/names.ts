/** The names under which the agent publishes the state of a resource: the shell agent's, and those that it has not. */

export interface AttributeNames {
  readonly status: string
  readonly dataStatus: string
  readonly baseline: string
  readonly position: string
  readonly receiver: string
  readonly refused: string
  readonly quorum: string
  readonly waiting: string
  readonly lag: string
  /** How far a rejoin is, or why it failed. */
  readonly rejoin: string
  /** The number of this node's own last promotion. */
  readonly promotion: string
  /** The latest promotion that this node knows of, and whose it was. */
  readonly epoch: string
  /** Carries messages through the attribute daemon; never in the CIB. */
  readonly proof: string
  /** Where the WAL that a standby has ends, for the slots that the others keep for it; never in the CIB. */
  readonly has: string
}

export function attributeNames(resource: string): AttributeNames {
  return {
    status: `${resource}-status`,
    dataStatus: `${resource}-data-status`,
    baseline: `${resource}-master-baseline`,
    position: `${resource}-xlog-loc`,
    receiver: `${resource}-receiver-status`,
    refused: `${resource}-refused`,
    quorum: `${resource}-quorum`,
    waiting: `${resource}-waiting`,
    lag: `${resource}-lag`,
    rejoin: `${resource}-rejoin`,
    promotion: `${resource}-promotion`,
    epoch: `${resource}-epoch`,
    proof: `${resource}-proof`,
    has: `${resource}-wal-received`,
  }
}

/** Promotion scores. A primary has `primary` and the number of its promotion: see `primaryScore`. */
export const SCORE = { primary: '1000', promotable: '100', never: '-INFINITY' } as const

/** Far below pacemaker's INFINITY (1000000), and below what operators give a node that they want. */
const MOST_NUMBERS = 100_000

/**
 * The score of a primary. Of two that meet, the cluster keeps the one that was promoted later: it decides before the
 * monitor of either has run.
 *
 * @param number - of its promotion; 0 where it has none
 */
export function primaryScore(number: number): string {
  return String(Number(SCORE.primary) + Math.min(number, MOST_NUMBERS))
}

/** Whether a score is that of a primary, or of a standby that is to become it. */
export function isPrimaryScore(score: string | undefined): score is string {
  return Number(score) >= Number(SCORE.primary)
}

/** The agent's files in tmpdir. */
export interface AgentFiles {
  /** Says that this node was primary, and that its data may hold what the cluster does not. */
  readonly lock: string
  /** Says whose files these are: two resources must not share them. */
  readonly claim: string
  /** Included in postgresql.conf: synchronous_standby_names. */
  readonly repMode: string
  /** Included in postgresql.conf since version 12: the recovery settings. */
  readonly recovery: string
  /** What the last monitors saw while there was no primary. */
  readonly election: string
  /** What the last monitor saw of a standby that received nothing. */
  readonly follow: string
  /** Who makes the data a copy of the primary's, and how far that is or how it ended. */
  readonly rejoin: string
  /** Held, with flock(2), by whoever does that. */
  readonly rejoinLock: string
  /** The start that waits for it. */
  readonly rejoinWaiter: string
  /** Says that pg_rewind has begun to write: until it has ended, the data is not whole. */
  readonly rewinding: string
  /** Directory: this node's own files of the data directory while the primary's are put in their place. */
  readonly kept: string
  /** A base backup that is complete and is put in the data directory's place. */
  readonly swap: string
  /** What a standby knows of the nodes that it keeps slots for. */
  readonly siblings: string
}

export function agentFiles(tmpdir: string): AgentFiles {
  return {
    lock: `${tmpdir}/PGSQL.lock`,
    claim: `${tmpdir}/resource.json`,
    repMode: `${tmpdir}/rep_mode.conf`,
    recovery: `${tmpdir}/recovery.conf`,
    election: `${tmpdir}/election.json`,
    follow: `${tmpdir}/follow.json`,
    rejoin: `${tmpdir}/rejoin.json`,
    rejoinLock: `${tmpdir}/rejoin.lock`,
    rejoinWaiter: `${tmpdir}/rejoin.waiter`,
    rewinding: `${tmpdir}/rewinding.json`,
    kept: `${tmpdir}/kept`,
    swap: `${tmpdir}/swap.json`,
    siblings: `${tmpdir}/siblings.json`,
  }
}
