/**
 * The process that makes this node's data a copy of the primary's. `start` begins it and waits for it; it survives that,
 * and when nobody waits any more it has the cluster start the resource at the end.
 */
import { cleanUp } from '../../lib/cluster/clean-up'
import { findNode, hasRole, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Deadline, ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { type MajorVersion } from '../../lib/postgres/instance'
import { findServer } from '../../lib/postgres/server-state'
import { tryLock } from '../../lib/system/file-lock'
import { type Context } from './agent'
import { unlock } from './lock-file'
import { makeTmpdir } from './make-tmpdir'
import { primaryNodes } from './primaries'
import { isLatest, latestPromotion } from './promotions'
import { tryPublish } from './publish'
import {
  isAbandoned,
  markOf,
  readRejoin,
  type RejoinMethod,
  type RejoinNote,
  writeRejoin,
} from './rejoin-note'
import { type Rejoiner } from './rejoin-work'
import { readReplicatedSite, readSiteVersion, type ReplicatedSite } from './site'

const METHODS: Record<RejoinMethod, () => Promise<Rejoiner>> = {
  rewind: async () => (await import('./rejoin-rewind')).rejoinByRewind,
  basebackup: async () => (await import('./rejoin-basebackup')).rejoinByBaseBackup,
}

/** Each change of the attribute makes pacemaker think: no more of them than a person reads. */
const ATTRIBUTE_STEP = 10
/** The note is for whoever asks, and only read then. */
const NOTE_STEP = 1

/** How long a lock is waited for that is held by what an ended worker has left behind. */
const LOCK_MS = 5000
/** How long the cluster may take to note that `start` has failed. */
const CLEAN_UP_MS = 60_000
const POLL_MS = 500

/** Says how far it is: in the note, and as a node attribute. */
class Progress {
  #note: RejoinNote
  #noted = ''
  #published: string | undefined
  #publishing: Promise<void> = Promise.resolve()

  constructor(
    private readonly context: Context,
    private readonly site: ReplicatedSite,
    method: RejoinMethod,
  ) {
    const before = readRejoin(site)
    this.#note = {
      method,
      worker: markOf(process.pid),
      startedAt: new Date().toISOString(),
      state: 'running',
      phase: 'begins',
      attempts: before === undefined || before.state === 'done' ? 1 : before.attempts + 1,
    }
    this.#write()
    void this.publish(`${method}: begins`)
  }

  get method(): RejoinMethod {
    return this.#note.method
  }

  report(phase: string, percent?: number): void {
    const at = (step: number): string =>
      percent === undefined ? phase : `${phase} ${Math.floor(Math.min(100, percent) / step) * step} %`
    const exact = at(NOTE_STEP)
    if (exact === this.#noted) return
    this.#noted = exact
    this.#note = { ...this.#note, phase: exact }
    try {
      this.#write()
    } catch (error) {
      // How far it is is no reason to end it.
      this.context.log.warning(`${this.site.files.rejoin}: ${messageOf(error)}`)
    }
    void this.publish(`${this.method}: ${at(ATTRIBUTE_STEP)}`)
  }

  end(result: Pick<RejoinNote, 'state' | 'reason'>): void {
    this.#note = { ...this.#note, ...result }
    this.#write()
  }

  /** One write after the other; that one fails, for a cluster that is down for a while, changes nothing. */
  publish(text: string | null): Promise<void> {
    if (text !== this.#published) {
      this.#published = text ?? undefined
      const { site, context } = this
      this.#publishing = this.#publishing.then(async () => {
        await tryPublish(site, site.node, { rejoin: text }, context.log)
      })
    }
    return this.#publishing
  }

  #write(): void {
    writeRejoin(this.site, this.#note)
  }
}

function versionIfKnown(site: ReplicatedSite): MajorVersion | undefined {
  try {
    return readSiteVersion(site)
  } catch {
    return undefined
  }
}

function refuseRunning({ instance }: ReplicatedSite): void {
  if (findServer(instance).kind === 'stopped') return
  throw new OcfError(ExitCode.ERR_GENERIC, `PostgreSQL runs on ${instance.dataDirectory}: stop it first`)
}

/** Data of the latest promotion is not replaced by that of an earlier primary. */
async function refuseOlderPrimary({ deadline }: Context, { resource }: ReplicatedSite): Promise<void> {
  const snapshot = await takeSnapshot(deadline.within(CLEAN_UP_MS))
  const [primary] = primaryNodes(snapshot, resource)
  if (primary === undefined || isLatest(snapshot, primary, resource)) return
  const { node, number } = latestPromotion(snapshot, resource)
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `${primary} was promoted before ${node} (promotion ${number}): this node's data is not made a copy of its`,
  )
}

/** Whether the cluster has noted that `start` has failed here. (Before pacemaker 1.1.17 it counted all actions as one.) */
function startHasFailed(
  { resource }: ReplicatedSite,
  transient: Readonly<Record<string, string | undefined>>,
): boolean {
  return Object.keys(transient).some((name) => {
    const [counted, action = 'start'] = name.split('#')
    const isMine = counted === `fail-count-${resource}` || counted?.startsWith(`fail-count-${resource}:`)
    return isMine === true && action.startsWith('start')
  })
}

/**
 * Makes the cluster forget that `start` failed, and so start the resource again. The failure is noted a moment after
 * that action has ended; without one there is nothing to do.
 */
async function letItStart(context: Context, site: ReplicatedSite): Promise<void> {
  const patience: Deadline = context.deadline.within(CLEAN_UP_MS)
  await patience.holds(POLL_MS, async () => {
    const self = findNode(await takeSnapshot(context.deadline.within(CLEAN_UP_MS)), site.node)
    if (self && (hasRole(self, site.resource, 'Unpromoted') || hasRole(self, site.resource, 'Promoted')))
      return true
    if (!self || !startHasFailed(site, self.transient)) return false
    await cleanUp(site.resource, site.node, context.deadline.within(CLEAN_UP_MS))
    return true
  })
}

/** The action `rejoin`, which nobody calls but this agent. */
export async function rejoinWorker(context: Context): Promise<ExitCode> {
  const { values, log, deadline } = context
  const site = await readReplicatedSite(context)
  const method = values.rejoin
  if (method !== 'rewind' && method !== 'basebackup') return ExitCode.ERR_ARGS
  makeTmpdir(site)
  const patience = deadline.within(LOCK_MS)
  const lock = await patience
    .until('the lock', POLL_MS, () => tryLock(site.instance.owner, site.files.rejoinLock))
    .catch(() => undefined)
  if (lock === undefined) {
    log.info('another process is at it already')
    return ExitCode.SUCCESS
  }
  const progress = new Progress(context, site, method)
  const afterwards: (() => Promise<void>)[] = []
  let abandoned: boolean
  try {
    refuseRunning(site)
    await refuseOlderPrimary(context, site)
    const rejoin = await METHODS[method]()
    await rejoin({
      context,
      site,
      version: versionIfKnown(site),
      lockFd: lock.fd,
      report: (phase, percent) => {
        progress.report(phase, percent)
      },
      afterwards: (task) => afterwards.push(task),
    })
    unlock(site)
    progress.end({ state: 'done' })
    abandoned = isAbandoned(site)
    log.info(`the data is a copy of the primary's, by ${method}: ${site.files.lock} is removed`)
    await progress.publish(null)
  } catch (error) {
    const reason = error instanceof OcfError ? error.reason : messageOf(error)
    const detail = error instanceof OcfError && error.detail !== undefined ? ` (${error.detail})` : ''
    log.warning(`rejoin by ${method} failed: ${reason}${detail}`)
    progress.end({ state: 'failed', reason })
    abandoned = isAbandoned(site)
    await progress.publish(`failed: ${reason}`)
    afterwards.length = 0
  }
  lock.release()
  if (abandoned) {
    try {
      // Also where it has failed: start says then why.
      await letItStart(context, site)
    } catch (error) {
      log.warning(`crm resource cleanup ${site.resource} is left to do: ${messageOf(error)}`)
    }
  }
  for (const task of afterwards) {
    await task().catch((error: unknown) => {
      log.warning(messageOf(error))
    })
  }
  return ExitCode.SUCCESS
}
