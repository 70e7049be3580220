/** The node's own part of a rejoin: the internal command `rejoin-node`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { agent, type Context } from '../../agents/pgsql/agent'
import { beginRejoin } from '../../agents/pgsql/await-rejoin'
import { whatIsLost, type Loss } from '../../agents/pgsql/decide-rejoin'
import { isLocked } from '../../agents/pgsql/lock-file'
import { compareWithPrimary } from '../../agents/pgsql/rejoin'
import { abandonRejoin, readRejoin, type Rejoin, type RejoinMethod } from '../../agents/pgsql/rejoin-note'
import { rewindingState } from '../../agents/pgsql/rewinding'
import { readReplicatedSite, type ReplicatedSite } from '../../agents/pgsql/site'
import { resourceEnvironment } from '../../lib/cluster/resource-environment'
import { Deadline, messageOf } from '../../lib/ocf'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { createLog } from '../../lib/ocf/log'
import { controlDataOf } from '../../lib/postgres/control-data'
import { findServer } from '../../lib/postgres/server-state'
import { existsOwned } from '../../lib/system/owned-files'

const TIMEOUT_MS = 25_000
/** Where pacemaker's own log is, and the agents' lines in it. */
const LOG_FILE = '/var/log/pacemaker/pacemaker.log'

/** How this node's data stands to the primary's. */
export interface Standing {
  readonly running: boolean
  readonly dataDirectory: string
  readonly locked: boolean
  /** Of a server that does not run. */
  readonly loss: Loss['kind'] | null
  /** What would be given up, in words; nothing where that is nothing. */
  readonly lost: string | null
  /** Why it could not be compared. */
  readonly unknown: string | null
  /** pg_rewind can work on it. */
  readonly rewindable: boolean | null
  /** pg_rewind was cut off: the data is not whole; `repeatable` if it may be run again. */
  readonly rewinding: 'repeatable' | 'not repeatable' | null
  readonly note: Pick<Rejoin, 'method' | 'state' | 'phase' | 'reason'> | null
}

async function ownContext(resource: string): Promise<{ context: Context; site: ReplicatedSite }> {
  const variables = await resourceEnvironment(resource)
  const env = readEnvironment(variables, agent.name)
  const { values, problems } = readVariables(agent, variables, env)
  const [first] = problems
  if (first) throw new Error(first.reason)
  const log = createLog({ agent: agent.name, resource, env: variables, terminal: false })
  const deadline = new Deadline(TIMEOUT_MS)
  const context: Context = {
    values,
    env,
    variables,
    action: 'start',
    probe: false,
    problems: [],
    deadline,
    log,
    explain: undefined,
  }
  return { context, site: await readReplicatedSite(context) }
}

function noteOf(site: ReplicatedSite): Standing['note'] {
  const note = readRejoin(site)
  if (note === undefined) return null
  const { method, state, phase, reason } = note
  return { method, state, phase, ...(reason !== undefined && { reason }) }
}

/** @param resource - the primitive's id */
export async function lookAtOwnData(resource: string): Promise<Standing> {
  const { context, site } = await ownContext(resource)
  const { instance, files } = site
  const running = findServer(instance).kind !== 'stopped'
  const standing: Standing = {
    running,
    dataDirectory: instance.dataDirectory,
    locked: isLocked(site),
    loss: null,
    lost: null,
    unknown: null,
    rewindable: null,
    rewinding: null,
    note: noteOf(site),
  }
  if (standing.note?.state === 'running') return standing
  if (existsOwned(instance.owner, files.rewinding)) {
    const { repeatable } = await rewindingState(site, context.deadline)
    return { ...standing, rewinding: repeatable ? 'repeatable' : 'not repeatable' }
  }
  try {
    const { rewindable } = await controlDataOf(instance, context.deadline)
    if (running) return { ...standing, rewindable }
    const loss = await compareWithPrimary(context, site, standing.locked)
    return { ...standing, rewindable, loss: loss.kind, lost: whatIsLost(loss) ?? null }
  } catch (error) {
    return { ...standing, unknown: messageOf(error) }
  }
}

/** How far the rejoin is. */
export async function readOwnNote(resource: string): Promise<Standing['note']> {
  return noteOf((await ownContext(resource)).site)
}

/**
 * Begins to make this node's data a copy of the primary's, by the agent itself, whatever its parameter `rejoin` says.
 *
 * @param provider - of the agent: `ts`
 */
export async function beginOwnRejoin(
  resource: string,
  provider: string,
  method: RejoinMethod,
): Promise<Standing['note']> {
  const { context, site } = await ownContext(resource)
  const program = join(process.env['OCF_ROOT'] ?? '/usr/lib/ocf', 'resource.d', provider, agent.name)
  const variables = {
    ...context.variables,
    OCF_ROOT: process.env['OCF_ROOT'] ?? '/usr/lib/ocf',
    OCF_RESKEY_rejoin: method,
    ...(existsSync(LOG_FILE) && { HA_logfile: LOG_FILE }),
  }
  // Nobody's start waits for it: where one has failed, the cluster is told to try again when it has ended.
  abandonRejoin(site)
  await beginRejoin({ variables, deadline: context.deadline }, site, [program])
  return noteOf(site)
}
