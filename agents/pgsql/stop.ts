import { carryOut, type ExitCode, messageOf } from '../../lib/ocf'
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type Lsn } from '../../lib/postgres/lsn'
import { findServer, type ServerState } from '../../lib/postgres/server-state'
import { removeStalePidFile, stopServer } from '../../lib/postgres/stop-server'
import { writeOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { decideStop, type StopFacts, type StopStep } from './decide-stop'
import { SCORE } from './names'
import { type Publication, tryPublish } from './publish'
import { serverPlaceOf } from './data-directory'
import { isLocked, unlockIfReceived } from './lock-file'
import { isPartOfRejoin, readRejoin } from './rejoin-note'
import { isReplicated, readSite, type ReplicatedSite, type Site } from './site'
import { repModeText } from './steps'

const DESCRIPTIONS: Record<StopStep, string> = {
  stop: 'stop PostgreSQL: fast, then immediate, at last by killing its processes',
  compare: 'remove the lock file, where the next primary has everything that this node has',
  'publish stopped': 'say in the node attributes that this node is stopped and may not be promoted',
}

/** What is known of the site; nothing where not even that can be found out, which must not keep a server from stopping. */
async function siteIfPossible(context: Context): Promise<Site | undefined> {
  try {
    return await readSite(context)
  } catch (error) {
    context.log.warning(messageOf(error))
    return undefined
  }
}

/** Removes what would mislead the next start. That it can fail - the disk may be gone - is no failure to stop. */
function tidyUp(site: Site, { log }: Context): void {
  const { instance, files } = site
  try {
    if (isReplicated(site)) writeOwned(instance.owner, files.repMode, repModeText(''))
    removeStalePidFile(instance)
  } catch (error) {
    log.warning(`could not tidy up after PostgreSQL: ${messageOf(error)}`)
  }
}

/** Whether there is the lock file. A disk that is gone holds none, and is no failure to stop. */
function isLockedIfKnown(site: ReplicatedSite, { log }: Context): boolean {
  try {
    return isLocked(site)
  } catch (error) {
    log.warning(`${site.files.lock}: ${messageOf(error)}`)
    return false
  }
}

/** Whether the data is being made a copy of the primary's, and nothing else runs on it. */
function rejoinsIfKnown(site: ReplicatedSite, server: ServerState, { log }: Context): boolean {
  try {
    return isPartOfRejoin(readRejoin(site), server)
  } catch (error) {
    log.warning(`${site.files.rejoin}: ${messageOf(error)}`)
    return false
  }
}

/** How long the next primary may take to say what it has; it does so before this action begins. */
const SUCCESSOR_MS = 1000
const POLL_MS = 50

/** After a demotion: where the next primary has all that this node has, nothing keeps this node from following it. */
async function compareWithSuccessor(
  site: ReplicatedSite,
  successor: string,
  context: Context,
): Promise<void> {
  const { deadline, log } = context
  try {
    let received: Lsn | undefined
    await deadline.within(SUCCESSOR_MS).holds(POLL_MS, async () => {
      const snapshot = await takeSnapshot(deadline)
      received = findNode(snapshot, successor)?.transient[site.attributes.baseline]
      return received !== undefined
    })
    unlockIfReceived(site, successor, received, log)
  } catch (error) {
    log.warning(`${site.files.lock} stays: ${messageOf(error)}`)
  }
}

/**
 * Stops the server. It succeeds whenever the server does not run afterwards, with a wrong configuration, without a
 * configuration file, without a data directory.
 */
export async function stop(context: Context): Promise<ExitCode> {
  const { values, deadline, log } = context
  const place = await serverPlaceOf(values, deadline)
  const server = findServer(place)
  const site = await siteIfPossible(context)
  const replicated = site !== undefined && isReplicated(site) ? site : undefined
  const rejoins = replicated !== undefined && rejoinsIfKnown(replicated, server, context)
  const facts: StopFacts = {
    rejoins,
    server: server.kind,
    node: replicated?.node,
    publishes: values.check_wal_receiver,
    locked: replicated !== undefined && isLockedIfKnown(replicated, context),
    successor: context.env.members.promoting[0],
  }
  const plan = decideStop(facts)
  const publishes = plan.steps.includes('publish stopped')
  const barred: Publication = {
    ...(replicated && { score: SCORE.never, position: null, baseline: null }),
    // What a primary says of commits that wait.
    ...(values.sync_policy === 'strict' && { waiting: null }),
    ...(values.check_wal_receiver && { receiver: null }),
  }
  const status = (text: string): Publication => (replicated ? { status: text } : {})
  return carryOut(context, { ...facts, server, site }, plan, {
    describe: (step) => DESCRIPTIONS[step],
    perform: async () => {
      const say = async (publication: Publication): Promise<void> => {
        if (site && publishes) await tryPublish(site, site.node, publication, log)
      }
      if (rejoins) {
        log.info('the data goes on to be made a copy of the primary, in the background')
        await say({ ...status('STOP'), ...barred })
        return
      }
      const running = server.kind !== 'stopped'
      // That a server which is about to stop may not be promoted can be written while it does.
      const barring = running ? say(barred) : Promise.resolve()
      try {
        // With replication a primary has been demoted, and thereby stopped, before: what still runs is a standby.
        const escalateSeconds = replicated ? values.stop_escalate_in_slave : values.stop_escalate
        const method = await stopServer(place, { escalateSeconds, deadline, log })
        if (method !== 'already stopped') log.info(`PostgreSQL has stopped (${method})`)
      } catch (error) {
        await barring
        await say(status('UNKNOWN'))
        throw error
      }
      await barring
      if (site) tidyUp(site, context)
      if (replicated && facts.successor !== undefined && plan.steps.includes('compare')) {
        await compareWithSuccessor(replicated, facts.successor, context)
      }
      await say({ ...status('STOP'), ...(running ? {} : barred) })
    },
  })
}
