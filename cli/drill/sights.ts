/** What is seen of a failover in the cluster's state: from two looks at it, what has happened between them. */
import { attributeNames } from '../../agents/pgsql/names'
import { type ClusterStatus, type FailedAction } from '../../lib/cluster/status'
import { sameNode } from '../../lib/cluster/snapshot'
import { type EventKind } from './result'

export interface Subject {
  /** The primitive's id. */
  readonly resource: string
  readonly oldPrimary: string
  /** The resource that is the writers' address. */
  readonly address: string | undefined
  /** `rep_mode`. */
  readonly mode: string | null
}

/** What was seen so far. */
export interface Sights {
  /** The failure of the old primary, or its absence. */
  readonly lost: boolean
  /** It was not primary for a while. */
  readonly down: boolean
  /** Who was promoted. */
  readonly newPrimary: string | null
  readonly moved: boolean
  readonly running: boolean
  readonly back: boolean
  /** Failed actions that were told already. */
  readonly failures: readonly string[]
}

export interface Sight {
  readonly kind: EventKind
  readonly label: string
  readonly text: string
}

export const NOTHING_SEEN: Sights = {
  lost: false,
  down: false,
  newPrimary: null,
  moved: false,
  running: false,
  back: false,
  failures: [],
}

/** crm_mon of pacemaker 2.1 escapes some characters of a reason twice. */
const unescapeXml = (text: string): string =>
  text.replaceAll('&apos;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')

/** A failed action in one line. */
export function describeFailedAction({
  resource,
  task,
  node,
  exitStatus,
  exitReason,
  status,
}: FailedAction): string {
  const result = status === 'complete' ? exitStatus : status
  const reason = exitReason === '' ? '' : `: ${unescapeXml(exitReason)}`
  return `${resource} ${task} on ${node} failed (${result})${reason}`
}

/** A standby that may take over: in sync mode it is waited for, or stands in line. */
export function isBack(status: ClusterStatus, { resource, oldPrimary, mode }: Subject): boolean {
  const dataStatus = status.attribute(oldPrimary, attributeNames(resource).dataStatus) ?? ''
  const wanted = mode === 'sync' ? /^STREAMING\|(?:SYNC|QUORUM|POTENTIAL)$/ : /^STREAMING\|/
  return status.role(resource, oldPrimary) === 'Unpromoted' && wanted.test(dataStatus)
}

/** How it is seen that the old primary is none any more. */
function lossOf(status: ClusterStatus, { resource, oldPrimary }: Subject): string | undefined {
  const node = status.nodes.find(({ name }) => sameNode(name, oldPrimary))
  if (node?.online !== true)
    return `${oldPrimary} is ${node?.unclean === true ? 'lost (UNCLEAN)' : 'offline'}`
  return status.promoted(resource).some((name) => sameNode(name, oldPrimary))
    ? undefined
    : `${resource} on ${oldPrimary} is not primary any more`
}

/** Looks for what is new since the last look. */
export function look(
  known: Sights,
  status: ClusterStatus,
  subject: Subject,
): { readonly sights: Sights; readonly news: readonly Sight[] } {
  const { resource, oldPrimary, address } = subject
  const news: Sight[] = []
  const see = (kind: EventKind, label: string, text: string): true => {
    news.push({ kind, label, text })
    return true
  }
  const isOld = (node: string): boolean => sameNode(node, oldPrimary)
  let { lost, down, newPrimary, moved, running, back } = known

  const fresh = status.failures.filter((failure) => !known.failures.includes(describeFailedAction(failure)))
  const loss = lossOf(status, subject)
  down ||= loss !== undefined
  // The failure says more than that it is gone.
  const discovery = fresh.find((failure) => failure.resource === resource && isOld(failure.node))
  if (!lost && (discovery !== undefined || loss !== undefined)) {
    const text = discovery === undefined ? (loss ?? '') : describeFailedAction(discovery)
    lost = see('lost', `${oldPrimary} seen lost`, text)
  } else if (discovery !== undefined) {
    see('failed', `${discovery.task} failed`, describeFailedAction(discovery))
  }
  for (const failure of fresh.filter((one) => one !== discovery)) {
    see('failed', `${failure.task} failed`, describeFailedAction(failure))
  }

  const [promoted] = status.promoted(resource)
  if (newPrimary === null && promoted !== undefined && (down || !isOld(promoted))) {
    newPrimary = promoted
    see('promoted', `${promoted} promoted`, `${promoted} is the primary`)
  }
  if (newPrimary !== null && !isOld(newPrimary)) {
    const place = address === undefined ? undefined : status.nodeOf(address)
    if (!moved && place !== undefined && sameNode(place, newPrimary)) {
      moved = see('moved', `address on ${place}`, `the writers' address is on ${place}`)
    }
    if (!running && status.role(resource, oldPrimary) === 'Unpromoted') {
      running = see('running', `${oldPrimary} runs again`, `PostgreSQL runs on ${oldPrimary}, as a standby`)
    }
    if (!back && isBack(status, subject)) {
      back = see('back', `${oldPrimary} in sync`, `${oldPrimary} is a standby that may take over`)
    }
  }
  // Of those that are there now: a failure that was cleaned up and comes again is news again.
  const failures = status.failures.map(describeFailedAction)
  return { sights: { lost, down, newPrimary, moved, running, back, failures }, news }
}
