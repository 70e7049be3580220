/** What the cluster manager says in the environment of an action (OCF 1.1 "Parameter passing", pacemaker's meta attributes). */

export type Role = 'Promoted' | 'Unpromoted' | 'Started' | 'Stopped'

/** Which action a notification is about, and who takes part. Node names as the cluster writes them. */
export interface Notification {
  readonly type: 'pre' | 'post'
  readonly operation: 'start' | 'stop' | 'promote' | 'demote'
}

/** The clone's members as the cluster sees them at the start of the action. */
export interface Members {
  /** Whether the cluster says anything of them: only with `notify=true`. Without, all lists are empty. */
  readonly known: boolean
  /** Nodes promoted before the transition. */
  readonly promoted: readonly string[]
  /** Nodes running unpromoted before the transition. */
  readonly unpromoted: readonly string[]
  /** Nodes that the transition starts, stops, promotes, demotes. */
  readonly starting: readonly string[]
  readonly stopping: readonly string[]
  readonly promoting: readonly string[]
  readonly demoting: readonly string[]
}

export interface OcfEnvironment {
  /** The resource's id without an instance number: `pgsql`, also for `pgsql:0`. */
  readonly resource: string
  /** The instance number of pacemaker 1.0 and of globally unique clones. */
  readonly instance: number | undefined
  /** The local node's name, where the cluster gives it. */
  readonly node: string | undefined
  /** Milliseconds between two runs of a recurring action; 0 for one that runs once. */
  readonly intervalMs: number
  /** The action's timeout in milliseconds, where the cluster gives it. */
  readonly timeoutMs: number | undefined
  /** The role the action was configured for. */
  readonly role: Role | undefined
  /** The exit code that pacemaker expects of a monitor, where it is not 0: 8, of one that is promoted. */
  readonly expectedCode: number | undefined
  /** Whether the resource is a promotable (master/slave) clone. */
  readonly promotable: boolean
  /** How many instances of the clone there may be in all. */
  readonly cloneMax: number | undefined
  /** Which of them this one is, from 0; where the cluster says so. */
  readonly cloneInstance: number | undefined
  /** Whether the clone's instances differ from each other (`globally-unique`). */
  readonly globallyUnique: boolean
  /** Whether the resource is a clone whose instances are all the same. */
  readonly anonymousClone: boolean
  readonly notification: Notification | undefined
  readonly members: Members
  /** The generation of the cluster manager's tools, `3.16.1`, where the cluster gives it. */
  readonly featureSet: string | undefined
  /** OCF_CHECK_LEVEL: how deep a monitor or validate-all looks. */
  readonly checkLevel: number
  /** Directory of the cluster's file tree, `/usr/lib/ocf`. */
  readonly ocfRoot: string
}

type Env = Readonly<Record<string, string | undefined>>

const META = 'OCF_RESKEY_CRM_meta_'

/** Pacemaker writes a meta attribute's name with `_` or `-`, and an empty list as one space. */
function meta(env: Env, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = env[META + name] ?? env[META + name.replaceAll('_', '-')]
    if (value !== undefined) return value.trim()
  }
  return undefined
}

function numberOf(text: string | undefined): number | undefined {
  const number = text === undefined || text === '' ? NaN : Number(text)
  return Number.isFinite(number) ? number : undefined
}

function isTrue(text: string | undefined): boolean {
  return /^(yes|true|1|y|on)$/i.test(text ?? '')
}

/** Both spellings of a role: `Master`/`Promoted`, `Slave`/`Unpromoted`. */
export function readRole(text: string | undefined): Role | undefined {
  switch (text?.toLowerCase()) {
    case 'master':
    case 'promoted':
      return 'Promoted'
    case 'slave':
    case 'unpromoted':
      return 'Unpromoted'
    case 'started':
      return 'Started'
    case 'stopped':
      return 'Stopped'
    default:
      return undefined
  }
}

function nodeNames(env: Env, ...names: string[]): readonly string[] {
  return (
    meta(env, ...names)
      ?.split(/\s+/)
      .filter(Boolean) ?? []
  )
}

function readNotification(env: Env): Notification | undefined {
  const type = meta(env, 'notify_type')
  const operation = meta(env, 'notify_operation')
  if (type !== 'pre' && type !== 'post') return undefined
  if (operation !== 'start' && operation !== 'stop' && operation !== 'promote' && operation !== 'demote') {
    return undefined
  }
  return { type, operation }
}

/** Reads the environment of an action. Nothing in it is required: by hand, most of it is missing. */
export function readEnvironment(env: Env, agentName: string): OcfEnvironment {
  const [resource = agentName, instance] = (env['OCF_RESOURCE_INSTANCE'] ?? agentName).split(':')
  return {
    resource,
    instance: numberOf(instance),
    node: meta(env, 'on_node'),
    intervalMs: numberOf(meta(env, 'interval')) ?? 0,
    timeoutMs: numberOf(meta(env, 'timeout')),
    role: readRole(meta(env, 'role')),
    expectedCode: numberOf(meta(env, 'op_target_rc')),
    promotable:
      (numberOf(meta(env, 'promoted_max', 'master_max')) ?? 0) > 0 || meta(env, 'promotable') === 'true',
    cloneMax: numberOf(meta(env, 'clone_max')),
    cloneInstance: numberOf(meta(env, 'clone')),
    globallyUnique: isTrue(meta(env, 'globally_unique')),
    anonymousClone: meta(env, 'globally_unique') === 'false',
    notification: readNotification(env),
    members: {
      known: meta(env, 'notify_start_uname') !== undefined,
      promoted: nodeNames(env, 'notify_promoted_uname', 'notify_master_uname'),
      unpromoted: nodeNames(env, 'notify_unpromoted_uname', 'notify_slave_uname'),
      starting: nodeNames(env, 'notify_start_uname'),
      stopping: nodeNames(env, 'notify_stop_uname'),
      promoting: nodeNames(env, 'notify_promote_uname'),
      demoting: nodeNames(env, 'notify_demote_uname'),
    },
    featureSet: env['OCF_RESKEY_crm_feature_set'],
    checkLevel: numberOf(env['OCF_CHECK_LEVEL']) ?? 0,
    ocfRoot: env['OCF_ROOT'] ?? '/usr/lib/ocf',
  }
}
