/** What a standby says and does that does not receive although there is a primary. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Lsn } from '../../lib/postgres/lsn'
import { type SlotTrouble } from '../../lib/postgres/slots'
import { dataStatusOf, describeObstacle, type Obstacle, readRefusal } from './decide-obstacle'
import { isDisconnected, isExplained } from './mode'
import { attributeNames } from './names'
import { type Step } from './steps'

/** What the last monitor saw of a standby that did not receive. */
export interface FollowNote {
  readonly primary: string
  readonly received: Lsn | undefined
  readonly replayed: Lsn | undefined
  /** How many monitors in a row have failed for it. */
  readonly failed?: number
}

/**
 * Pacemaker learns of a monitor that fails again and again once, and forgets that one, too, where something else takes
 * longer than `failure-timeout` (the rejoin of another node). After so many it gets another answer in between, so that
 * the next one is news.
 */
const UNHEARD = 5

/** What has been found out. */
export type Finding =
  | Obstacle
  /** The primary does not let it stream through its replication slot. */
  | { readonly kind: 'no slot'; readonly slot: string; readonly trouble: SlotTrouble }
  /** Nothing keeps it, as far as is known. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unanswered'; readonly message: string }

export interface FollowFacts {
  readonly resource: string
  readonly node: string
  /** What is seen now. */
  readonly now: FollowNote
  /** What was seen last; nothing where it received, or there was another primary. */
  readonly note: FollowNote | undefined
  /** Nothing when it was not asked for. */
  readonly finding: Finding | undefined
  /** As it is published now. */
  readonly dataStatus: string | undefined
  readonly rejoin: 'manual' | 'safe' | 'rewind' | 'basebackup'
  /** The cluster knows the exit code `degraded`: it shows it, and lets the resource run. */
  readonly knowsDegraded: boolean
  readonly user: string
  readonly masterIp: string
  readonly owner: string
}

/** For the log, where nothing fails. */
export interface FollowPlan extends Plan<Step> {
  readonly warning?: string
  readonly info?: string
}

/**
 * Whether the primary is to be asked: at the second look that finds the standby where it was at the first. One that
 * connects again, or restores WAL from an archive, needs no more than time.
 */
export function isStuck(now: FollowNote, note: FollowNote | undefined): boolean {
  return note !== undefined && isSame(now, note)
}

function isSame(a: FollowNote, b: FollowNote): boolean {
  return a.primary === b.primary && a.received === b.received && a.replayed === b.replayed
}

/** What a person does about it: a line for crm_mon, and more for the log. */
function describe(
  finding: Obstacle,
  facts: FollowFacts,
): { readonly reason: string; readonly detail: string } {
  const { masterIp, resource, user, owner, rejoin } = facts
  if (finding.kind === 'refused') {
    const what = {
      hba: `lacks ${user} for replication in its pg_hba.conf: add this node there`,
      password: `does not take the password of ${user}: see ~${owner}/.pgpass here`,
      role: `has no role ${user} that may log in for replication: see repuser`,
    }[readRefusal(finding.message) ?? 'role']
    return { reason: `cannot follow: the primary ${what}`, detail: finding.message }
  }
  const backup = `pg_basebackup -h ${masterIp} into an empty directory in place of pgdata, then crm resource cleanup ${resource}`
  const fixed = rejoin === 'basebackup' || (rejoin === 'rewind' && finding.kind !== 'wal removed')
  return {
    reason: `${describeObstacle(finding)}: ${fixed ? `rejoin=${rejoin} fixes it` : 'take a base backup'}`,
    detail: fixed ? `otherwise: ${backup}` : backup,
  }
}

/** The primary makes the slot by itself; what a person sees is for the case that it cannot. */
function describeSlot(
  { slot, trouble }: Extract<Finding, { readonly kind: 'no slot' }>,
  primary: string,
): { readonly reason: string; readonly detail: string } {
  const what = trouble === 'missing' ? 'is missing' : 'has been invalidated'
  return {
    reason: `cannot follow: replication slot ${slot} ${what} on ${primary}, whose next monitor makes it again`,
    detail: `if it does not, see the log of ${primary}: max_replication_slots may be too low there`,
  }
}

/**
 * A node whose data does not fit fails: it could not be promoted, and shows its readers what was. It is started again
 * only after a comparison, by which `rejoin` heals what it may. A node that is only not let in has good data and goes on
 * from where it is when it is let in: it stays, degraded. While the primary does not answer nothing is proven, and this
 * node may be the next primary.
 */
export function decideFollow(facts: FollowFacts): FollowPlan {
  const { resource, node, now, note, finding, dataStatus, rejoin, knowsDegraded } = facts
  const keep: Step[] = note !== undefined && isSame(now, note) ? [] : [{ step: 'follow', note: now }]
  const publish = (value: string | undefined): Step[] => {
    const name = attributeNames(resource).dataStatus
    return value === undefined || dataStatus === value
      ? []
      : [{ step: 'attribute', node, name, value, lifetime: 'forever' }]
  }
  const well = (steps: readonly Step[], more: Pick<FollowPlan, 'warning' | 'info'> = {}): FollowPlan => ({
    exit: ExitCode.SUCCESS,
    steps: [...keep, ...steps],
    ...more,
  })
  if (finding === undefined) {
    return well([], {
      info: `this standby receives nothing from ${now.primary}; a reason is looked for at the next monitor that finds it so`,
    })
  }
  if (finding.kind === 'unanswered') {
    return well([], {
      warning: `this standby receives nothing from ${now.primary}, which does not say why: ${finding.message}`,
    })
  }
  if (finding.kind === 'none') {
    const mended = isExplained(dataStatus)
    return well(mended ? publish('DISCONNECT') : [], {
      warning: `this standby receives nothing from ${now.primary}, which would send what it needs: see the log of PostgreSQL`,
    })
  }
  if (finding.kind === 'no slot') {
    const { reason, detail } = describeSlot(finding, now.primary)
    const steps = isExplained(dataStatus) ? publish('DISCONNECT') : []
    return knowsDegraded
      ? { exit: ExitCode.DEGRADED, reason, detail, steps: [...keep, ...steps] }
      : well(steps, { warning: `${reason} (${detail})` })
  }
  // A standby that is not let in keeps what it is: where commits wait for it still, it has them all.
  const stands = finding.kind === 'refused' && isDisconnected(dataStatus) && !isExplained(dataStatus)
  const steps = stands && dataStatus !== 'DISCONNECT' ? [] : publish(dataStatusOf(finding))
  const { reason, detail } = describe(finding, facts)
  if (rejoin === 'manual' || (finding.kind === 'refused' && !knowsDegraded)) {
    return well(steps, { warning: `${reason} (${detail})` })
  }
  if (finding.kind === 'refused')
    return { exit: ExitCode.DEGRADED, reason, detail, steps: [...keep, ...steps] }
  const failed = (note?.failed ?? 0) + 1
  const unheard = knowsDegraded && failed > UNHEARD
  return {
    exit: unheard ? ExitCode.DEGRADED : ExitCode.ERR_GENERIC,
    reason,
    detail,
    steps: [{ step: 'follow', note: { ...now, failed: unheard ? 0 : failed } }, ...steps],
    ...(unheard && {
      warning: `${failed} monitors in a row have failed and the cluster has done nothing: the next one reports the failure again`,
    }),
  }
}
