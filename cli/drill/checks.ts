/** Whether a drill may be begun: what stands against it, from the same report that `ocf-ts status` prints. */
import { type DatabaseReport, type FailureReport, type StatusReport } from '../status/report'

export interface Objections {
  /** It would be no rehearsal but an outage: not even with `--force`. */
  readonly final: readonly string[]
  /** `--force` goes on all the same. */
  readonly others: readonly string[]
}

function describeFailure({ resource, action, node, result, reason }: FailureReport): string {
  return `${resource} ${action} on ${node} failed (${result})${reason === '' ? '' : `: ${reason}`}`
}

/** The findings that a drill may not be begun with. */
export function objectionsTo(report: StatusReport, database: DatabaseReport): Objections {
  const { risk, members, primary, resource } = database
  const away = members
    .filter(({ state }) => state !== 'online')
    .map(({ node, state }) => `${node} is ${state}`)
  const stopped = members
    .filter(({ state, role }) => state === 'online' && role !== 'primary' && role !== 'standby')
    .map(({ node, role }) => `${resource} is ${role} on ${node}`)
  const blocked = members
    .filter((member) => member.blocked)
    .map(({ node }) => `${resource} is blocked on ${node}: its stop has failed`)
  return {
    final: [
      ...(report.quorate ? [] : ['this part of the cluster has no quorum']),
      ...blocked,
      ...(primary === null || risk.level === 'no failover' ? [risk.text] : []),
    ],
    others: [
      ...(risk.level === 'some' ? [risk.text] : []),
      ...away,
      ...stopped,
      ...report.failures.map(describeFailure),
      ...(report.upcoming.length > 0 ? [`the cluster is about to ${report.upcoming.join('; ')}`] : []),
    ],
  }
}

/** What the cluster is not as it was before. */
export function notWhole(before: DatabaseReport, after: StatusReport): readonly string[] {
  const now = after.databases.find(({ resource }) => resource === before.resource)
  if (now === undefined) return [`${before.resource} is not configured any more`]
  return [
    ...(now.primary === null ? ['there is no primary'] : []),
    ...(now.risk.level === before.risk.level || now.primary === null ? [] : [now.risk.text]),
    ...after.failures.map(describeFailure),
  ]
}
