/** What a node's history of a resource says about the role the resource has there. */

/** One line of the history (`lrm_rsc_op`): the last of its kind and its result. */
export interface Operation {
  readonly operation: string
  /** Grows with every call; -1 while the result is not known. */
  readonly callId: number
  readonly code: number
  /** Seconds since the epoch at which the result last changed. */
  readonly since: number
}

export type ResourceRole = 'Stopped' | 'Unpromoted' | 'Promoted'

function roleAfterOne(role: ResourceRole, { operation, code }: Operation): ResourceRole {
  if (operation === 'monitor') {
    // As pacemaker takes it: only a demotion or a stop ends the role.
    if (code === 0 || code === 190) return role === 'Promoted' ? role : 'Unpromoted'
    if (code === 8 || code === 9 || code === 191) return 'Promoted'
    return code === 7 ? 'Stopped' : role
  }
  if (code !== 0) return role
  switch (operation) {
    case 'start':
    case 'demote':
      return 'Unpromoted'
    case 'promote':
      return 'Promoted'
    case 'stop':
      return 'Stopped'
    default:
      return role
  }
}

/** The role in which a resource runs after the operations of its history, whatever order they are listed in. */
export function roleAfter(operations: readonly Operation[]): ResourceRole {
  return [...operations]
    .filter(({ callId }) => callId >= 0)
    .sort((a, b) => a.callId - b.callId || a.since - b.since)
    .reduce<ResourceRole>(roleAfterOne, 'Stopped')
}

/**
 * Whether the last that was done to a resource was to stop it, or to look for it before it was ever started. A monitor
 * that no longer found it says as much of its role, but nobody has seen to it since.
 */
export function isKnownStopped(operations: readonly Operation[]): boolean {
  const done = operations
    .filter(({ callId }) => callId >= 0)
    .sort((a, b) => a.callId - b.callId || a.since - b.since)
  const last = done.at(-1)
  if (last === undefined) return false
  if (last.operation === 'stop') return last.code === 0
  return last.code === 7 && done.every(({ operation, code }) => operation === 'monitor' && code === 7)
}
