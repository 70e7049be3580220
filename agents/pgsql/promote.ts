/** Making this node's standby the primary. */
import { type ClusterSnapshot, findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { carryOut, ExitCode, messageOf, namedSteps, OcfError } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion } from '../../lib/postgres/instance'
import { laterLsn, type Lsn } from '../../lib/postgres/lsn'
import { promoteServer } from '../../lib/postgres/promote-server'
import { findSenders, readRole } from '../../lib/postgres/replication'
import { waitForFirst } from '../../lib/postgres/synchronous-names'
import { since } from '../../lib/system/clocks'
import { writeOwned } from '../../lib/system/owned-files'
import { signalOwned } from '../../lib/system/processes'
import { type Context } from './agent'
import { barOthers, publishNumber } from './bar-others'
import { awaitBaselines, baselinesOf } from './baselines'
import { decidePromote, type PromoteFacts, type PromoteStep } from './decide-promote'
import { isLocked, lock } from './lock-file'
import { makeTmpdir } from './make-tmpdir'
import { primaryScore, SCORE } from './names'
import { endConnections, holdsReplicationAddress } from './old-connections'
import { saysPrimary } from './primaries'
import { positionsOf, proveStanding, requireUnchanged } from './promote-standing'
import { raiseLowSettings, requireStandbys, restartAsPrimary, runningServer } from './promoted-server'
import {
  latestOf,
  latestPromotion,
  mayBePromoted,
  ownPromotion,
  type Promotion,
  writeOwn,
} from './promotions'
import { type Proof, PROMPT_MS, prove } from './prove'
import { publish } from './publish'
import { publishedQuorums } from './quorum'
import { withSession } from './session'
import { applicationName, otherNodes, readReplicatedSite, readSiteVersion, type ReplicatedSite } from './site'
import { makeStandbySlots } from './slots'
import { repModeText } from './steps'
import { readPolicy, requiredAtPromotion, requiredSetting } from './sync-policy'

const DESCRIPTIONS: Record<PromoteStep, string> = {
  withdraw: 'take back the promotion score of this node, which is older than what is known of its data',
  'publish complete':
    'say in the node attributes that this node has every acknowledged commit, which the standbys that answered prove, and the number of this promotion',
  'bar others':
    'say in the node attributes which number this promotion has, that the other nodes are not connected and may not be promoted, and at which WAL position this node goes on',
  lock: 'make the lock file: from now on this node has what the others do not',
  'wait for standbys':
    'set synchronous_standby_names, so that even the first commit waits for a standby (sync_policy=strict)',
  'wait until proven':
    'set synchronous_standby_names, so that no commit is acknowledged before it is proven that nobody was promoted meanwhile',
  'end old connections':
    'end the connections of standbys that reach this node no more, and that commits would wait for',
  promote: 'promote PostgreSQL',
  'restart as primary': 'stop the standby and start it as a primary on the same timeline',
  'stop waiting': 'take synchronous_standby_names back, with the proof that nobody was promoted meanwhile',
  'make slots': 'make a replication slot for each other node',
  'publish primary':
    'say in the node attributes that this node is the primary, and take back its position in the election',
}

/** Makes this node's standby the primary. */
export async function promote(context: Context): Promise<ExitCode> {
  const { values, deadline } = context
  const site = await readReplicatedSite(context)
  const version = readSiteVersion(site)
  const looking = takeSnapshot(deadline)
  // What was in vain is reported by whoever needs it, below.
  looking.catch(() => undefined)
  return withSession(site, values, runningServer(site), deadline, async (connection) => {
    const raised = context.explain ? undefined : await raiseLowSettings(context, site, version, connection)
    if (raised === undefined) return promoteWith(context, site, version, connection, looking)
    return withSession(site, values, runningServer(site), deadline, (fresh) =>
      promoteWith(context, site, version, fresh, looking, raised.position),
    )
  })
}

/** @param before - where the data ended before a restart: it may not have replayed as far yet */
async function promoteWith(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  looking: Promise<ClusterSnapshot>,
  before?: Lsn,
): Promise<ExitCode> {
  const { values, deadline, log } = context
  const { instance, node, files } = site
  const [{ snapshot: seen, proof }, role] = await Promise.all([
    proveStanding(context, site, looking),
    readRole(connection, version),
  ])
  const position = role.inRecovery ? laterLsn(role.position, before) : role.position
  const snapshot = role.inRecovery && !context.explain ? await awaitBaselines(context, site, seen) : seen
  const latest = latestOf([latestPromotion(snapshot, site.resource), proof.latest])
  const promotion: Promotion = { number: latest.number + 1, node }
  const required = requiredAtPromotion(
    readPolicy(values),
    snapshot,
    otherNodes(site, snapshot),
    site.resource,
  )
  const self = findNode(snapshot, node)
  const senders = await findSenders(connection, version, site.nodeList.map(applicationName))
  const facts: PromoteFacts = {
    resource: site.resource,
    mode: site.mode,
    inRecovery: role.inRecovery,
    node,
    dataStatus: self?.permanent[site.attributes.dataStatus],
    complete: mayBePromoted(snapshot, node, site.resource, site.mode, latest),
    unproven: proof.unproven,
    own: ownPromotion(snapshot, node, site.resource),
    latest,
    position,
    quorums: publishedQuorums(snapshot, site.attributes.quorum),
    required: site.mode === 'sync' ? required.count : 0,
    others: positionsOf(site, snapshot),
    returning: isLocked(site),
    baselines: baselinesOf(snapshot, otherNodes(site, snapshot), site.resource),
    followers: senders.map(({ applicationName: name }) => name),
    reachable: senders.length > 0 && (await holdsReplicationAddress(context)),
    restart: values.restart_on_promote,
    slots: site.slotPrefix !== '',
  }
  // The proof that commits wait for is collected while PostgreSQL is promoted.
  let proving: Promise<Proof> | undefined
  let numbering: Promise<void> = Promise.resolve()
  const promotes = role.inRecovery
  /** A restart has ended the session before it. */
  const timelineNow = async (): Promise<number | undefined> => {
    if (!promotes) return undefined
    const { timeline } = values.restart_on_promote
      ? await withSession(site, values, runningServer(site), deadline, (fresh) => readRole(fresh, version))
      : await readRole(connection, version)
    return timeline
  }
  const proveMeanwhile = (): void => {
    proving = prove(site, snapshot, promotion.number, deadline, { unique: true })
    proving.catch(() => undefined)
  }
  /** The members know the number: from then on, this node's own data status and number are what has changed. */
  let told = false
  const requireStanding = async (): Promise<void> => {
    if (!told) await requireUnchanged(context, site, facts, promotion.number)
  }
  const perform: Record<PromoteStep, () => Promise<void>> = {
    withdraw: () => publish(site, node, { score: SCORE.never }),
    'publish complete': async () => {
      await requireStanding()
      await publishNumber(site, snapshot, promotion)
      told = true
      await publish(site, node, { dataStatus: 'LATEST', promotion: writeOwn(promotion.number, undefined) })
    },
    'bar others': async () => {
      const baseline = position === undefined ? {} : { baseline: position }
      const published = self?.permanent[site.attributes.quorum] !== undefined
      await requireStanding()
      await Promise.all([
        publishNumber(site, snapshot, promotion),
        barOthers(site, snapshot),
        publish(site, node, { ...baseline, ...(published && { quorum: null }) }),
      ])
      // After all the rest: where this is seen, that is there, too. PostgreSQL is promoted meanwhile.
      numbering = publish(site, node, { promotion: writeOwn(promotion.number, undefined) })
      numbering.catch(() => undefined)
    },
    lock: () => {
      makeTmpdir(site)
      lock(site)
      return Promise.resolve()
    },
    'wait for standbys': async () => {
      const setting = requiredSetting(required, values.sync_method === 'quorum')
      await requireStandbys(site, version, connection, setting, deadline)
      log.info(`synchronous_standby_names is '${setting}' from the first commit on (sync_policy=strict)`)
    },
    'wait until proven': async () => {
      const names = otherNodes(site, snapshot).map(applicationName)
      if (names.length > 0) await requireStandbys(site, version, connection, waitForFirst(names), deadline)
    },
    'end old connections': () => endConnections(context, connection, senders),
    promote: async () => {
      proveMeanwhile()
      await promoteServer(instance, version, connection, deadline)
      log.info('PostgreSQL is promoted')
    },
    'restart as primary': async () => {
      proveMeanwhile()
      await restartAsPrimary(context, site, version)
      log.info('PostgreSQL is restarted as the primary')
    },
    'stop waiting': async () => {
      let found = await proving
      if (found !== undefined && since(found.startedAt) >= PROMPT_MS) {
        found = await prove(site, snapshot, promotion.number, deadline, { unique: true })
      }
      if (found?.kind === 'superseded') {
        await publish(site, node, { score: SCORE.never })
        throw new OcfError(
          ExitCode.ERR_GENERIC,
          `not to be the primary: ${found.by.node} was promoted meanwhile (promotion ${found.by.number})`,
        )
      }
      if (found?.kind === 'unproven') {
        log.warning(`commits wait until it is proven that this node is the primary: ${found.why}`)
        return
      }
      writeOwned(instance.owner, files.repMode, repModeText(''))
      signalOwned(instance.owner, runningServer(site).pid, 'SIGHUP')
    },
    // In a session of its own: a restart ends the one before it.
    // Somebody may have taken all slots that there are (a replication user may): no reason to have no primary.
    'make slots': () =>
      withSession(site, values, runningServer(site), deadline, (fresh) =>
        makeStandbySlots(fresh, site, version, log),
      ).catch((error: unknown) => {
        log.warning(
          `the replication slots of the standbys were not made, and those that need one do not follow: ${messageOf(error)}; drop what is not needed (pg_replication_slots), and make them: select pg_create_physical_replication_slot(NAME, true)`,
        )
      }),
    'publish primary': async () => {
      await numbering
      // A node that returns must know which server is the one that was promoted last: see rejoin.ts.
      const own = writeOwn(promotion.number, await timelineNow())
      // Where it is recovered in place, all of this is said already.
      await publish(site, node, {
        ...(promotes && { promotion: own, claim: own }),
        ...(facts.dataStatus !== 'LATEST' && { dataStatus: 'LATEST' }),
        ...((self === undefined || !saysPrimary(self, site.resource)) && {
          score: primaryScore(facts.inRecovery ? promotion.number : facts.own),
          status: 'PRI',
        }),
        ...(self?.transient[site.attributes.position] !== undefined && { position: null }),
      })
    },
  }
  return carryOut(context, facts, decidePromote(facts), namedSteps(DESCRIPTIONS, perform))
}
