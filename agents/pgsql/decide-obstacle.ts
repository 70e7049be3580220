/** What keeps a standby from following the primary. */
import { type ControlData, type Timeline } from '../../lib/postgres/control-data'
import { laterLsn, type Lsn, writeLsn } from '../../lib/postgres/lsn'
import { type Upstream } from '../../lib/postgres/upstream'
import { segmentOf } from '../../lib/postgres/wal-segments'
import { findFork, type Loss } from './decide-rejoin'
import { describeMissing, type MissingWal } from './describe-missing'

/** A cause that is proven. */
export type Obstacle =
  | { readonly kind: 'another database' }
  /** It is at `position` of a timeline that the primary left at `end`, or, still on it, has written up to there. */
  | { readonly kind: 'forked'; readonly timeline: Timeline; readonly end: Lsn; readonly position: Lsn }
  | { readonly kind: 'unknown timeline'; readonly timeline: Timeline; readonly primaryTimeline: Timeline }
  | MissingWal
  | { readonly kind: 'refused'; readonly message: string }

/** What a standby that runs has. */
export interface Standing extends Pick<
  ControlData,
  'systemIdentifier' | 'timeline' | 'redo' | 'walSegmentSize'
> {
  readonly received: Lsn | undefined
  readonly replayed: Lsn | undefined
  /** The timeline on which it has come that far; nothing where its WAL does not show it. */
  readonly followed: Timeline | undefined
}

/** The WAL that a standby asks for next. */
export interface Need {
  readonly timeline: Timeline
  readonly position: Lsn
}

/** Nothing is known against it; and what it needs next, where the primary could have removed that. */
export interface Fits {
  readonly kind: 'fits'
  readonly need: Need | undefined
}

/** Where the primary's last WAL is, nothing has been removed yet. */
export function mayBeRemoved(
  position: Lsn,
  { flushed }: Pick<Upstream, 'flushed'>,
  segmentSize: number,
): boolean {
  return flushed === undefined || segmentOf(position, segmentSize) < segmentOf(flushed, segmentSize)
}

/**
 * Compares a standby that runs with the primary. What it has replayed counts against it, and not what it has received:
 * the end of that may be half a record, which is given up without a word.
 */
export function compareStanding(mine: Standing, primary: Upstream): Obstacle | Fits {
  const { received, replayed, followed } = mine
  const timeline = Math.max(mine.timeline, followed ?? 0)
  const fork = findFork({ systemIdentifier: mine.systemIdentifier, timeline }, primary)
  if (fork.kind === 'another database') return fork
  if (fork.kind === 'unknown timeline') return { ...fork, timeline, primaryTimeline: primary.timeline }
  const end = fork.kind === 'left' ? fork.end : primary.flushed
  // What the control file says of the timeline may be older than the position.
  if (followed === timeline && replayed !== undefined && end !== undefined && replayed > end) {
    return { kind: 'forked', timeline, end, position: replayed }
  }
  const beyond = received !== undefined && end !== undefined && received > end
  const position = beyond ? replayed : laterLsn(received, replayed)
  const askable =
    position !== undefined && followed === timeline && mayBeRemoved(position, primary, mine.walSegmentSize)
  return { kind: 'fits', need: askable ? { timeline, position } : undefined }
}

/** The timelines on whose files an archive may have a position: the primary's first. */
export function timelinesFrom(timeline: Timeline, primary: Upstream): readonly Timeline[] {
  const all = [primary.timeline, ...primary.history.map((fork) => fork.timeline).reverse()]
  return all.filter((number) => number >= timeline)
}

/** What is wrong with the login, where psql's message says that the server is there and lets this user not in. */
export function readRefusal(message: string): 'hba' | 'password' | 'role' | undefined {
  // The name of the file is in it in every language; the others are the client's own words, or English.
  if (/pg_hba\.conf/.test(message)) return 'hba'
  if (/password (?:authentication failed|retrieved from file)|no password supplied/.test(message))
    return 'password'
  return /role ".*" (?:does not exist|is not permitted to log in)|permission denied to start WAL sender|must be superuser or replication role to start walsender/.test(
    message,
  )
    ? 'role'
    : undefined
}

/** What `pgsql-data-status` says of a cause; nothing where it is none, or not proven. */
const DATA_STATUS: Readonly<Record<Obstacle['kind'] | Loss['kind'], string | undefined>> = {
  nothing: undefined,
  'another database': 'DISCONNECT|OTHER_DATABASE',
  forked: 'DISCONNECT|FORKED',
  diverged: 'DISCONNECT|FORKED',
  'unknown timeline': 'DISCONNECT|FORKED',
  'same timeline': undefined,
  'wal removed': 'DISCONNECT|WAL_REMOVED',
  refused: 'DISCONNECT|REFUSED',
}

export function dataStatusOf({ kind }: Obstacle | Loss): string | undefined {
  return DATA_STATUS[kind]
}

/** What is wrong, without the mend. */
export function describeObstacle(obstacle: Exclude<Obstacle, { readonly kind: 'refused' }>): string {
  switch (obstacle.kind) {
    case 'another database':
      return 'pgdata holds another database than the primary (system identifiers differ)'
    case 'forked':
      return `has diverged: is at ${writeLsn(obstacle.position)} of timeline ${obstacle.timeline}, the primary has it up to ${writeLsn(obstacle.end)}`
    case 'unknown timeline':
      return `is on timeline ${obstacle.timeline}, which the primary (on ${obstacle.primaryTimeline}) does not come from`
    case 'wal removed':
      return describeMissing(obstacle)
  }
}
